"""The three formats. Nothing that a person said can become a formula, and nothing is cut without saying so."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
CELL = 32_767  # characters that a spreadsheet cell holds
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = dict[str, Any]


def write(form: str, path: Path, fields: Sequence[str], rows: Iterable[Row], about: Row) -> int:
    """Write rows as csv, xlsx or json to `path`, streaming; returns how many rows. Raises KeyError for another format."""
    return {"csv": _csv, "xlsx": _xlsx, "json": _json}[form](path, fields, rows, about)


def _csv(path: Path, fields: Sequence[str], rows: Iterable[Row], _about: Row) -> int:
    count = 0
    # The byte order mark tells spreadsheets that this is UTF-8.
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        out = csv.writer(file)
        out.writerow(fields)
        for count, row in enumerate(rows, 1):
            out.writerow([_harmless(row[name]) for name in fields])
    return count


def _harmless(value: Any) -> Any:  # noqa: ANN401
    # A cell that begins like a formula is read as one by spreadsheets: an apostrophe keeps it text.
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _xlsx(path: Path, fields: Sequence[str], rows: Iterable[Row], _about: Row) -> int:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), options)
    sheet = book.add_worksheet("records")
    # Words longer than a cell go on in further columns; how many is not known before: five hold 160,000 characters.
    more = [f"narrative (part {n})" for n in range(2, 8)] if "narrative" in fields else []
    for column, name in enumerate([*fields, *more]):
        sheet.write_string(0, column, name)
    count = 0
    for count, row in enumerate(rows, 1):
        for column, name in enumerate(fields):
            _cell(sheet, count, column, row[name])
        words = str(row.get("narrative", ""))
        for part in range(1, (len(words) - 1) // CELL + 1):
            sheet.write_string(count, len(fields) + part - 1, words[part * CELL : (part + 1) * CELL])
    book.close()
    return count


def _cell(sheet: Any, row: int, column: int, value: Any) -> None:  # noqa: ANN401
    if isinstance(value, int):
        sheet.write_number(row, column, value)
    else:
        sheet.write_string(row, column, str(value)[:CELL])


def _json(path: Path, fields: Sequence[str], rows: Iterable[Row], about: Row) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        head = io.StringIO()
        json.dump(about, head, ensure_ascii=False)
        file.write(head.getvalue()[:-1] + ', "records": [')
        for count, row in enumerate(rows, 1):
            file.write(("," if count > 1 else "") + "\n" + json.dumps({name: row[name] for name in fields}, ensure_ascii=False))
        file.write(f'\n], "rows": {count}}}\n')
    return count
