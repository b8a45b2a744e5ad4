"""The three formats: the same rows come back out of each."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from intake.exports.files import CELL, pieces, write
from intake.spreadsheets import harmless

FIELDS = ("number", "agents_low", "narrative")
TOLD = (
    "=cmd|' /C calc'!A0",
    "+1 213 555 0100 called me",
    "-no- I said",
    "@everyone ran",
    "\tindented",
    "\uff1dHYPERLINK(1)",
    "'= with an apostrophe",
    "  =spaces first",
    'She said "no", then: «¡alto!»\nand left; 2,000 saw',
    "_x0041_ \ud55c\uad6d\uc5b4 \U0001f600 \u0639\u0631\u0628\u064a",
    "'tis so",
    "",
)
ROWS = [{"number": f"IN-{n:04d}", "agents_low": n or "", "narrative": words} for n, words in enumerate(TOLD)]


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows as they were before formulas were made harmless."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [{name: _bare(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def read_xlsx(path: Path) -> list[dict[str, str]]:
    """Return the rows, long fields put together again from the second sheet (unescape: OOXML's _x0041_, as Excel does)."""
    book = openpyxl.load_workbook(path)
    head, *body = book["records"].iter_rows(values_only=True)
    rows = [{str(n): "" if v is None else unescape(str(v)) for n, v in zip(head, cells, strict=True)} for cells in body]
    for at, field, _part, text in list(book["continued"].iter_rows(values_only=True))[1:]:
        assert str(field) in rows[int(str(at)) - 2]["continued"].split(", ")
        rows[int(str(at)) - 2][str(field)] += unescape(str(text))
    return [{name: value for name, value in row.items() if name != "continued"} for row in rows]


def read_json(path: Path) -> list[dict[str, str]]:
    """Return the rows as text."""
    told = json.loads(path.read_text("utf-8"))
    assert told["rows"] == len(told["records"])
    return [{name: str(value) for name, value in row.items()} for row in told["records"]]


READ = {"csv": read_csv, "xlsx": read_xlsx, "json": read_json}


def _bare(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and harmless(cell[1:]) == cell else cell


def _written(tmp_path: Path, form: str, rows: list[dict[str, Any]] = ROWS) -> Path:
    path = tmp_path / f"export.{form}"
    assert write(form, path, FIELDS, iter(rows), {"export": "one"}) == len(rows)
    return path


@pytest.mark.parametrize("form", list(READ))
def test_what_was_written_reads_back_equal(tmp_path: Path, form: str) -> None:
    assert READ[form](_written(tmp_path, form)) == [{name: str(row[name]) for name in FIELDS} for row in ROWS]


@pytest.mark.parametrize("form", list(READ))
def test_no_rows_are_a_valid_file_too(tmp_path: Path, form: str) -> None:
    assert READ[form](_written(tmp_path, form, [])) == []


def test_no_csv_cell_begins_like_a_formula(tmp_path: Path) -> None:
    with _written(tmp_path, "csv").open(newline="", encoding="utf-8-sig") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [c for c in cells if c.strip(" ")[:1] in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20") and c.strip()]


def test_spreadsheet_cells_are_text_or_numbers_and_never_formulas(tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(_written(tmp_path, "xlsx"))["records"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert sheet.cell(2, 3).value == TOLD[0]


def test_a_csv_file_says_that_it_is_utf8(tmp_path: Path) -> None:
    assert _written(tmp_path, "csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("words", ["ñ" * (CELL + 1), "a" * (3 * CELL), "\U0001f600" * CELL])
def test_words_longer_than_a_cell_go_on_in_the_second_sheet(tmp_path: Path, words: str) -> None:
    rows = [{"number": "IN-0001", "agents_low": 3, "narrative": words}]
    path = _written(tmp_path, "xlsx", rows)
    assert read_xlsx(path)[0]["narrative"] == words
    assert openpyxl.load_workbook(path)["records"].cell(2, 4).value == "narrative"


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_an_apostrophe_too_many_is_always_told_apart(text: str) -> None:
    assert _bare(str(harmless(text))) == text


@given(st.lists(st.sampled_from(("a", "ñ", "\U0001f600")), min_size=1, max_size=4), st.integers(CELL // 2, CELL + 5))
@settings(max_examples=5, deadline=None)
def test_pieces_fit_and_make_the_whole(letters: list[str], times: int) -> None:
    text = "".join(letters) * (times // len(letters))
    assert "".join(pieces(text)) == text
    assert all(len(piece.encode("utf-16-le")) // 2 <= CELL for piece in pieces(text))
