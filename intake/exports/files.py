"""The three formats. Nothing that a person said can become a formula, and nothing is cut without saying so."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from intake.spreadsheets import harmless

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
CELL = 32_767  # UTF-16 units that a spreadsheet cell holds (Excel's limits)
CONTINUED = "continued"  # the sheet, and the column that says which fields go on there

Row = dict[str, Any]


def write(form: str, path: Path, fields: Sequence[str], rows: Iterable[Row], about: Row) -> int:
    """Write rows as csv, xlsx or json to `path`, streaming; returns how many. Raises KeyError for another format."""
    return {"csv": _csv, "xlsx": _xlsx, "json": _json}[form](path, fields, rows, about)


def pieces(text: str) -> list[str]:
    """Return the text in pieces that a cell holds each; together they are the text."""
    beyond = sum(character > "\uffff" for character in text)
    if len(text) + beyond <= CELL:
        return [text]
    size = CELL // 2 if beyond else CELL  # such a character counts twice
    return [text[at : at + size] for at in range(0, len(text), size)]


def _csv(path: Path, fields: Sequence[str], rows: Iterable[Row], _about: Row) -> int:
    count = 0
    # The byte order mark tells spreadsheets that this is UTF-8.
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow(fields)
        for row in rows:
            count += 1
            out.writerow([harmless(row[name]) for name in fields])
    return count


def _xlsx(path: Path, fields: Sequence[str], rows: Iterable[Row], _about: Row) -> int:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet, rest = _Sheet(book, "records"), _Sheet(book, CONTINUED)
        sheet.add([*fields, CONTINUED])
        rest.add(["row", "field", "part", "text"])
        count = 0
        for count, row in enumerate(rows, 1):
            cells: list[Any] = []
            longer: list[str] = []
            for name in fields:
                first, *more = pieces(row[name]) if isinstance(row[name], str) else [row[name]]
                cells.append(first)
                longer += [name] if more else []
                for part, text in enumerate(more, 2):
                    rest.add([count + 1, name, part, text])
            sheet.add([*cells, ", ".join(longer)])
    return count


class _Sheet:
    """A sheet that grows downwards and refuses what it cannot hold."""

    def __init__(self, book: xlsxwriter.Workbook, name: str) -> None:
        self._sheet, self._at = book.add_worksheet(name), 0

    def add(self, cells: Sequence[Any]) -> None:
        """Write one row: whole numbers as numbers, all else as text. Raises ValueError where the sheet is full."""
        for column, value in enumerate(cells):
            put = self._sheet.write_number if isinstance(value, int) else self._sheet.write_string
            if put(self._at, column, value) < 0:
                raise ValueError("the sheet holds no more")
        self._at += 1


def _json(path: Path, fields: Sequence[str], rows: Iterable[Row], about: Row) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        head = json.dumps(about, ensure_ascii=False)
        file.write(head[:-1] + ', "records": [')
        for count, row in enumerate(rows, 1):
            comma = "," if count > 1 else ""
            file.write(f"{comma}\n{json.dumps({name: row[name] for name in fields}, ensure_ascii=False)}")
        file.write(f'\n], "rows": {count}}}\n')
    return count
