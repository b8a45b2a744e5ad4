"""Legal holds, and destruction by a court's order: two persons, never under a hold, a tombstone afterwards.

Hold beats deletion everywhere (FRCP 37(e)); the database refuses a destruction that this file would forget to
(custody_sql.py).
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import procrastinate
import sqlalchemy as sa

from intake import db, jobs, storage
from intake.access import notices, sessions
from intake.access.actor import current
from intake.access.policy import Permission
from intake.documents.private import private_details
from intake.errors import DatabaseUnavailable, Invalid, NotAllowed, NotNow, StoreUnavailable
from intake.evidence.batch_models import BatchFile
from intake.evidence.custody import note
from intake.evidence.custody_models import Destruction, LegalHold
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Incident
from intake.jobs import tasks
from intake.storage import Storage
from intake.taxonomy import taxonomy

_AGAIN = procrastinate.RetryStrategy(
    max_attempts=10, wait=5, linear_wait=60, retry_exceptions=(StoreUnavailable, DatabaseUnavailable)
)
AUTHORITY = 200  # letters: court, docket and entry number of the order
# What else holds an item's bytes: slices above name here how theirs go (derivatives, finished exports).
_ALSO: list[Callable[[uuid.UUID, int, Storage], None]] = []


def also_goes(destroy: Callable[[uuid.UUID, int, Storage], None]) -> Callable[[uuid.UUID, int, Storage], None]:
    """Register how another slice destroys what it made of an item; it runs in its own transaction, maybe twice."""
    _ALSO.append(destroy)
    return destroy


def place_hold(incident: Incident | None, reason: str, reference: str) -> LegalHold:
    """Place a hold on an incident, or on the whole matter. reason: HC.*. Raises NotAllowed, Invalid."""
    me = current()
    compartment_id = incident.compartment_id if incident else me.compartment_for(Permission.EVIDENCE_HOLD)
    if not me.may(Permission.EVIDENCE_HOLD, compartment_id):
        raise NotAllowed
    if reason not in taxonomy("hold_class").codes:
        raise Invalid({"reason": "unknown"})
    hold = LegalHold(
        incident_id=incident.id if incident else None,
        compartment_id=compartment_id,
        opened_by_id=incident.opened_by_id if incident else me.user_id,
        reason=reason,
        reference=reference.strip(),
        placed_by_id=me.user_id,
    )
    db.session.add(hold)
    db.session.flush()
    return hold


def lift_hold(hold: LegalHold, why: str) -> None:
    """Lift a hold. Raises NotAllowed, Invalid without a reason, NotNow when it was lifted already."""
    if not current().may(Permission.EVIDENCE_HOLD, hold.compartment_id):
        raise NotAllowed
    if hold.lifted_at:
        raise NotNow("lifted")
    if not why.strip():
        raise Invalid({"why": "missing"})
    hold.lifted_why, hold.lifted_by_id = why.strip(), current().user_id
    hold.lifted_at = sa.func.clock_timestamp()
    db.session.flush()


def held(item: EvidenceItem) -> bool:
    """Tell whether any hold, also another organisation's on the matter, bars the item's destruction."""
    asked = sa.text("select access.held(:incident, :compartment)")
    place = {"incident": item.incident_id, "compartment": item.compartment_id}
    return bool(db.session.execute(asked, place).scalar_one())


def ask_destruction(item: EvidenceItem, authority: str, ordered_on: dt.date, *, lock_mode: str) -> Destruction:
    """Ask for an item's destruction under a court's order; a second person decides.

    authority: court, docket and entry number, no name. Raises NotAllowed, Invalid, NotNow: held, compliance (the
    store's lock cannot be passed), not_sealed, already.
    """
    if not current().may(Permission.EVIDENCE_DESTROY, item.compartment_id):
        raise NotAllowed
    wrong = {}
    if not 0 < len(authority.strip()) <= AUTHORITY or any(private_details(authority)):
        wrong["authority"] = "wrong"
    if ordered_on > dt.datetime.now(dt.UTC).date():
        wrong["ordered_on"] = "future"
    if wrong:
        raise Invalid(wrong)
    _may_be_destroyed(item, lock_mode)
    if _open_order(item):
        raise NotNow("already")
    order = Destruction(
        item_id=item.id,
        incident_id=item.incident_id,
        compartment_id=item.compartment_id,
        opened_by_id=item.opened_by_id,
        authority=authority.strip(),
        ordered_on=ordered_on,
        asked_by_id=current().user_id,
        sha256=item.sha256,
        size=item.size,
    )
    db.session.add(order)
    db.session.flush()
    note(item, "destruction_asked", order=order.id.hex)
    notices.alert(item.compartment_id, "destruction.waits", str(item.id), ("RO.SUPATT",))
    return order


def decide_destruction(order: Destruction, *, approve: bool, lock_mode: str) -> None:
    """Approve or refuse; approving queues the destruction, and once approved, queues it again.

    Raises NotAllowed to whoever asked for it, NotNow as ask_destruction and when it was decided otherwise.
    """
    me = current()
    if not me.may(Permission.EVIDENCE_DESTROY, order.compartment_id) or (approve and me.user_id == order.asked_by_id):
        raise NotAllowed
    if order.state != "asked" and not (approve and order.state == "approved"):
        raise NotNow("decided")
    item = db.session.get_one(EvidenceItem, order.item_id)
    if approve:
        _may_be_destroyed(item, lock_mode)
    if order.state == "asked":
        order.state = "approved" if approve else "refused"
        order.decided_by_id, order.decided_at = me.user_id, sa.func.clock_timestamp()
        db.session.flush()
        note(item, "destruction_approved" if approve else "destruction_refused", order=order.id.hex)
    if approve:
        jobs.defer("destroy_item", user_id=order.decided_by_id, order_id=order.id)


@tasks.task(name="destroy_item", retry=_AGAIN)
def destroy_item(user_id: int, order_id: str) -> None:
    """Carry out an approved order as the one who approved it."""
    destroy(uuid.UUID(order_id), user_id, storage.current())


def destroy(order_id: uuid.UUID, user_id: int, store: Storage) -> str:
    """Close the item, destroy every stored version and what was made of it, then say so; returns the order's state.

    A hold that came after the approval stops it. Safe to run again. Raises StoreUnavailable, NotNow("locked").
    """
    with db.transaction():
        sessions.act_for(user_id)
        order = db.session.get_one(Destruction, order_id, with_for_update=True)
        if order.state != "approved":
            return str(order.state)
        item = db.session.get_one(EvidenceItem, order.item_id, with_for_update=True)
        if item.state != "destroyed" and held(item):
            order.state = "stopped"
            note(item, "destruction_stopped", order=order.id.hex)
            return "stopped"
        item_id, key = item.id, item.object_key
        if item.state != "destroyed":
            _close(item, order)
    for head in store.versions(key):
        store.destroy_version(key, head.version_id)
    for gone in _ALSO:
        gone(item_id, user_id, store)
    with db.transaction():
        sessions.act_for(user_id)
        order = db.session.get_one(Destruction, order_id, with_for_update=True)
        if order.state == "approved":
            order.state, order.destroyed_at = "done", sa.func.clock_timestamp()
            item = db.session.get_one(EvidenceItem, item_id)
            note(item, "destroyed", order=order.id.hex, sha256=order.sha256, size=order.size)
        return "done"


def _close(item: EvidenceItem, order: Destruction) -> None:
    # What people wrote of its content goes with it; hash, size and custody stay, so that proofs still verify.
    values = {"state": "destroyed", "filename": "", "description": ""}
    db.session.execute(sa.update(EvidenceItem).where(EvidenceItem.id == item.id).values(**values))
    # Its name and folders stand in the list of the batch that it came with, too.
    db.session.execute(sa.update(BatchFile).where(BatchFile.item_id == item.id).values(filename="", path=""))
    db.session.refresh(item)
    note(item, "closed_by_order", order=order.id.hex)


def _may_be_destroyed(item: EvidenceItem, lock_mode: str) -> None:
    if item.state not in {"sealed", "quarantined", "destroyed"} or not item.sha256:
        raise NotNow("not_sealed")
    if lock_mode == "COMPLIANCE":
        raise NotNow("compliance")
    if item.state != "destroyed" and held(item):
        raise NotNow("held")


def _open_order(item: EvidenceItem) -> bool:
    standing = sa.select(Destruction.id).where(
        Destruction.item_id == item.id, Destruction.state.in_(("asked", "approved", "done"))
    )
    return db.session.execute(standing.limit(1)).first() is not None
