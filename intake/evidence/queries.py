"""What was received, and each item's custody."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.models import User
from intake.evidence.models import CustodyEvent, EvidenceItem
from intake.incidents.models import Account


@dataclass(frozen=True)
class CustodyLine:
    """One step of an item's custody with the name of who did it."""

    at: dt.datetime
    kind: str
    who: str
    detail: dict[str, Any]


def items_of(incident_id: uuid.UUID) -> list[EvidenceItem]:
    """Return the incident's items, oldest first, without those that somebody took off the list while sending."""
    return _listed(EvidenceItem.incident_id == incident_id)


def of_account(account_id: uuid.UUID) -> list[EvidenceItem]:
    """Return the items that came with one person's account, oldest first."""
    return _listed(EvidenceItem.account_id == account_id)


def _listed(condition: sa.ColumnElement[bool]) -> list[EvidenceItem]:
    kept = sa.select(EvidenceItem).where(condition, EvidenceItem.failure != "taken_off").order_by(EvidenceItem.id)
    return list(db.session.scalars(kept))


def custody_of(item: EvidenceItem) -> list[CustodyLine]:
    """Return the item's custody list, newest first."""
    rows = db.session.execute(
        sa.select(CustodyEvent.at, CustodyEvent.kind, User.display_name, CustodyEvent.detail)
        .join(User, User.id == CustodyEvent.by_id, isouter=True)
        .where(CustodyEvent.item_id == item.id)
        .order_by(CustodyEvent.id.desc())
    )
    return [CustodyLine(at, kind, who or "", detail) for at, kind, who, detail in rows]


def copies_of(item: EvidenceItem) -> tuple[int, int]:
    """Return how many items that the reader may see hold the same bytes, and from how many people they came.

    What the reader may not see is not counted: a number must not tell that somebody else sent it too.
    """
    if not item.sha256:
        return 0, 0
    counted = (
        sa.select(sa.func.count(), sa.func.count(Account.person_id.distinct()))
        .select_from(EvidenceItem)
        .join(Account, Account.id == EvidenceItem.account_id, isouter=True)
        .where(EvidenceItem.sha256 == item.sha256, EvidenceItem.state == "sealed")
    )
    copies, people = db.session.execute(counted).one()
    return int(copies), int(people)


def seen_lately(item: EvidenceItem, user_id: int, within: dt.timedelta) -> bool:
    """Tell whether this user opened the item within that time: a player asks for a video in many pieces."""
    recent = sa.select(CustodyEvent.id).where(
        CustodyEvent.item_id == item.id,
        CustodyEvent.by_id == user_id,
        CustodyEvent.kind == "viewed",
        CustodyEvent.at > sa.func.now() - within,
    )
    return db.session.execute(recent.limit(1)).first() is not None
