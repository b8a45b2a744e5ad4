"""The highlighted passage of each hit on the page: which passage, in which language, where the words stand.

Words are found in the folded text, as the index did, and marked in the person's own; folding keeps lengths, so a
place in one is the same place in the other. The database marks (it knows the stems), but only a stretch of each
passage that is likely to hold the words: unpacking whole accounts cost more than finding them.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from markupsafe import Markup, escape

from intake import db

_OPEN, _CLOSE = "\ue000", "\ue001"  # private-use characters that no text here holds
_MOST = 200  # places looked at in one passage
_AROUND = 110  # characters shown to each side of the first hit
_MARKS = re.compile("[\u0300-\u036f]")
_STEM = re.compile(r"'((?:[^']|'')+)'")  # as a tsquery prints it


@dataclass(frozen=True)
class Snippet:
    """kind: narrative, paragraph or note; number: the paragraph's; html: escaped text with <mark>."""

    kind: str
    number: int | None
    language: str
    html: Markup


@dataclass(frozen=True)
class _Stretch:
    """A part of a passage, as written and folded, with the same length."""

    passage: sa.Row[tuple[object, ...]]
    written: str
    folded: str
    first: bool  # begins where the passage begins
    last: bool  # ends where it ends


def snippets(words: str, incident_ids: list[uuid.UUID]) -> dict[uuid.UUID, Snippet]:
    """Return for each incident the passage that holds most of the words, the first of equals; none without any."""
    if not words or not incident_ids:
        return {}
    rows = db.session.execute(sa.text(_PASSAGES), {"words": words, "ids": incident_ids}).all()
    best: dict[uuid.UUID, tuple[int, _Stretch]] = {}
    stems = {_prefix(stem) for stem in _STEM.findall(rows[0].asked)} if rows else set()
    for row in rows:
        score, stretch = _likely(row, stems)
        if score > best.get(row.incident_id, (0,))[0]:
            best[row.incident_id] = (score, stretch)
    stretches = [stretch for _score, stretch in best.values()]
    found = _marked(words, stretches)
    if missed := [s for s in stretches if s.passage.incident_id not in found]:
        # The likely place held only words that begin alike: mark the whole passage, then cut around the first mark.
        wholes = zip(missed, _mark(words, [_around(s.passage, None) for s in missed]), strict=True)
        found |= _marked(words, [_around(s.passage, text.index(_OPEN)) for s, text in wholes if _OPEN in text])
    return found


# One statement for the page's incidents only; row security cuts each of the three tables by itself.
_PASSAGES = """
select incident_id, 1 as rank, 'narrative' as kind, null::int as number, narrative_language as language,
    narrative as body, search.asked(:words)::text as asked
  from account where incident_id = any(:ids) and narrative <> ''
union all select incident_id, 2, 'paragraph', position, 'en', text, search.asked(:words)::text
  from paragraph where incident_id = any(:ids) and text <> ''
union all select incident_id, 3, 'paragraph', position, original_language, original, search.asked(:words)::text
  from paragraph where incident_id = any(:ids) and original <> ''
union all select incident_id, 4, 'note', null, language, text, search.asked(:words)::text
  from note where incident_id = any(:ids)
order by incident_id, rank, number
"""
_MARKED = """
select ts_headline(case when language = 'en' then 'search.english'::regconfig else 'search.spanish'::regconfig end,
    body, search.asked(:words), :options)
from unnest(cast(:bodies as text[]), cast(:languages as text[])) with ordinality as s(body, language, place) order by place
"""


def _marked(words: str, stretches: list[_Stretch]) -> dict[uuid.UUID, Snippet]:
    marked = zip(stretches, _mark(words, stretches), strict=True)
    return {stretch.passage.incident_id: _snippet(stretch, text) for stretch, text in marked if _OPEN in text}


def _mark(words: str, stretches: list[_Stretch]) -> list[str]:
    if not stretches:
        return []
    values = {
        "words": words,
        "bodies": [s.folded for s in stretches],
        "languages": [s.passage.language for s in stretches],
        "options": f"HighlightAll=true, StartSel={_OPEN}, StopSel={_CLOSE}",
    }
    return list(db.session.scalars(sa.text(_MARKED), values))


def _prefix(stem: str) -> str:
    # Stemming changes a last letter at most in these languages (happy: happi), and never the first ones.
    return stem.replace("''", "'")[:-1] if len(stem) > 3 else stem  # noqa: PLR2004


def _fold(text: str) -> str:
    """Fold as search.fold does in the database."""
    return text.lower() if text.isascii() else _MARKS.sub("", unicodedata.normalize("NFD", text)).lower()


def _starts(text: str, stem: str) -> Iterator[int]:
    at = text.find(stem)
    while at != -1:
        if at == 0 or not text[at - 1].isalnum():
            yield at
        at = text.find(stem, at + 1)


def _likely(row: sa.Row[tuple[object, ...]], stems: set[str]) -> tuple[int, _Stretch]:
    """Return how many of the stems the best stretch of a passage holds, and that stretch."""
    folded = _fold(row.body)
    starts = sorted((place, stem) for stem in stems for place in _starts(folded, stem))[:_MOST]
    score, at = 0, 0
    for place, _stem in starts:
        near = len({stem for other, stem in starts if place <= other <= place + _AROUND})
        if near > score:
            score, at = near, place
    return score, _around(row, at, folded)


def _around(row: sa.Row[tuple[object, ...]], at: int | None, folded: str = "") -> _Stretch:
    """Return the stretch around character `at` of a passage, from word to word; the whole passage for None."""
    folded = folded or _fold(row.body)
    written = unicodedata.normalize("NFC", row.body)
    if len(written) != len(folded):
        written = folded  # a script whose folding changes lengths: show it folded
    if at is None:
        return _Stretch(row, written, folded, first=True, last=True)
    first = folded.rfind(" ", 0, at - _AROUND) + 1 if at > _AROUND else 0
    end = folded.find(" ", at + _AROUND)
    last = len(folded) if end == -1 else end
    return _Stretch(row, written[first:last], folded[first:last], first == 0, last == len(folded))


def _snippet(stretch: _Stretch, marked: str) -> Snippet:
    """Return the stretch as it was written, with the words that `marked` (folded) marks."""
    parts = re.split(f"[{_OPEN}{_CLOSE}]", marked)  # outside, inside, outside, ...
    out, at = [], 0
    for number, part in enumerate(parts):
        text = stretch.written[at : at + len(part)]
        out.append(Markup("<mark>%s</mark>") % text if number % 2 else escape(text))
        at += len(part)
    html = Markup("").join(out)
    before, after = "" if stretch.first else "… ", "" if stretch.last else " …"
    row = stretch.passage
    return Snippet(row.kind, row.number, row.language, Markup("%s%s%s") % (before, html, after))
