"""The same declaration as a Word file: numbered lines, exact spacing, Word's own numbers, clean properties."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt

from intake.documents.papers import Certificate, DeclarationPaper
from intake.documents.pleading import RIGHT_TO_LEFT, certificate_data, mark_of, oath, sources_of, words_in
from intake.documents.word_page import SINGLE, rows_high, set_up, spoken
from intake.taxonomy import CourtProfile, court

_MADE = (1980, 1, 1, 0, 0, 0)  # of the parts inside the file, as Word writes it: no time of writing


def render_word(paper: DeclarationPaper) -> bytes:
    """Return the paper as .docx, for editing before it is locked and for the court's Word copies."""
    profile = court(paper.court)
    document = docx.Document()
    set_up(document, paper, profile)
    add_caption(document, paper, profile)
    add_line(document, words_in(paper.language)["opening"].format(name=paper.declarant), indent=0.5)
    numbering = make_numbering(document, 90)
    for paragraph in paper.paragraphs:
        if paragraph.heading:
            document.add_heading(paragraph.heading, level=2).alignment = WD_ALIGN_PARAGRAPH.CENTER
        put_number(add_line(document, paragraph.text, indent=0.5), numbering)
        if paragraph.quote:
            languages = (paragraph.quote_language, paper.language)
            _quote(document, paragraph.quote, languages, mark_of(paragraph, paper.language))
        if paragraph.exhibits:
            _quote(document, sources_of(paragraph, paper.language), (paper.language, paper.language))
    add_signature(document, oath(paper, profile), paper.declarant)
    if paper.certificate:
        heading = document.add_heading("CERTIFICATE OF INTERPRETER", level=1)
        heading.alignment, heading.paragraph_format.page_break_before = WD_ALIGN_PARAGRAPH.CENTER, True
        _certificate(document, paper.certificate, profile)
    return file_bytes(document)


def add_caption(document: Document, paper: DeclarationPaper, profile: CourtProfile) -> None:
    """Write counsel, the court's title and the caption with the paper's title."""
    words = words_in(paper.language)
    for number, counsel in enumerate(paper.counsel):
        for line in [*([""] if number else []), *counsel]:
            _single(add_line(document, line))
    # The court's title stands on line 8, or below when there are many counsel (L.R. 11-3.8), on a whole row.
    pitch = profile.value("spacing.leading_pt")
    used = SINGLE * (sum(len(counsel) for counsel in paper.counsel) + max(0, len(paper.counsel) - 1))
    filler = max(7 * pitch, rows_high(used, pitch)) - used
    for line in profile.value("court.title_lines"):
        title = add_line(document, line)
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        title.runs[0].bold = True
        title.paragraph_format.space_before = Pt(filler)
        filler = 0
    add_line(document, "")
    table = document.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    _edges(left)
    left.text = f"{paper.plaintiffs},\n\t{words['plaintiffs']},\n    v.\n{paper.defendants},\n\t{words['defendants']}."
    right.text = f"{words['case_no']} {paper.docket_no}\n"
    right.add_paragraph(style="Heading 1").add_run(paper.title.upper())
    for line in [*([""] if paper.hearing else []), *paper.hearing]:
        right.add_paragraph(line)
    for paragraph in (*left.paragraphs, *right.paragraphs):
        _single(paragraph)
    longest = max(_lines(left.text), _lines(right.text))
    table.rows[0].height = Pt(rows_high(max(6 * pitch, SINGLE * longest), pitch))  # at least; grows when it must


