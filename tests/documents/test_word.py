"""The declaration as a Word file."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx

from intake.documents.papers import PaperParagraph
from intake.documents.word import render_word
from tests.documents.papers import CERTIFICATE, paper

WORDS = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def test_word_opens_and_has_caption_text_oath_and_certificate() -> None:
    document = docx.Document(io.BytesIO(render_word(paper(certificate=CERTIFICATE))))
    text = "\n".join(p.text for p in document.paragraphs)
    for words in (
        "Ana Example (SBN 000001)", "UNITED STATES DISTRICT COURT", "I, M.G., declare as follows:", "A white van stopped",
        "penalty of perjury under the laws of the United States of America", "November 20, 2026", "José Peña",
    ):  # fmt: skip
        assert words in text
    left, right = document.tables[0].rows[0].cells
    assert "PEDRO VASQUEZ PERDOMO" in left.text
    assert "2:25-cv-05605" in right.text
    assert paper().title.upper() in right.text


def test_lines_and_paragraphs_are_numbered_by_word_itself() -> None:
    document = docx.Document(io.BytesIO(render_word(paper(certificate=CERTIFICATE))))
    section = document.sections[0]._sectPr
    order = [child.tag.removeprefix(WORDS) for child in section]
    assert order.index("pgMar") < order.index("lnNumType") < order.index("cols")
    assert section.find(f"{WORDS}lnNumType").get(f"{WORDS}restart") == "newPage"
    lists = [int(number.get(f"{WORDS}val")) for number in document.element.body.iter(f"{WORDS}numId")]
    assert lists[:2] == [90, 90]
    assert set(lists) == {90, 91}
    assert not any(p.text.startswith("1.") for p in document.paragraphs)


def test_twenty_eight_lines_fill_the_page_exactly() -> None:
    document = docx.Document(io.BytesIO(render_word(paper())))
    section = document.sections[0]
    lengths = (section.page_height, section.top_margin, section.bottom_margin)
    page, top, bottom = (length.pt if length else 0 for length in lengths)
    normal: Any = document.styles["Normal"]
    assert page - top - bottom == 28 * normal.paragraph_format.line_spacing.pt


def test_the_file_does_not_say_who_made_it_or_when() -> None:
    body = render_word(paper())
    assert body == render_word(paper())
    properties = docx.Document(io.BytesIO(body)).core_properties
    assert (properties.author, properties.last_modified_by, properties.comments) == ("", "", "")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert b"python-docx" not in b"".join(archive.read(name) for name in archive.namelist())


def test_words_in_arabic_run_from_right_to_left() -> None:
    spoken = PaperParagraph(text="Nothing.", quote="لم يقولوا لي شيئا", quote_language="ar")
    document = docx.Document(io.BytesIO(render_word(paper(paragraphs=[spoken]))))
    quote = next(p for p in document.paragraphs if "لم" in p.text)
    assert quote._p.find(f"{WORDS}pPr/{WORDS}bidi") is not None
    assert quote.runs[-1].font.rtl
    assert quote.runs[0].text.strip() == "[Original words, Arabic]"
