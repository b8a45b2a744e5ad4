"""The page of a Word pleading: styles, 28 printed numbers, rules, footer. Nothing here knows what the paper says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Pt

from intake.documents.papers import DeclarationPaper
from intake.documents.pleading import RIGHT_TO_LEFT, binding, words_in
from intake.taxonomy import CourtProfile

FACE = "Times New Roman"
SINGLE = 16  # points: three single-spaced lines in two rows


def rows_high(points: float, pitch: float) -> float:
    """Return the height of the whole rows that hold `points`, in points."""
    return -(-points // pitch) * pitch


def set_up(document: Document, paper: DeclarationPaper, profile: CourtProfile) -> None:
    """Give the empty document the court's paper (L.R. 11-3): size, margins, type, numbers, footer, bare properties."""
    pitch, lines = profile.value("spacing.leading_pt"), profile.value("paper.lines_max")
    size = profile.value("type.proportional_min_pt")
    _styles(document, paper.language, size, pitch)
    section = document.sections[0]
    section.page_width, section.page_height = Inches(8.5), Inches(11)
    margin = (792 - lines * pitch) / 2  # so many lines of exact spacing fill the height between these margins
    # A rule of the caption must not cost the last line: a little room, less than another line.
    section.top_margin, section.bottom_margin = Pt(margin), Pt(margin - pitch / 4)
    left = profile.value("paper.margin_left_in")
    section.left_margin, section.right_margin = Inches(left), Inches(profile.value("paper.margin_right_in") + 0.1)
    section.header_distance = section.footer_distance = Pt(10)
    _rules(section)
    _numbers(section, lines, margin, left)
    _footer(section, paper)
    properties = document.core_properties
    properties.author = properties.last_modified_by = properties.comments = ""
    properties.title, properties.language = paper.title, paper.language
    # A day and no time: the same paper gives the same bytes.
    properties.created = properties.modified = dt.datetime.combine(paper.made, dt.time())


def spoken(run: Any, language: str, around: str) -> None:  # noqa: ANN401
    """Mark the run's language, so that it is spelled, read aloud and laid out right; `around`: the paper's language."""
    if not language or language == around:
        return
    element = OxmlElement("w:lang")
    element.set(qn("w:bidi" if language in RIGHT_TO_LEFT else "w:val"), language)
    run._r.get_or_add_rPr().append(element)  # noqa: SLF001
    if language in RIGHT_TO_LEFT:
        run.font.rtl = True


def _styles(document: Document, language: str, size: float, pitch: float) -> None:
    normal: Any = document.styles["Normal"]
    spacing = normal.paragraph_format
    spacing.line_spacing_rule, spacing.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(pitch)
    spacing.widow_control = False  # it would leave numbered lines empty at the foot of a page
    for name in ("Normal", "Heading 1", "Heading 2"):
        style: Any = document.styles[name]
        style.font.name, style.font.size = FACE, Pt(size)
        style.font.color.rgb = docx.shared.RGBColor(0, 0, 0)
        style.font.bold = name != "Normal"
        # Space around a heading would push the text off the numbers.
        style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(0)
        complex_size = OxmlElement("w:szCs")  # Arabic, Hebrew, Thai: the same size as the rest
        complex_size.set(qn("w:val"), str(size * 2))
        for old in style.element.rPr.findall(qn("w:szCs")):
            style.element.rPr.remove(old)
        style.element.rPr.find(qn("w:sz")).addnext(complex_size)
        fonts = style.element.rPr.rFonts
        for script in ("ascii", "hAnsi", "eastAsia", "cs"):
            fonts.set(qn(f"w:{script}"), FACE)
            theme = qn("w:cstheme" if script == "cs" else f"w:{script}Theme")  # a theme's font would win over ours
            fonts.attrib.pop(theme, None)
    document.styles.element.find(f".//{qn('w:rPrDefault')}//{qn('w:lang')}").set(
        qn("w:val"), {"en": "en-US", "es": "es-US"}.get(language, language)
    )


def _rules(section: Any) -> None:  # noqa: ANN401
    borders = OxmlElement("w:pgBorders")
    borders.set(qn("w:offsetFrom"), "text")
    for side, kind in (("left", "double"), ("right", "single")):
        edge = OxmlElement(f"w:{side}")
        for name, value in (("val", kind), ("sz", "4"), ("space", "5"), ("color", "000000")):
            edge.set(qn(f"w:{name}"), value)
        borders.append(edge)
    # python-docx has no other way to page borders; Word wants them after the margins.
    section._sectPr.find(qn("w:pgMar")).addnext(borders)  # noqa: SLF001


def _numbers(section: Any, lines: int, margin: float, left: float) -> None:  # noqa: ANN401
    # Printed in the header, in a frame beside the text. Word's own line numbers skip the caption, which is a table,
    # and count single-spaced lines one by one: the court's title would not stand on line 8.
    head = section.header
    head.is_linked_to_previous = False
    empty = head.paragraphs[0]
    place = {
        "w": "460", "hSpace": "0", "wrap": "around", "vAnchor": "page", "hAnchor": "page",
        "x": str(round((left - 0.5) * 1440)), "y": str(round(margin * 20)),
    }  # fmt: skip
    for number in range(1, lines + 1):
        paragraph = empty.insert_paragraph_before(str(number))
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        frame = OxmlElement("w:framePr")
        for name, value in place.items():
            frame.set(qn(f"w:{name}"), value)
        properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001
        style = properties.find(qn("w:pStyle"))
        if style is not None:
            properties.remove(style)  # the style Header has tab stops and another spacing
        properties.insert(0, frame)


def _footer(section: Any, paper: DeclarationPaper) -> None:  # noqa: ANN401
    foot = section.footer.paragraphs[0]
    foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
    foot.paragraph_format.line_spacing_rule, foot.paragraph_format.line_spacing = WD_LINE_SPACING.SINGLE, None
    words = words_in(paper.language)
    draft = f"{paper.mark or words['draft']} · " if paper.draft else ""
    for before, field in ((f"{words['page']} ", "PAGE"), (f" {words['of']} ", "NUMPAGES")):
        foot.add_run(before).font.size = Pt(10)
        _field(foot, field)
    foot.add_run(f"\n{draft}{paper.title}\n{binding(paper)}").font.size = Pt(10)


def _field(paragraph: Any, code: str) -> None:  # noqa: ANN401
    run = paragraph.add_run("1")  # what is shown until Word counts
    run.font.size = Pt(10)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), code)
    run._r.addprevious(field)  # noqa: SLF001
    field.append(run._r)  # noqa: SLF001
