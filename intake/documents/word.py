"""The same declaration as a Word file: numbered lines, exact spacing, Word's own numbers, clean properties."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt

from intake.documents.papers import Certificate, DeclarationPaper
from intake.documents.pleading import (
    BLANK,
    RIGHT_TO_LEFT,
    binding,
    certificate_data,
    mark_of,
    oath,
    sources_of,
    words_in,
)
from intake.taxonomy import CourtProfile, court

FACE = "Times New Roman"


def render_word(paper: DeclarationPaper) -> bytes:
    """Return the paper as .docx, for editing before it is locked and for the court's Word copies."""
    profile = court(paper.court)
    document = docx.Document()
    _set_up(document, paper, profile)
    _caption(document, paper, profile)
    _line(document, words_in(paper.language)["opening"].format(name=paper.declarant), indent=0.5)
    numbering = _numbering(document, 90)
    for paragraph in paper.paragraphs:
        if paragraph.heading:
            document.add_heading(paragraph.heading, level=2).alignment = WD_ALIGN_PARAGRAPH.CENTER
        _number(_line(document, paragraph.text, indent=0.5), numbering)
        if paragraph.quote:
            _quote(document, paragraph.quote, paragraph.quote_language, mark_of(paragraph, paper.language))
        if paragraph.exhibits:
            _quote(document, sources_of(paragraph, paper.language), paper.language)
    _signature(document, oath(paper, profile), paper.declarant)
    if paper.certificate:
        heading = document.add_heading("CERTIFICATE OF INTERPRETER", level=1)
        heading.alignment, heading.paragraph_format.page_break_before = WD_ALIGN_PARAGRAPH.CENTER, True
        _certificate(document, paper.certificate, profile)
    return _bytes(document)


def _set_up(document: Document, paper: DeclarationPaper, profile: CourtProfile) -> None:
    style = document.styles["Normal"]
    style.font.name, style.font.size = FACE, Pt(profile.value("type.proportional_min_pt"))
    style.element.rPr.rFonts.set(qn("w:eastAsia"), FACE)
    spacing = style.paragraph_format
    spacing.line_spacing_rule, spacing.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(profile.value("spacing.leading_pt"))
    spacing.space_before = spacing.space_after = Pt(0)
    for level in (1, 2):
        heading = document.styles[f"Heading {level}"]
        heading.font.name, heading.font.size = FACE, Pt(profile.value("type.proportional_min_pt"))
        heading.font.bold = True
        heading.font.color.rgb = docx.shared.RGBColor(0, 0, 0)
        heading.element.rPr.rFonts.set(qn("w:ascii"), FACE)
        heading.element.rPr.rFonts.set(qn("w:hAnsi"), FACE)
    section = document.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    # 28 lines of exact spacing fill the height between these margins.
    margin = Pt((792 - profile.value("paper.lines_max") * profile.value("spacing.leading_pt")) / 2)
    section.top_margin = section.bottom_margin = margin
    section.left_margin, section.right_margin = Inches(profile.value("paper.margin_left_in")), Inches(0.6)
    section.footer_distance = Pt(10)
    numbers = OxmlElement("w:lnNumType")
    for name, value in (("countBy", "1"), ("restart", "newPage"), ("distance", "360")):
        numbers.set(qn(f"w:{name}"), value)
    # python-docx has no other way to line numbers; Word wants them after the margins.
    section._sectPr.find(qn("w:pgMar")).addnext(numbers)  # noqa: SLF001
    _footer(section, paper)
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.title, properties.language = paper.title, paper.language
    properties.created = properties.modified = dt.datetime(2025, 1, 1)  # noqa: DTZ001


def _footer(section: Any, paper: DeclarationPaper) -> None:  # noqa: ANN401
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.paragraph_format.line_spacing_rule, foot.paragraph_format.line_spacing = WD_LINE_SPACING.SINGLE, None
    words = words_in(paper.language)
    draft = f"{words['draft']} · " if paper.draft else ""
    for before, field in ((f"{words['page']} ", "PAGE"), (f" {words['of']} ", "NUMPAGES")):
        foot.add_run(before).font.size = Pt(10)
        _field(foot, field)
    foot.add_run(f"\n{draft}{paper.title}\n{binding(paper)}").font.size = Pt(10)


