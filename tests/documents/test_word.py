"""The declaration as a Word file."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
import pytest

from intake.documents.papers import PaperParagraph
from intake.documents.word import render_word
from intake.documents.word_page import FACE
from tests.documents.papers import ATTORNEY, CERTIFICATE, paper

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


def test_the_paragraphs_are_numbered_by_word_itself() -> None:
    document = docx.Document(io.BytesIO(render_word(paper(certificate=CERTIFICATE))))
    lists = [int(number.get(f"{WORDS}val")) for number in document.element.body.iter(f"{WORDS}numId")]
    assert lists[:2] == [90, 90]
    assert set(lists) == {90, 91}
    assert not any(p.text.startswith("1.") for p in document.paragraphs)


def test_the_numbers_1_to_28_stand_beside_the_text_of_every_page() -> None:
    section = docx.Document(io.BytesIO(render_word(paper()))).sections[0]
    framed = [p for p in section.header.paragraphs if p._p.find(f"{WORDS}pPr/{WORDS}framePr") is not None]
    assert [p.text for p in framed] == [str(n) for n in range(1, 29)]
    tops = {p._p.find(f"{WORDS}pPr/{WORDS}framePr").get(f"{WORDS}y") for p in framed}
    assert tops == {str(section.top_margin.twips if section.top_margin else 0)}


def test_nothing_in_the_text_stands_off_the_pitch_and_headings_have_the_papers_type() -> None:
    spoke = PaperParagraph(heading="Seen", text="He spoke.", quote="No digas nada.", quote_language="es")
    document = docx.Document(io.BytesIO(render_word(paper(paragraphs=[spoke] * 3, certificate=CERTIFICATE))))
    below_caption = [p for p in document.paragraphs if p._p.getprevious() is not None][len(ATTORNEY) + 2 :]
    assert {p.paragraph_format.line_spacing for p in below_caption} == {None}
    row = document.tables[0].rows[0].height
    assert row is not None
    assert row.pt % 24 == 0
    for name in ("Heading 1", "Heading 2"):
        style: Any = document.styles[name]
        assert (style.paragraph_format.space_before.pt, style.font.name, style.font.size.pt) == (0, FACE, 14)
        assert style.element.rPr.rFonts.get(f"{WORDS}asciiTheme") is None


@pytest.mark.parametrize("attorneys", [1, 2, 3, 5])
def test_the_court_title_stands_on_a_whole_row_from_line_8(attorneys: int) -> None:
    document = docx.Document(io.BytesIO(render_word(paper(counsel=[ATTORNEY] * attorneys))))
    texts = [p.text for p in document.paragraphs]
    title = texts.index("UNITED STATES DISTRICT COURT")
    before = document.paragraphs[title].paragraph_format.space_before
    above = title * 16 + (before.pt if before else 0)
    assert above % 24 == 0
    assert above >= 7 * 24


def test_a_spanish_paper_is_marked_spanish_and_english_words_in_it_english() -> None:
    quoted = PaperParagraph(text="Dijo:", quote="Get down.", quote_language="en")
    document = docx.Document(io.BytesIO(render_word(paper(language="es", paragraphs=[quoted]))))
    assert document.styles.element.find(f".//{WORDS}rPrDefault//{WORDS}lang").get(f"{WORDS}val") == "es-US"
    (marked,) = document.element.body.iter(f"{WORDS}lang")
    assert marked.get(f"{WORDS}val") == "en"


def test_twenty_eight_lines_fill_the_page_and_no_more() -> None:
    document = docx.Document(io.BytesIO(render_word(paper())))
    section = document.sections[0]
    lengths = (section.page_height, section.top_margin, section.bottom_margin)
    page, top, bottom = (length.pt if length else 0 for length in lengths)
    normal: Any = document.styles["Normal"]
    pitch = normal.paragraph_format.line_spacing.pt
    assert 28 * pitch <= page - top - bottom < 29 * pitch


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
    assert quote.runs[0].text.strip("\u200e ") == "[Original words, Arabic]"
