"""A declaration as PDF: PDF/A-2a and PDF/UA-1 in one file, on the court's numbered lines, with the right oath."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typst
from babel.dates import format_date

from intake.documents.papers import Certificate, DeclarationPaper, PaperParagraph
from intake.errors import UnsupportedGlyph
from intake.settings import project_file
from intake.taxonomy import CourtProfile, court, label

FONTS = Path(__file__).resolve().parent / "fonts"
BLANK = "____________________"
_WORDS = {
    "en": {
        "opening": "I, {name}, declare as follows:",
        "case_no": "Case No.",
        "plaintiffs": "Plaintiffs",
        "defendants": "Defendants",
        "page": "Page",
        "of": "of",
        "draft": "DRAFT – NOT FOR SIGNATURE",
        "digest": "text SHA-256",
        "open": "not locked",
        "original": "[Original words{language}]",
        "sources": "Sources",
    },
    "es": {
        "opening": "Yo, {name}, declaro lo siguiente:",
        "case_no": "Caso núm.",
        "plaintiffs": "Demandantes",
        "defendants": "Demandados",
        "page": "Página",
        "of": "de",
        "draft": "BORRADOR – NO FIRMAR",
        "digest": "SHA-256 del texto",
        "open": "sin fijar",
        "original": "[Palabras originales{language}]",
        "sources": "Fuentes",
    },
}
RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur", "prs", "ps"})
_HAN = {
    "zh": "simplified",
    "cmn": "simplified",
    "yue": "traditional",
    "zh-Hant": "traditional",
    "zh-TW": "traditional",
    "zh-HK": "traditional",
}
_UNPRINTABLE = frozenset({"Cc", "Co", "Cn", "Cs"})  # control, private, unassigned, half of a pair: no font draws these
_local = threading.local()


def render_declaration(paper: DeclarationPaper) -> bytes:
    """Return the paper as PDF. Raises UnsupportedGlyph naming the first character that no font here can draw."""
    return compiled("declaration.typ", paper_data(paper, court(paper.court)))


def compiled(template: str, data: dict[str, Any]) -> bytes:
    """Return a paper of templates/court as PDF/A-2a and PDF/UA-1. Raises UnsupportedGlyph as render_declaration."""
    for character in "".join(_strings(data)):
        if unicodedata.category(character) in _UNPRINTABLE and not character.isspace():
            raise UnsupportedGlyph(character, unicodedata.name(character, "character without a name"))
    body = json.dumps(data, ensure_ascii=False, sort_keys=True)
    source = str(project_file("templates/court") / template)
    try:
        made = _compiler().compile(
            input=source, format="pdf", sys_inputs={"data": body}, pdf_standards=["a-2a", "ua-1"]
        )
    except typst.TypstError as error:
        raise _named(error) from error
    if not isinstance(made, bytes):  # pages as separate images never happen for a PDF
        raise TypeError(type(made))
    return made


def _compiler() -> typst.Compiler:
    # One for each thread, kept: loading the fonts costs more than a page.
    if not hasattr(_local, "compiler"):
        root = project_file("templates/court")
        _local.compiler = typst.Compiler(root=str(root), font_paths=[str(FONTS)], ignore_system_fonts=True)
    compiler: typst.Compiler = _local.compiler
    return compiler


def _strings(data: Any) -> Iterator[str]:  # noqa: ANN401
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict | list):
        for part in data.values() if isinstance(data, dict) else data:
            yield from _strings(part)


def paper_data(paper: DeclarationPaper, profile: CourtProfile) -> dict[str, Any]:
    """Return what the template pleading.typ and the paper on it ask for."""
    words = words_in(paper.language)
    lines, pitch = profile.value("paper.lines_max"), profile.value("spacing.leading_pt")
    return {
        "paper": {
            "lines": lines,
            "pitch": pitch,
            "size": profile.value("type.proportional_min_pt"),
            "top": (792 - lines * pitch) / 2,
            "left": profile.value("paper.margin_left_in"),
            "right": profile.value("paper.margin_right_in") + 0.1,
        },
        "lang": paper.language,
        "words": words,
        "title": paper.title,
        "firm": paper.counsel[0][0] if paper.counsel and paper.counsel[0] else "",
        "made": [paper.made.year, paper.made.month, paper.made.day],
        "counsel": paper.counsel or [[""]],
        "counsel_rows": max(0, 7 - sum(_rows(len(counsel) + 1) for counsel in paper.counsel[:-1])),
        "court_title": profile.value("court.title_lines"),
        "plaintiffs": paper.plaintiffs,
        "defendants": paper.defendants,
        "docket_no": paper.docket_no,
        "hearing": paper.hearing,
        "declarant": paper.declarant,
        "opening": words["opening"].format(name=paper.declarant),
        "short_title": paper.title,
        "binding": binding(paper),
        "draft": paper.draft,
        "paragraphs": [_paragraph(p, paper.language) for p in paper.paragraphs],
        "oath": oath(paper, profile),
        "certificate": certificate_data(paper.certificate, profile) if paper.certificate else None,
    }


def _rows(single_lines: int) -> int:
    """Return how many rows of the grid that many single-spaced lines take: three lines in two rows."""
    return -(-single_lines * 2 // 3)


def words_in(language: str) -> dict[str, str]:
    """Return the fixed words of a paper in its language, English where there are none."""
    return _WORDS.get(language, _WORDS["en"])


def binding(paper: DeclarationPaper) -> str:
    """Return what ties every page, the signature page too, to this text."""
    words = words_in(paper.language)
    tie = f"{words['digest']} {paper.text_hash[:16]}" if paper.text_hash else words["open"]
    return f"{paper.document_id} · {tie}"


def oath(paper: DeclarationPaper, profile: CourtProfile) -> str:
    """Return the oath of 28 U.S.C. 1746 in the chosen form, blanks where date or place are still open."""
    where = ", ".join(part for part in (paper.executed_state, paper.executed_country) if part) or BLANK
    form = profile.oaths[paper.oath_form]
    words: str = form["text_es"] if paper.language == "es" else form["form_text"]
    return words.format(
        date=_day(paper.executed_on, paper.language), city=paper.executed_city or BLANK, state_or_country=where
    )


def _day(day: dt.date | None, language: str) -> str:
    known = language if language in _WORDS else "en"
    return format_date(day, "long", locale={"en": "en_US"}.get(known, known)) if day else BLANK


def mark_of(paragraph: PaperParagraph, language: str) -> str:
    """Return what stands before the person's own words: that they are the original, and in which language."""
    said = label(paragraph.quote_language, language) if paragraph.quote_language else ""
    return words_in(language)["original"].format(language=f", {said}" if said else "")


