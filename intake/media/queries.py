"""What was made of an item, and what is known of its scan."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import defer

from intake import db
from intake.evidence.models import CustodyEvent, EvidenceItem
from intake.evidence.opening import closed
from intake.media.models import Derivative, ScanRelease

SHOWN_TEXT = 20_000  # characters on a page


@dataclass(frozen=True)
class Page:
    """One page's or picture's text. confidence: percent where it was read off a picture, None where it was typed."""

    number: int
    text: str
    confidence: int | None


@dataclass(frozen=True)
class About:
    """All that pages show of an item beside its bytes."""

    made: dict[str, Derivative] = field(default_factory=dict)
    pages: int = 0
    texts: list[Page] = field(default_factory=list)
    failures: list[Derivative] = field(default_factory=list)

    @property
    def claims(self) -> dict[str, Any]:
        """What the file says of itself, unverified."""
        claims: dict[str, Any] = self.made["claims"].detail.get("claims", {}) if "claims" in self.made else {}
        return claims


def derivatives_of(item: EvidenceItem) -> list[Derivative]:
    """Return what was made of the item, without its texts, or nothing for a closed one."""
    if closed(item):
        return []
    mine = sa.select(Derivative).where(Derivative.item_id == item.id).order_by(Derivative.kind, Derivative.number)
    return list(db.session.scalars(mine.options(defer(Derivative.content))))


def about(item: EvidenceItem) -> About:
    """Return what pages show of the item; of a closed one nothing."""
    rows = derivatives_of(item)
    made = {row.kind: row for row in reversed(rows) if row.state == "made"}  # of pages the first
    pages = sum(row.kind == "page" and row.state == "made" for row in rows)
    return About(made, pages, _texts(item) if rows else [], [row for row in rows if row.state != "made"])


def one(item: EvidenceItem, kind: str, number: int = 0) -> Derivative | None:
    """Return one derivative that was made, or None; of a closed item always None."""
    if closed(item):
        return None
    wanted = sa.select(Derivative).where(
        Derivative.item_id == item.id, Derivative.kind == kind, Derivative.number == number, Derivative.state == "made"
    )
    return db.session.scalars(wanted.options(defer(Derivative.content))).one_or_none()


def kinds_of(item: EvidenceItem) -> set[str]:
    """Return the kinds of what was made of the item."""
    kinds = sa.select(Derivative.kind).where(Derivative.item_id == item.id, Derivative.state == "made").distinct()
    return set(db.session.scalars(kinds))


def thumbnails(items: Iterable[EvidenceItem]) -> set[uuid.UUID]:
    """Return which of the items have a thumbnail that may be shown."""
    wanted = [item.id for item in items if not closed(item)]
    if not wanted:
        return set()
    mine = sa.select(Derivative.item_id).where(
        Derivative.item_id.in_(wanted), Derivative.kind == "thumbnail", Derivative.state == "made"
    )
    return set(db.session.scalars(mine))


def last_scan(item: EvidenceItem) -> dict[str, Any]:
    """Return what the custody says of the last scan: finding, why, by, signatures; empty without one."""
    last = (
        sa.select(CustodyEvent.detail)
        .where(CustodyEvent.item_id == item.id, CustodyEvent.kind == "scanned")
        .order_by(CustodyEvent.id.desc())
        .limit(1)
    )
    return db.session.scalar(last) or {}


def release_asked(item: EvidenceItem) -> ScanRelease | None:
    """Return the first attorney's request to open an infected item, while it waits for the second."""
    waiting = sa.select(ScanRelease).where(ScanRelease.item_id == item.id, ScanRelease.granted_at.is_(None))
    return db.session.scalars(waiting).one_or_none()


def _texts(item: EvidenceItem) -> list[Page]:
    rows = db.session.execute(
        sa.select(
            Derivative.number,
            sa.func.left(Derivative.content, SHOWN_TEXT).label("text"),
            Derivative.detail["confidence"].as_integer().label("confidence"),
        )
        .where(Derivative.item_id == item.id, Derivative.kind.in_(("text", "ocr")), Derivative.content != "")
        .order_by(Derivative.number, Derivative.kind.desc())
    )
    found, left = [], SHOWN_TEXT
    for row in rows:
        if left <= 0:
            break
        found.append(Page(row.number, row.text[:left], row.confidence))
        left -= len(row.text)
    return found
