"""The declaration as a court's PDF."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pikepdf
import pypdfium2
import pytest

from intake.documents.papers import PaperParagraph
from intake.documents.pleading import render_declaration
from intake.errors import UnsupportedGlyph
from tests.documents.papers import ATTORNEY, CERTIFICATE, paper, told

LONG = "The officers came out of the van and did not say who they were. "
SPOKEN = {
    "es": "«¿Qué pasó?», pregunté. El niño lloró; mañana será otro día.",
    "ko": "요원들이 저를 밀쳤습니다. 아무 말도 하지 않았습니다.",
    "zh-Hans": "他们没有说话。我看见一辆白色的面包车。",
    "yue": "佢哋冇講嘢，我見到一架白色嘅車。",
    "th": "พวกเขาไม่พูดอะไรเลย",
    "hi": "वे चुप रहे",
    "hy": "Նրանք ինձ ոչինչ չասացին։",
    "vi": "Họ không nói gì với tôi cả.",
    "ru": "Они ничего мне не сказали.",
    "quc": "K’o ri achi’ab’ xepetik.",
}


def _text(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    return unicodedata.normalize("NFKC", "\n".join(pages)).replace("\x02", "")


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _words_with_baselines(pdf: bytes, page: int) -> list[tuple[str, float, float]]:
    """Return every character of a page with its left edge and its bottom, in points."""
    with pypdfium2.PdfDocument(pdf) as document:
        text = document[page].get_textpage()
        return [(text.get_text_range(n, 1), *text.get_charbox(n, loose=True)[:2]) for n in range(text.count_chars())]


def test_the_body_stands_on_the_28_line_numbers() -> None:
    pdf = render_declaration(told(LONG * 60))
    loose = _words_with_baselines(pdf, 1)
    numbers = sorted({round(y, 1) for c, x, y in loose if x < 105 and c.isdigit()}, reverse=True)
    assert len(numbers) == 28
    assert {round(a - b, 1) for a, b in pairwise(numbers)} == {24.0}
    body = sorted({round(y, 1) for c, x, y in loose if x > 108 and not c.isspace() and y > 60}, reverse=True)
    assert len(body) == 28
    # One is 14 point, the other 12: the loose boxes of the same baseline differ by the descent of two points.
    assert len({round(a - b, 1) for a, b in zip(numbers, body, strict=True)}) == 1


def test_the_file_says_that_it_is_archival_accessible_tagged_and_in_english() -> None:
    with pikepdf.open(io.BytesIO(render_declaration(paper()))) as pdf:
        meta = pdf.open_metadata()
        assert (meta["pdfaid:part"], meta["pdfaid:conformance"], meta["pdfuaid:part"]) == ("2", "A", "1")
        assert bool(pdf.Root.MarkInfo.Marked)
        assert str(pdf.Root.Lang).startswith("en")
        assert meta["dc:title"] == paper().title
        with pdf.open_outline() as outline:
            titles = [item.title for item in outline.root]
    assert titles[0].upper() == paper().title.upper()


@pytest.mark.skipif(not shutil.which("qpdf"), reason="qpdf is not installed (.ci/tools.sh)")
def test_qpdf_finds_nothing_wrong(tmp_path: Path) -> None:
    file = tmp_path / "declaration.pdf"
    file.write_bytes(render_declaration(paper(certificate=CERTIFICATE)))
    said = subprocess.run(["qpdf", "--check", str(file)], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("language", SPOKEN)
def test_what_was_said_in_a_language_comes_back_out_of_the_file(language: str) -> None:
    words = SPOKEN[language]
    pdf = render_declaration(
        paper(paragraphs=[PaperParagraph(text="They said nothing.", quote=words, quote_language=language)])
    )
    assert _squeezed(words) in _squeezed(_text(pdf))


def test_arabic_comes_back_with_every_letter() -> None:
    words = "لم يقولوا لي شيئا في ذلك اليوم"
    pdf = render_declaration(paper(paragraphs=[PaperParagraph(text="Nothing.", quote=words, quote_language="ar")]))
    found = [c for c in _squeezed(_text(pdf)) if "\u0600" <= c <= "\u06ff"]
    # Presentation forms are folded back and may come out in visual order: the letters are all there.
    assert sorted(found) == sorted(_squeezed(words))


def test_the_same_paper_gives_the_same_bytes_in_every_thread() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: render_declaration(paper(certificate=CERTIFICATE)), range(4)))
    assert len(set(made)) == 1


@pytest.mark.parametrize(
    ("text", "name"),
    [("A snowman ☃ stood there.", "SNOWMAN"), ("ქ", "GEORGIAN LETTER KHAR"), ("a \u0007 bell", "without a name")],
)
def test_a_character_that_no_font_draws_is_named(text: str, name: str) -> None:
    with pytest.raises(UnsupportedGlyph, match=name):
        render_declaration(told(text))


def test_markup_in_what_a_person_said_is_printed_as_it_was_said() -> None:
    hostile = 'He said #read("x") and *stop* $1 and [that] // was "all" \\ of it @here <now>.'
    assert _squeezed(hostile) in _squeezed(_text(render_declaration(told(hostile))))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("OA.US", "I declare under penalty of perjury that the foregoing is true and correct."),
        ("OA.ABROAD", "perjury under the laws of the United States of America that the foregoing is true and correct."),
        ("OA.UNIVERSAL", "perjury under the laws of the United States of America that the foregoing is true"),
    ],
)
def test_each_oath_has_the_words_of_the_statute_the_day_and_the_place(form: str, words: str) -> None:
    text = _squeezed(_text(render_declaration(paper(oath_form=form))))
    assert _squeezed(words) in text
    assert _squeezed("Executed on November 20, 2026, at Los Angeles, California.") in text


def test_an_open_date_and_place_are_blanks_to_fill_by_hand() -> None:
    text = _text(render_declaration(paper(executed_on=None, executed_city="", executed_state="")))
    assert len(re.findall(r"_{10,}", text)) == 3


def test_every_page_says_which_of_how_many_and_which_text_it_belongs_to() -> None:
    with pypdfium2.PdfDocument(render_declaration(told(LONG * 60))) as document:
        pages = [page.get_textpage().get_text_bounded() for page in document]
    assert len(pages) > 2
    for number, text in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in text
        assert "D-0001 · text SHA-256 0123456789abcdef" in text


def test_the_signature_page_carries_words_of_the_oath() -> None:
    for lines in range(20, 30):
        with pypdfium2.PdfDocument(render_declaration(told("Word. " * 12 * lines))) as document:
            last = document[len(document) - 1].get_textpage().get_text_bounded()
        assert "penalty of perjury" in last
        assert "M.G." in last


def test_a_draft_says_so_on_every_page_and_a_locked_paper_does_not() -> None:
    draft = render_declaration(told(LONG * 40, draft=True, text_hash=""))
    assert _text(draft).count("NOT FOR SIGNATURE") == len(pypdfium2.PdfDocument(draft))
    assert "DRAFT" not in _text(render_declaration(paper()))


def test_a_long_quotation_runs_over_pages_and_loses_nothing() -> None:
    words = " ".join(f"palabra{n}" for n in range(900))
    pdf = render_declaration(
        paper(paragraphs=[PaperParagraph(text="He said:", quote=words, quote_language="es"), PaperParagraph(text=LONG)])
    )
    text = _squeezed(_text(pdf))
    assert all(f"palabra{n}" in text for n in range(900))
    with pypdfium2.PdfDocument(pdf) as document:
        assert len(document) <= 6


def test_many_attorneys_push_the_title_down_and_nobody_is_lost() -> None:
    counsel = [[f"Attorney {n} (SBN {n:06})", *ATTORNEY[1:]] for n in range(1, 10)]
    text = _text(render_declaration(paper(counsel=counsel)))
    assert all(f"Attorney {n} " in text for n in range(1, 10))
    assert text.index("UNITED STATES DISTRICT COURT") > text.index("Attorney 9 ")


def test_the_court_title_stands_on_line_8_with_one_or_two_attorneys() -> None:
    for counsel in ([ATTORNEY], [ATTORNEY[:4], ATTORNEY[:4]]):
        characters = _words_with_baselines(render_declaration(paper(counsel=counsel)), 0)
        eight = sorted({round(y, 1) for c, x, y in characters if x < 105 and c.isdigit()}, reverse=True)[7]
        title = "".join(c for c, x, y in characters if x > 108 and abs(y - eight) < 2)
        assert "UNITEDSTATESDISTRICTCOURT" in _squeezed(title)


@pytest.mark.parametrize("parties", [40, 300])
def test_a_long_caption_loses_no_party(parties: int) -> None:
    names = "; ".join(f"PLAINTIFF NUMBER {n}" for n in range(parties))
    text = _squeezed(_text(render_declaration(paper(plaintiffs=names))))
    assert all(f"PLAINTIFFNUMBER{n};" in text for n in range(parties - 1))
    assert "I,M.G.,declareasfollows:" in text


def test_the_interpreter_swears_on_a_page_of_their_own() -> None:
    with pypdfium2.PdfDocument(render_declaration(paper(certificate=CERTIFICATE))) as document:
        last = " ".join(document[len(document) - 1].get_textpage().get_text_bounded().split())
        before = document[len(document) - 2].get_textpage().get_text_bounded()
    assert "CERTIFICATE OF INTERPRETER" in last
    assert "José Peña" in last
    assert "California court interpreter no. 000000" in last
    assert "penalty of perjury" in last
    assert "José Peña" not in before


def test_a_spanish_paper_is_spanish_throughout() -> None:
    pdf = render_declaration(told("Vi una camioneta blanca.", language="es"))
    text = _squeezed(_text(pdf))
    assert _squeezed("Yo, M.G., declaro lo siguiente:") in text
    assert _squeezed("Declaro bajo pena de perjurio") in text
    assert _squeezed("20 de noviembre de 2026") in text
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert str(opened.Root.Lang).startswith("es")


@pytest.mark.parametrize(("encoding", "language"), [("gb2312", "zh-Hans"), ("euc_kr", "ko"), ("big5", "yue")])
def test_every_common_character_of_a_national_standard_is_drawn(encoding: str, language: str) -> None:
    rows = (
        range(0xB0, 0xF8) if encoding == "gb2312" else range(0xB0, 0xC9) if encoding == "euc_kr" else range(0xA4, 0xC6)
    )
    cells = range(0x40, 0xFF) if encoding == "big5" else range(0xA1, 0xFF)
    drawn = (bytes([row, cell]).decode(encoding, "ignore") for row in rows for cell in cells)
    words = "".join(character for character in "".join(drawn) if character > "\u2000")
    assert len(words) > 2000
    render_declaration(paper(paragraphs=[PaperParagraph(text="All.", quote=words, quote_language=language)]))