def sources_of(paragraph: PaperParagraph, language: str) -> str:
    """Return the line that names the paragraph's exhibits, or nothing."""
    return f"{words_in(language)['sources']}: {'; '.join(paragraph.exhibits)}." if paragraph.exhibits else ""


def _paragraph(paragraph: PaperParagraph, language: str) -> dict[str, Any]:
    return {
        "heading": paragraph.heading,
        "body": _passage(paragraph.text, paragraph.language, language),
        "quote": _passage(" ".join(paragraph.quote.split()), paragraph.quote_language, language),
        "mark": mark_of(paragraph, language),
        "exhibits": sources_of(paragraph, language),
    }


def _passage(text: str, spoken: str, language: str) -> dict[str, Any]:
    primary = spoken.partition("-")[0]
    lang = primary if re.fullmatch(r"[a-z]{2,3}", primary) and primary != language else ""
    return {
        "text": unicodedata.normalize("NFC", text),
        "lang": lang,
        "rtl": primary in RIGHT_TO_LEFT,
        "han": _HAN.get(spoken) or _HAN.get(primary, ""),
    }


def certificate_data(certificate: Certificate, profile: CourtProfile) -> dict[str, Any]:
    """Return the interpreter's certificate: numbered statements and an own oath, date and place to fill by hand."""
    c = certificate
    languages = c.languages or BLANK
    heard = c.read_back or "The declarant said that it was understood and affirmed it."
    lines = [
        f"I am competent to interpret and translate between {languages} and English. "
        f"My certification, or the experience it rests on, is: {c.qualification or BLANK}.",
        f"My employer, and my relation to the parties if any: {c.employer or BLANK}.",
        f"On {c.held_on or BLANK}, at {c.place or BLANK}, I interpreted by this mode: {c.mode or BLANK}. "
        f"Present were: {c.present or BLANK}.",
        "I interpreted and translated accurately and completely, to the best of my ability.",
        f"I read the whole English text back to the declarant in {languages} before it was signed. {heard}",
        f"Number of corrections made during the reading: {c.corrections or BLANK}.",
    ]
    words: str = profile.oaths["OA.UNIVERSAL"]["form_text"]
    return {
        "name": c.interpreter,
        "lines": lines,
        "oath": words.format(date=BLANK, city=BLANK, state_or_country=BLANK),
    }


def _named(error: typst.TypstError) -> Exception:
    """Return the error that names the character, when the compiler failed for want of a glyph."""
    said = f"{error} {getattr(error, 'hints', '')} {getattr(error, 'message', '')}"
    quoted = re.findall(r"`?\"?([^\s`\"])\"?`? (?:could not be displayed|is not supported|cannot be displayed)", said)
    coded = re.findall(r"(?:U\+|codepoint |u\{)([0-9A-Fa-f]{4,6})", said)
    for character in [*quoted, *(chr(int(code, 16)) for code in coded)]:
        return UnsupportedGlyph(character, unicodedata.name(character, "character without a name"))
    return error
