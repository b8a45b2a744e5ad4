"""A plain letter on the firm's paper as PDF and Word: sender, recipient, numbered nothing, a line to sign on."""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import asdict, dataclass

import docx
import typst
from docx.shared import Inches, Pt

from intake.documents.pleading import FONTS
from intake.documents.word import file_bytes
from intake.errors import UnsupportedGlyph
from intake.settings import project_file

_local = threading.local()


@dataclass(frozen=True)
class Letter:
    """Sender and recipient as lines; paragraphs in the letter's language ("en" or "es"); draft: the mark on top.

    date: the word under the blank for the day of sending; made: the day of this draft, for the file's properties.
    """

    title: str
    language: str
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    greeting: str
    paragraphs: tuple[str, ...]
    signature: str
    draft: str
    date: str
    made: dt.date


def render_letter(letter: Letter) -> bytes:
    """Return the letter as PDF/UA-1. Raises UnsupportedGlyph when no font here draws a character."""
    if not hasattr(_local, "compiler"):
        root = str(project_file("templates/court"))
        _local.compiler = typst.Compiler(root=root, font_paths=[str(FONTS)], ignore_system_fonts=True)
    template = str(project_file("templates/court/letter.typ"))
    told = asdict(letter) | {"made": [letter.made.year, letter.made.month, letter.made.day]}
    data = json.dumps(told, ensure_ascii=False, sort_keys=True)
    try:
        made = _local.compiler.compile(
            input=template, format="pdf", sys_inputs={"data": data}, pdf_standards=["a-2a", "ua-1"]
        )
    except typst.TypstError as error:
        character = next((c for c in data if ord(c) > 0x2FF), "?")  # noqa: PLR2004  (beyond Latin: the likely one)
        raise UnsupportedGlyph(character, str(error)[:80]) from error
    return bytes(made)


def render_letter_word(letter: Letter) -> bytes:
    """Return the letter as .docx, to complete and sign."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(12)
    properties = document.core_properties
    properties.title, properties.language = letter.title, letter.language
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.created = properties.modified = dt.datetime.combine(letter.made, dt.time())
    day = ("______________________", letter.date)
    parts = ((letter.draft,), letter.sender, day, letter.recipient, (letter.title,), (letter.greeting,))
    for lines in (*parts, *zip(letter.paragraphs)):
        paragraph = document.add_paragraph()
        for number, line in enumerate(lines):
            if number:
                paragraph.add_run().add_break()
            paragraph.add_run(line)
    document.add_paragraph(f"\n______________________\n{letter.signature}")
    return file_bytes(document)
