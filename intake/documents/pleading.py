"""A declaration as PDF: PDF/A-2a and PDF/UA-1 in one file, on the court's numbered lines, with the right oath."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import unicodedata
from pathlib import Path
from typing import Any

import typst

from intake.documents.papers import Certificate, DeclarationPaper, PaperParagraph
from intake.errors import UnsupportedGlyph
from intake.settings import project_file
from intake.taxonomy import CourtProfile, court

FONTS = Path(__file__).resolve().parent / "fonts"
BLANK = "____________________"
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "prs", "ps"})
_QUOTED = 500  # characters of one single-spaced block: it must fit on a page
_MADE = dt.date(2025, 1, 1)  # a fixed date inside the file: the same paper gives the same bytes
_local = threading.local()


def render_declaration(paper: DeclarationPaper) -> bytes:
    """Return the paper as PDF. Raises UnsupportedGlyph naming the first character that no font here can draw."""
    profile = court(paper.court)
    body = json.dumps(_data(paper, profile), ensure_ascii=False, sort_keys=True)
    try:
        made = _compiler().compile(
            input=str(project_file("templates/court/declaration.typ")), format="pdf", sys_inputs={"data": body},
            pdf_standards=["a-2a", "ua-1"],
        )  # fmt: skip
    except typst.TypstError as error:
        raise _named(error, body) from error
    return bytes(made)


def _compiler() -> typst.Compiler:
    # One for each thread, kept: loading the fonts costs more than a page.
    if not hasattr(_local, "compiler"):
        root = project_file("templates/court")
        _local.compiler = typst.Compiler(root=str(root), font_paths=[str(FONTS)], ignore_system_fonts=True)
    compiler: typst.Compiler = _local.compiler
    return compiler


def _data(paper: DeclarationPaper, profile: CourtProfile) -> dict[str, Any]:
    return {
        "paper": {
            "lines": profile.value("paper.lines_max"),
            "pitch": profile.value("spacing.leading_pt"),
            "size": profile.value("type.proportional_min_pt"),
            "top": (792 - profile.value("paper.lines_max") * profile.value("spacing.leading_pt")) / 2,
            "left": profile.value("paper.margin_left_in"),
            "right": profile.value("paper.margin_right_in") + 0.1,
        },
        "title": paper.title,
        "firm": paper.counsel[0][0] if paper.counsel and paper.counsel[0] else "",
        "made": [_MADE.year, _MADE.month, _MADE.day],
        "counsel": paper.counsel,
        "court_title": profile.value("court.title_lines"),
        "plaintiffs": paper.plaintiffs,
        "defendants": paper.defendants,
        "docket_no": paper.docket_no,
        "hearing": paper.hearing,
        "declarant": paper.declarant,
        "short_title": paper.title,
        "binding": binding(paper),
        "draft": paper.draft,
        "paragraphs": [_paragraph(p) for p in paper.paragraphs],
        "oath": oath(paper, profile),
        "certificate": certificate_data(paper.certificate, profile) if paper.certificate else None,
    }


def binding(paper: DeclarationPaper) -> str:
    """Return what ties every page, the signature page too, to this text."""
    return f"{paper.document_id} · text SHA-256 {paper.text_hash[:16]}" if paper.text_hash else f"{paper.document_id} · not locked"


def oath(paper: DeclarationPaper, profile: CourtProfile) -> str:
    """Return the oath of 28 U.S.C. 1746 in the chosen form, blanks where date or place are still open."""
    day = f"{paper.executed_on:%B} {paper.executed_on.day}, {paper.executed_on.year}" if paper.executed_on else BLANK
    where = ", ".join(part for part in (paper.executed_state, paper.executed_country) if part) or BLANK
    words: str = profile.oaths[paper.oath_form]["form_text"]
    return words.format(date=day, city=paper.executed_city or BLANK, state_or_country=where)


def _paragraph(paragraph: PaperParagraph) -> dict[str, Any]:
    quotes = _chunks(paragraph.quote) if paragraph.quote else []
    return {
        "heading": paragraph.heading,
        "body": _passage(paragraph.text, paragraph.language),
        "quotes": [_passage(q, paragraph.quote_language) for q in quotes],
        "exhibits": f"Sources: {'; '.join(paragraph.exhibits)}." if paragraph.exhibits else "",
    }


def _passage(text: str, language: str) -> dict[str, Any]:
    lang = language if re.fullmatch(r"[a-z]{2,3}", language or "") else ""
    return {"text": unicodedata.normalize("NFC", text), "lang": "" if lang == "en" else lang, "rtl": lang in RIGHT_TO_LEFT}


def _chunks(text: str) -> list[str]:
    chunks, rest = [], " ".join(text.split())
    while len(rest) > _QUOTED:
        ends = max(rest.rfind(mark, 0, _QUOTED) for mark in (". ", "! ", "? ", "。", "։ ", "؟ ")) + 1
        cut = ends or rest.rfind(" ", 0, _QUOTED) + 1 or _QUOTED
        chunks.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return [*chunks, rest]


def certificate_data(certificate: Certificate, profile: CourtProfile) -> dict[str, Any]:
    """Return the interpreter's name, numbered statements and own oath (FRE 604); what is unknown is a blank."""
    c = certificate
    lines = [
        f"I am competent to interpret and translate between {c.languages or BLANK} and English. My qualification is: {c.qualification or BLANK}.",
        f"I work for {c.employer or BLANK}. My relationship to the parties, if any, is stated there.",
        f"On {c.held_on or BLANK}, at {c.place or BLANK}, I interpreted by this mode: {c.mode or BLANK}. Present were: {c.present or BLANK}.",
        "I interpreted and translated accurately and completely, to the best of my ability.",
        f"I read the whole English text back to the declarant in {c.languages or BLANK} before it was signed. {c.read_back or 'The declarant said that it was understood and affirmed it.'}",
        f"Corrections made during the reading: {c.corrections or BLANK}.",
    ]
    words: str = profile.oaths["OA.UNIVERSAL"]["form_text"]
    return {"name": c.interpreter, "lines": lines, "oath": words.format(date=BLANK, city=BLANK, state_or_country=BLANK)}


def _named(error: typst.TypstError, body: str) -> Exception:
    """Return the error that names the character, when the compiler failed for want of a glyph."""
    said = f"{error} {getattr(error, 'hints', '')} {getattr(error, 'message', '')}"
    for found in re.findall(r"`?\"?([^\s`\"])\"?`? (?:could not be displayed|is not supported|cannot be displayed)", said):
        return UnsupportedGlyph(found, unicodedata.name(found, "unnamed character"))
    for found in re.findall(r"(?:U\+|codepoint |u\{)([0-9A-Fa-f]{4,6})", said):
        character = chr(int(found, 16))
        return UnsupportedGlyph(character, unicodedata.name(character, "unnamed character"))
    return error
