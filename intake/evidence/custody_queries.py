"""An item's custody told for a report or a certificate: each step once, in order, with what it rests on."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.models import User
from intake.evidence.custody_models import Destruction, ItemOrigin, LegalHold
from intake.evidence.models import CustodyEvent, EvidenceItem
from intake.incidents.models import Incident


@dataclass(frozen=True)
class Step:
    """One custody event with the name of who did it ('' for the program itself)."""

    at: dt.datetime
    kind: str
    who: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class Access:
    """How often an item was opened and copied since it was sealed."""

    viewed: int = 0
    copied: int = 0
    exported: int = 0


@dataclass(frozen=True)
class Rereads:
    """How often an item was read again in whole after it was sealed, and how often other bytes were found."""

    times: int = 0
    differing: int = 0


def ledger_of(item: EvidenceItem) -> list[Step]:
    """Return the item's custody, oldest first."""
    rows = db.session.execute(
        sa.select(CustodyEvent.at, CustodyEvent.kind, User.display_name, CustodyEvent.detail)
        .join(User, User.id == CustodyEvent.by_id, isouter=True)
        .where(CustodyEvent.item_id == item.id)
        .order_by(CustodyEvent.at, CustodyEvent.id)
    )
    return [Step(at, kind, who or "", detail) for at, kind, who, detail in rows]


def accesses(item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Access]:
    """Return how often each item was opened, copied and put into an export."""
    counted = (
        sa.select(CustodyEvent.item_id, CustodyEvent.kind, sa.func.count())
        .where(CustodyEvent.item_id.in_(list(item_ids)), CustodyEvent.kind.in_(("viewed", "copied", "exported")))
        .group_by(CustodyEvent.item_id, CustodyEvent.kind)
    )
    found: dict[uuid.UUID, dict[str, int]] = {}
    for item_id, kind, n in db.session.execute(counted):
        found.setdefault(item_id, {})[kind] = n
    return {item_id: Access(**counts) for item_id, counts in found.items()}


def rereads(item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Rereads]:
    """Return how often each item was read again, also in the nightly turn, and with what result."""
    differing = sa.func.count().filter(CustodyEvent.detail["same"].astext == "false")
    counted = (
        sa.select(CustodyEvent.item_id, sa.func.count(), differing)
        .where(CustodyEvent.item_id.in_(list(item_ids)), CustodyEvent.kind == "checked")
        .group_by(CustodyEvent.item_id)
    )
    return {item_id: Rereads(times, differed) for item_id, times, differed in db.session.execute(counted)}


def received(item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, dt.datetime]:
    """Return when each item had arrived whole."""
    first = (
        sa.select(CustodyEvent.item_id, sa.func.min(CustodyEvent.at))
        .where(CustodyEvent.item_id.in_(list(item_ids)), CustodyEvent.kind == "received")
        .group_by(CustodyEvent.item_id)
    )
    return {row[0]: row[1] for row in db.session.execute(first)}


def origins(item_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, ItemOrigin]:
    """Return how each item came, where somebody has said."""
    found = db.session.scalars(sa.select(ItemOrigin).where(ItemOrigin.item_id.in_(list(item_ids))))
    return {origin.item_id: origin for origin in found}


def chosen(item_ids: Sequence[uuid.UUID]) -> list[EvidenceItem]:
    """Return these items in this order. Raises NoResultFound when the reader may not see one of them."""
    return [db.session.get_one(EvidenceItem, item_id) for item_id in dict.fromkeys(item_ids)]


def choosable(incident_id: uuid.UUID | None, most: int = 200) -> list[EvidenceItem]:
    """Return the items that may be chosen for a certificate, of one incident or of all: whole ones, newest first."""
    found = sa.select(EvidenceItem).where(EvidenceItem.state.in_(("sealed", "quarantined")))
    if incident_id:
        found = found.where(EvidenceItem.incident_id == incident_id)
    return list(db.session.scalars(found.order_by(EvidenceItem.id.desc()).limit(most)))


def holds_on(incident_id: uuid.UUID, compartment_id: int) -> list[LegalHold]:
    """Return the holds that stand on an incident: its own and those on the whole matter in its compartment."""
    mine = (LegalHold.incident_id == incident_id) | (
        LegalHold.incident_id.is_(None) & (LegalHold.compartment_id == compartment_id)
    )
    return list(db.session.scalars(sa.select(LegalHold).where(mine, LegalHold.lifted_at.is_(None))))


def destruction_of(item: EvidenceItem) -> Destruction | None:
    """Return the newest order to destroy the item, or None."""
    orders = sa.select(Destruction).where(Destruction.item_id == item.id).order_by(Destruction.id.desc()).limit(1)
    found: Destruction | None = db.session.scalars(orders).one_or_none()
    return found


def names_of(user_ids: Iterable[int | None]) -> dict[int, str]:
    """Return the display names of these users."""
    wanted = {user_id for user_id in user_ids if user_id}
    named = sa.select(User.id, User.display_name).where(User.id.in_(wanted))
    return {row[0]: row[1] for row in db.session.execute(named)}


def standing_holds() -> list[LegalHold]:
    """Return the holds that stand and that the reader may see, the newest first."""
    standing = sa.select(LegalHold).where(LegalHold.lifted_at.is_(None)).order_by(LegalHold.id.desc())
    return list(db.session.scalars(standing))


def incidents_of(holds: Sequence[LegalHold]) -> list[Incident]:
    """Return the incidents that these holds name."""
    ids = {hold.incident_id for hold in holds if hold.incident_id}
    return list(db.session.scalars(sa.select(Incident).where(Incident.id.in_(ids))))
