"""Certificates of electronic evidence (FRE 902(13), (14)) on the court's paper, as PDF and Word, to complete by hand.

The signer's name, position and own acts are blanks: the person who makes the certificate fills them in.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import docx
from docx.document import Document
from docx.shared import Inches, Pt

from intake.documents.papers import UNDATED, DeclarationPaper, PaperParagraph
from intake.documents.pleading import BLANK, compiled, oath, paper_data
from intake.documents.word import add_caption, add_line, add_signature, file_bytes, make_numbering, put_number
from intake.documents.word_page import set_up
from intake.taxonomy import court

HASH = "SHA-256"
_WIDE = (1.4, 5.0)  # inches of the schedule's columns in Word
_WORDS = {
    "draft": "DRAFT – TO BE COMPLETED BY THE PERSON WHO SIGNS",
    "signature": "Signature and printed name of the person who makes this certification",
    "schedule": "SCHEDULE A",
    "what": "Fact",
    "found": "Record",
    "hash": HASH,
}


@dataclass(frozen=True)
class ScheduleEntry:
    """One file of the schedule: what it is called here, and its facts as (name, words) in order."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CertificatePaper:
    """A certification on a court's paper. statements: numbered sentences; document_id and text_hash bind the pages."""

    court: str
    counsel: list[list[str]]
    plaintiffs: str
    defendants: str
    docket_no: str
    title: str
    statements: tuple[str, ...]
    schedule: tuple[ScheduleEntry, ...]
    oath_form: str
    document_id: str
    text_hash: str
    made: dt.date = UNDATED


def render_certificate(paper: CertificatePaper) -> bytes:
    """Return the certificate as PDF. Raises UnsupportedGlyph naming the first character that no font can draw."""
    data = paper_data(_page(paper), court(paper.court))
    data["words"] = data["words"] | _WORDS
    data["opening"] = _opening()
    data["statements"] = list(paper.statements)
    data["schedule"] = [{"title": entry.title, "rows": [list(row) for row in entry.rows]} for entry in paper.schedule]
    return compiled("certificate.typ", data)


def render_certificate_word(paper: CertificatePaper) -> bytes:
    """Return the certificate as .docx."""
    page, profile = _page(paper), court(paper.court)
    document = docx.Document()
    set_up(document, page, profile)
    add_caption(document, page, profile)
    add_line(document, _opening(), indent=0.5)
    numbers = make_numbering(document, 90)
    for statement in paper.statements:
        put_number(add_line(document, statement, indent=0.5), numbers)
    add_signature(document, oath(page, profile), _WORDS["signature"])
    if paper.schedule:
        heading = document.add_heading(_WORDS["schedule"], level=1)
        heading.paragraph_format.page_break_before = True
        for entry in paper.schedule:
            _entry(document, entry)
    return file_bytes(document)


def _page(paper: CertificatePaper) -> DeclarationPaper:
    return DeclarationPaper(
        court=paper.court,
        counsel=paper.counsel,
        plaintiffs=paper.plaintiffs,
        defendants=paper.defendants,
        docket_no=paper.docket_no,
        title=paper.title,
        declarant=BLANK,
        paragraphs=[PaperParagraph(text=statement) for statement in paper.statements],
        oath_form=paper.oath_form,
        document_id=paper.document_id,
        text_hash=paper.text_hash,
        draft=True,
        made=paper.made,
        mark="DRAFT",  # one line of a Word footer holds no more beside the title
    )


def _opening() -> str:
    return f"I, {BLANK}, certify as follows:"


def _entry(document: Document, entry: ScheduleEntry) -> None:
    document.add_heading(entry.title, level=2).paragraph_format.keep_with_next = True
    table: Any = document.add_table(rows=0, cols=2)
    table.style, table.autofit = "Table Grid", False
    for column, wide in zip(table.columns, _WIDE, strict=True):
        column.width = Inches(wide)
    for name, words in entry.rows:
        cells = table.add_row().cells
        for cell, text, wide in zip(cells, (name, words), _WIDE, strict=True):
            cell.text, cell.width = text, Inches(wide)
            cell.paragraphs[0].paragraph_format.line_spacing = Pt(12)
            cell.paragraphs[0].runs[0].font.size = Pt(9)
        if name == HASH:
            cells[1].paragraphs[0].runs[0].font.name = "Courier New"
            cells[1].paragraphs[0].runs[0].font.size = Pt(8)  # 64 digits on one line
    add_line(document, "")
