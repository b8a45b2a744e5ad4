"""What looks or reads alike: suggestions with reasons, never a decision, and only among what the reader may see.

Pictures and video frames: 128-bit difference hashes, compared by how many bits differ. Text: 5-word shingles in 16
bands of a 64-value minhash (Broder 1997), compared by shared bands. Row security decides what is compared.
"""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.evidence.models import EvidenceItem
from intake.media.models import Likeness

SAME_PICTURE, SAME_FRAME = 12, 10  # of 128 bits may differ: other size, other compression, small marks
_FRAMES = 0.5  # of the shorter video's frames
_BANDS, _ROWS, _SHINGLE = 16, 4, 5
_FEWEST_WORDS = 30  # shorter texts share forms' headings and nothing else
_FEWEST_BANDS = 3
MOST = 20  # suggestions shown


@dataclass(frozen=True)
class Alike:
    """Another item like this one. reason: same_file, picture, video or text; differs: how many `of` its points."""

    item_id: uuid.UUID
    reason: str
    differs: int = 0
    of: int = 0


def keep_pictures(item: EvidenceItem, family: str, hashes: list[str]) -> None:
    """Remember what the picture, or each frame of the video, looks like. hashes: hex, '' for a blank one."""
    kind = {"picture": "image", "video": "video"}.get(family)
    for number, found in enumerate(hashes):
        if kind and found:
            bits = sa.cast(f"{int(found, 16):0128b}", pg.BIT(128))
            _keep(item, kind, number, {"bits": bits})


def keep_text(item: EvidenceItem, text: str) -> None:
    """Remember how the text reads; nothing for a short one."""
    if bands := bands_of(text):
        _keep(item, "text", 0, {"bands": bands})


def _keep(item: EvidenceItem, kind: str, number: int, values: dict[str, object]) -> None:
    place = {"item_id": item.id, "incident_id": item.incident_id, "compartment_id": item.compartment_id,
             "opened_by_id": item.opened_by_id, "kind": kind, "number": number}  # fmt: skip
    db.session.execute(
        insert(Likeness)
        .values(**place, **values)
        .on_conflict_do_update(index_elements=["item_id", "kind", "number"], set_=values)
    )


def bands_of(text: str) -> list[str]:
    """Return the text's bands: two texts of which half the shingles are the same share some, most likely."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    words = "".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split()[:50_000]
    if len(words) < _FEWEST_WORDS:
        return []
    shingles = {" ".join(words[at : at + _SHINGLE]) for at in range(len(words) - _SHINGLE + 1)}
    values = [int.from_bytes(hashlib.blake2b(s.encode(), digest_size=8).digest()) for s in shingles]
    least = [min((value * factor + shift) % _PRIME for value in values) for factor, shift in _FUNCTIONS]
    return [
        f"{band}:{hashlib.blake2b(str(least[band * _ROWS : band * _ROWS + _ROWS]).encode(), digest_size=6).hexdigest()}"
        for band in range(_BANDS)
    ]


_PRIME = (1 << 61) - 1
# Fixed for ever: bands that are stored are compared with bands of tomorrow.
_FUNCTIONS = [
    (int.from_bytes(hashlib.sha256(f"a{n}".encode()).digest()[:7]) | 1,
     int.from_bytes(hashlib.sha256(f"b{n}".encode()).digest()[:7]))
    for n in range(_BANDS * _ROWS)
]  # fmt: skip


def like(item: EvidenceItem) -> list[Alike]:
    """Return what is like the item among what the reader sees, the likest first."""
    found: dict[uuid.UUID, Alike] = {}
    for each in (*_same_file(item), *_pictures(item), *_videos(item), *_texts(item)):
        found.setdefault(each.item_id, each)
    return list(found.values())[:MOST]


def _same_file(item: EvidenceItem) -> list[Alike]:
    same = sa.select(EvidenceItem.id).where(EvidenceItem.sha256 == item.sha256, EvidenceItem.id != item.id)
    return [Alike(other, "same_file") for other in db.session.scalars(same.limit(MOST))] if item.sha256 else []


def _pictures(item: EvidenceItem) -> list[Alike]:
    sql = """SELECT o.item_id, bit_count(o.bits # m.bits) AS differs FROM likeness m JOIN likeness o
ON o.kind = 'image' AND o.item_id <> m.item_id AND bit_count(o.bits # m.bits) <= :most
WHERE m.item_id = :item AND m.kind = 'image' ORDER BY 2, 1 LIMIT 20"""
    rows = db.session.execute(sa.text(sql), {"item": item.id, "most": SAME_PICTURE})
    return [Alike(row.item_id, "picture", int(row.differs), 128) for row in rows]


def _videos(item: EvidenceItem) -> list[Alike]:
    sql = """SELECT item_id, least(mine, count(DISTINCT number)) AS same, least(mine, theirs) AS of FROM (
  SELECT o.item_id, m.number,
    (SELECT count(*) FROM likeness x WHERE x.item_id = :item AND x.kind = 'video') AS mine,
    (SELECT count(*) FROM likeness x WHERE x.item_id = o.item_id AND x.kind = 'video') AS theirs
  FROM likeness m JOIN likeness o ON o.kind = 'video' AND o.item_id <> m.item_id
    AND bit_count(o.bits # m.bits) <= :most
  WHERE m.item_id = :item AND m.kind = 'video') pairs
GROUP BY item_id, mine, theirs HAVING count(DISTINCT number) >= least(mine, theirs) * CAST(:share AS float8)
ORDER BY 2 DESC, 1 LIMIT 20"""
    rows = db.session.execute(sa.text(sql), {"item": item.id, "most": SAME_FRAME, "share": _FRAMES})
    return [Alike(row.item_id, "video", int(row.of - row.same), int(row.of)) for row in rows]


def _texts(item: EvidenceItem) -> list[Alike]:
    sql = """SELECT o.item_id, cardinality(ARRAY(SELECT unnest(o.bands) INTERSECT SELECT unnest(m.bands))) AS same
FROM likeness m JOIN likeness o ON o.bands && m.bands AND o.kind = 'text' AND o.item_id <> m.item_id
WHERE m.item_id = :item AND m.kind = 'text' ORDER BY 2 DESC, 1 LIMIT 20"""
    rows = db.session.execute(sa.text(sql), {"item": item.id})
    return [Alike(row.item_id, "text", _BANDS - int(row.same), _BANDS) for row in rows if row.same >= _FEWEST_BANDS]