def _lines(text: str) -> int:
    # Half the page holds some 28 characters of 14 points; counting 24 leaves a row too many rather than one too few.
    return sum(max(1, -(-len(line) // 24)) for line in text.split("\n"))


def _edges(cell: Any) -> None:  # noqa: ANN401
    borders = OxmlElement("w:tcBorders")
    for side in ("bottom", "right"):
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
    cell._tc.get_or_add_tcPr().append(borders)  # noqa: SLF001


def _single(paragraph: Any) -> None:  # noqa: ANN401
    paragraph.paragraph_format.line_spacing = Pt(SINGLE)


def add_line(document: Document, text: str, indent: float = 0) -> Any:  # noqa: ANN401
    """Add a paragraph, its first line indented by so many inches, and return it."""
    paragraph = document.add_paragraph(text)
    if indent:
        paragraph.paragraph_format.first_line_indent = Inches(indent)
    return paragraph


def _quote(document: Document, text: str, languages: tuple[str, str], mark: str = "") -> None:
    # On the pitch of the text: Word cannot pad a single-spaced block back to the numbers. languages: spoken, paper's.
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Inches(0.5)
    if mark:
        # Left-to-right marks keep the brackets in place where the words run from right to left.
        paragraph.add_run(f"\u200e{mark}\u200e " if languages[0] in RIGHT_TO_LEFT else f"{mark} ").italic = True
    spoken(paragraph.add_run(text), *languages)
    if languages[0] in RIGHT_TO_LEFT:
        paragraph._p.get_or_add_pPr().insert(0, OxmlElement("w:bidi"))  # noqa: SLF001


def make_numbering(document: Document, number_id: int) -> int:
    """Make a list "1.", "2.", ... of Word's own and return its number: paragraph numbers are never typed."""
    part = document.part.numbering_part.element
    abstract = OxmlElement("w:abstractNum")
    abstract.set(qn("w:abstractNumId"), str(number_id))
    level = OxmlElement("w:lvl")
    level.set(qn("w:ilvl"), "0")
    shape = (("start", "1"), ("numFmt", "decimal"), ("suff", "space"), ("lvlText", "%1."), ("lvlJc", "left"))
    for name, value in shape:
        element = OxmlElement(f"w:{name}")
        element.set(qn("w:val"), value)
        level.append(element)
    abstract.append(level)
    part.insert(0, abstract)
    number = OxmlElement("w:num")
    number.set(qn("w:numId"), str(number_id))
    link = OxmlElement("w:abstractNumId")
    link.set(qn("w:val"), str(number_id))
    number.append(link)
    part.append(number)
    return number_id


def put_number(paragraph: Any, numbering: int) -> None:  # noqa: ANN401
    """Give a paragraph the next number of a list of make_numbering()."""
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = numbering


def add_signature(document: Document, words: str, name: str) -> None:
    """Add the oath and a rule to sign on with a name below it, all on one page with the end of the text."""
    if document.paragraphs:
        document.paragraphs[-1].paragraph_format.keep_with_next = True
    add_line(document, words, indent=0.5).paragraph_format.keep_with_next = True
    add_line(document, "").paragraph_format.keep_with_next = True
    signed = add_line(document, name)
    borders, rule = OxmlElement("w:pBdr"), OxmlElement("w:top")
    for key, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
        rule.set(qn(f"w:{key}"), value)
    borders.append(rule)
    signed._p.get_or_add_pPr().append(borders)  # noqa: SLF001
    signed.paragraph_format.left_indent = Inches(3)


def _certificate(document: Document, certificate: Certificate, profile: CourtProfile) -> None:
    data = certificate_data(certificate, profile)
    add_line(document, f"I, {data['name']}, certify as follows:", indent=0.5)
    numbering = make_numbering(document, 91)
    for line in data["lines"]:
        put_number(add_line(document, line, indent=0.5), numbering)
    add_signature(document, data["oath"], data["name"])


def file_bytes(document: Document) -> bytes:
    """Return the file; the same paper gives the same bytes."""
    saved, out = io.BytesIO(), io.BytesIO()
    document.save(saved)
    # The library stamps each part with the time of writing: the same paper must give the same bytes.
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as fixed:
        for part in parts.infolist():
            fixed.writestr(zipfile.ZipInfo(part.filename, _MADE), parts.read(part), zipfile.ZIP_DEFLATED)
    return out.getvalue()
