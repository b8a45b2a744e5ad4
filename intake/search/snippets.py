"""The highlighted passage of each hit on the page: which passage, in which language, where the words stand.

Words are found in the folded text, as the index did, and marked in the person's own; folding keeps lengths, so a
place in one is the same place in the other.
"""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from markupsafe import Markup, escape

from intake import db

_OPEN, _CLOSE = "\ue000", "\ue001"  # private-use characters that no text here holds
_AROUND = 110  # characters shown to each side of the first hit


@dataclass(frozen=True)
class Snippet:
    """kind: narrative, paragraph or note; number: the paragraph's; html: escaped text with <mark>."""

    kind: str
    number: int | None
    language: str
    html: Markup


def snippets(words: str, incident_ids: list[uuid.UUID]) -> dict[uuid.UUID, Snippet]:
    """Return for each incident the first passage that holds the words; none when only several together do."""
    if not words or not incident_ids:
        return {}
    rows = db.session.execute(sa.text(_PASSAGES), {"words": words, "ids": incident_ids})
    found: dict[uuid.UUID, Snippet] = {}
    for row in rows:
        if row.incident_id not in found and _OPEN in row.marked:
            text = unicodedata.normalize("NFC", row.body)
            found[row.incident_id] = Snippet(row.kind, row.number, row.language, _cut(text, row.marked))
    return found


# One statement for the page's incidents only; row security cuts each of the three tables by itself.
_PASSAGES = f"""
with passage as (
  select incident_id, 1 as rank, 'narrative' as kind, null::int as number, narrative_language as language, narrative as body
    from account where incident_id = any(:ids) and narrative <> ''
  union all select incident_id, 2, 'paragraph', position, 'en', text from paragraph where incident_id = any(:ids) and text <> ''
  union all select incident_id, 3, 'paragraph', position, original_language, original from paragraph
    where incident_id = any(:ids) and original <> ''
  union all select incident_id, 4, 'note', null, language, text from note where incident_id = any(:ids))
select incident_id, kind, number, language, body,
  ts_headline(case when language = 'en' then 'pg_catalog.english'::regconfig else 'pg_catalog.spanish'::regconfig end,
    search.fold(body), search.asked(:words), 'HighlightAll=true, StartSel={_OPEN}, StopSel={_CLOSE}') as marked
from passage order by incident_id, rank, number
"""


def _cut(text: str, marked: str) -> Markup:
    """Return the stretch around the first marked word of `marked` (folded), taken from `text` (as written)."""
    if len(marked.replace(_OPEN, "").replace(_CLOSE, "")) != len(text):
        text = marked.replace(_OPEN, "").replace(_CLOSE, "")  # a script whose folding changes lengths: show it folded
    spans, place, begin = [], 0, 0
    for character in marked:
        if character == _OPEN:
            begin = place
        elif character == _CLOSE:
            spans.append((begin, place))
        else:
            place += 1
    first = max(0, spans[0][0] - _AROUND)
    last = min(len(text), spans[0][1] + _AROUND)
    first = text.rfind(" ", 0, first) + 1 if first else 0
    last = text.find(" ", last) if last < len(text) and text.find(" ", last) != -1 else len(text)
    out, at = [], first
    for begin, end in spans:
        if first <= begin and end <= last:
            out += [escape(text[at:begin]), Markup("<mark>"), escape(text[begin:end]), Markup("</mark>")]
            at = end
    out.append(escape(text[at:last]))
    return Markup("…" if first else "") + Markup("").join(out) + Markup("…" if last < len(text) else "")
