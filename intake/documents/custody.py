"""The custody report of one file as PDF, in the reader's language."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

from intake.documents.pleading import compiled


@dataclass(frozen=True)
class Section:
    """Facts under a heading, as (name, words)."""

    heading: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CustodyPaper:
    """What the report prints. columns: four headings; steps: four cells each; words: fact, record, steps.

    made: the day of the report, for the file's properties.
    """

    title: str
    lang: str
    footer: str
    sections: tuple[Section, ...]
    columns: tuple[str, str, str, str]
    steps: tuple[tuple[str, str, str, str], ...]
    words: dict[str, str]
    made: dt.date


def render_custody(paper: CustodyPaper) -> bytes:
    """Return the report as PDF/A-2a and PDF/UA-1. Raises UnsupportedGlyph for a character that no font draws."""
    made = [paper.made.year, paper.made.month, paper.made.day]
    return compiled("custody.typ", asdict(paper) | {"made": made})