def _field(paragraph: Any, code: str) -> None:  # noqa: ANN401
    run = paragraph.add_run()
    run.font.size = Pt(10)
    for kind, text in (("begin", ""), ("", code), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)  # noqa: SLF001


def _caption(document: Document, paper: DeclarationPaper, profile: CourtProfile) -> None:
    words = words_in(paper.language)
    for number, counsel in enumerate(paper.counsel):
        for line in [*([""] if number else []), *counsel]:
            _single(_line(document, line))
    # The court's title stands on line 8 or below (L.R. 11-3.8): rows of half height fill lines 1 to 7.
    used = sum(len(counsel) for counsel in paper.counsel) + max(0, len(paper.counsel) - 1)
    filler = 7 * profile.value("spacing.leading_pt") - 16 * used
    for line in profile.value("court.title_lines"):
        title = _line(document, line)
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        title.runs[0].bold = True
        title.paragraph_format.space_before = Pt(max(0, filler))
        filler = 0
    table = document.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    _edges(left)
    left.text = f"{paper.plaintiffs},\n\t{words['plaintiffs']},\n    v.\n{paper.defendants},\n\t{words['defendants']}."
    right.text = f"{words['case_no']} {paper.docket_no}\n"
    right.add_paragraph(style="Heading 1").add_run(paper.title.upper())
    for line in paper.hearing:
        right.add_paragraph(line)
    for paragraph in (*left.paragraphs, *right.paragraphs):
        _single(paragraph)
    _line(document, "")


def _edges(cell: Any) -> None:  # noqa: ANN401
    borders = OxmlElement("w:tcBorders")
    for side in ("bottom", "right"):
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "6"), ("color", "000000")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
    cell._tc.get_or_add_tcPr().append(borders)  # noqa: SLF001


def _single(paragraph: Any) -> None:  # noqa: ANN401
    paragraph.paragraph_format.line_spacing = Pt(16)


def _line(document: Document, text: str, indent: float = 0) -> Any:  # noqa: ANN401
    paragraph = document.add_paragraph(text)
    if indent:
        paragraph.paragraph_format.first_line_indent = Inches(indent)
    return paragraph


def _quote(document: Document, text: str, language: str, mark: str = "") -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Inches(0.5)
    _single(paragraph)
    if mark:
        paragraph.add_run(f"{mark} ").italic = True
    run = paragraph.add_run(text)
    if language and language != "en":
        mark = OxmlElement("w:lang")
        mark.set(qn("w:bidi" if language in RIGHT_TO_LEFT else "w:val"), language)
        run._r.get_or_add_rPr().append(mark)  # noqa: SLF001
    if language in RIGHT_TO_LEFT:
        paragraph._p.get_or_add_pPr().insert(0, OxmlElement("w:bidi"))  # noqa: SLF001
        run.font.rtl = True


def _numbering(document: Document, number_id: int) -> int:
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


def _number(paragraph: Any, numbering: int) -> None:  # noqa: ANN401
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = numbering


def _signature(document: Document, words: str, name: str) -> None:
    _line(document, words, indent=0.5).paragraph_format.keep_with_next = True
    rule = _line(document, BLANK + BLANK)
    rule.paragraph_format.left_indent = Inches(3)
    rule.paragraph_format.keep_with_next = True
    _line(document, name).paragraph_format.left_indent = Inches(3)


def _certificate(document: Document, certificate: Certificate, profile: CourtProfile) -> None:
    data = certificate_data(certificate, profile)
    _line(document, f"I, {data['name']}, certify as follows:", indent=0.5)
    numbering = _numbering(document, 91)
    for line in data["lines"]:
        _number(_line(document, line, indent=0.5), numbering)
    _signature(document, data["oath"], data["name"])


def _bytes(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
