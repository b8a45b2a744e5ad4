"""The same declaration as a Word file: numbered lines, exact spacing, Word's own paragraph numbers, clean properties."""

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
from intake.documents.pleading import BLANK, RIGHT_TO_LEFT, binding, certificate_data, oath
from intake.taxonomy import CourtProfile, court

FACE = "Times New Roman"


def render_word(paper: DeclarationPaper) -> bytes:
    """Return the paper as .docx, for editing before it is locked and for the court's Word copies."""
    profile = court(paper.court)
    document = docx.Document()
    _set_up(document, paper, profile)
    _caption(document, paper, profile)
    _line(document, f"I, {paper.declarant}, declare as follows:", indent=0.5)
    numbering = _numbering(document)
    for paragraph in paper.paragraphs:
        if paragraph.heading:
            document.add_heading(paragraph.heading, level=2).alignment = WD_ALIGN_PARAGRAPH.CENTER
        _number(_line(document, paragraph.text, indent=0.5), numbering)
        if paragraph.quote:
            _quote(document, paragraph.quote, paragraph.quote_language)
        if paragraph.exhibits:
            _quote(document, f"Sources: {'; '.join(paragraph.exhibits)}.", "en")
    _signature(document, oath(paper, profile), paper.declarant)
    if paper.certificate:
        document.add_page_break()
        document.add_heading("Certificate of interpreter", level=1).alignment = WD_ALIGN_PARAGRAPH.CENTER
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
        heading.font.name, heading.font.size, heading.font.bold = FACE, Pt(profile.value("type.proportional_min_pt")), True
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
    section._sectPr.append(numbers)  # noqa: SLF001  (python-docx has no other way to line numbers)
    _footer(section, paper)
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.title, properties.language = paper.title, "en-US"
    properties.created = properties.modified = dt.datetime(2025, 1, 1)  # noqa: DTZ001


def _footer(section: Any, paper: DeclarationPaper) -> None:  # noqa: ANN401
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.paragraph_format.line_spacing_rule, foot.paragraph_format.line_spacing = WD_LINE_SPACING.SINGLE, None
    draft = "DRAFT – NOT FOR SIGNATURE · " if paper.draft else ""
    for words, field in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
        foot.add_run(words).font.size = Pt(10)
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
    lines = [line for counsel in paper.counsel for line in counsel]
    for line in lines + [""] * max(0, 7 - len(lines)):
        _line(document, line)
    for line in profile.value("court.title_lines"):
        title = _line(document, line)
        title.alignment = WD_ALIGN_PARAGRAPH.CENTER
        title.runs[0].bold = True
    table = document.add_table(rows=1, cols=2)
    left, right = table.rows[0].cells
    left.text = f"{paper.plaintiffs},\n\tPlaintiffs,\n    v.\n{paper.defendants},\n\tDefendants."
    right.text = f"Case No. {paper.docket_no}\n"
    heading = right.add_paragraph(style="Heading 1")
    heading.add_run(paper.title.upper())
    for line in paper.hearing:
        right.add_paragraph(line)


def _line(document: Document, text: str, indent: float = 0) -> Any:  # noqa: ANN401
    paragraph = document.add_paragraph(text)
    if indent:
        paragraph.paragraph_format.first_line_indent = Inches(indent)
    return paragraph


def _quote(document: Document, text: str, language: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.left_indent = paragraph.paragraph_format.right_indent = Inches(0.5)
    paragraph.paragraph_format.line_spacing = Pt(16)
    run = paragraph.add_run(text)
    if language and language != "en":
        mark = OxmlElement("w:lang")
        mark.set(qn("w:bidi" if language in RIGHT_TO_LEFT else "w:val"), language)
        run._r.get_or_add_rPr().append(mark)  # noqa: SLF001
    if language in RIGHT_TO_LEFT:
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))  # noqa: SLF001
        run.font.rtl = True


def _numbering(document: Document) -> int:
    """Make a list "1.", "2.", ... of Word's own and return its number: paragraph numbers are never typed."""
    part = document.part.numbering_part.element
    abstract = OxmlElement("w:abstractNum")
    abstract.set(qn("w:abstractNumId"), "90")
    level = OxmlElement("w:lvl")
    level.set(qn("w:ilvl"), "0")
    for name, value in (("start", "1"), ("numFmt", "decimal"), ("suff", "space"), ("lvlText", "%1."), ("lvlJc", "left")):
        element = OxmlElement(f"w:{name}")
        element.set(qn("w:val"), value)
        level.append(element)
    abstract.append(level)
    part.insert(0, abstract)
    number = OxmlElement("w:num")
    number.set(qn("w:numId"), "90")
    link = OxmlElement("w:abstractNumId")
    link.set(qn("w:val"), "90")
    number.append(link)
    part.append(number)
    return 90


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
    for number, line in enumerate(data["lines"], 1):
        _line(document, f"{number}. {line}", indent=0.5)
    _signature(document, data["oath"], data["name"])


def _bytes(document: Document) -> bytes:
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
