"""Scanning what was sealed, before anybody opens it; and again later what could not be scanned when it came.

Reading takes long for large files, so it happens between two short transactions, as in sealing.
"""

from __future__ import annotations

import uuid

import procrastinate
import sqlalchemy as sa

from intake import db, jobs, storage
from intake.access import sessions
from intake.access.actor import current
from intake.errors import DatabaseUnavailable, StoreUnavailable
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.jobs import tasks
from intake.media import sandbox, scanner
from intake.media.queries import last_scan
from intake.media.scanner import Scanner, Verdict
from intake.storage import Storage

AGAIN = procrastinate.RetryStrategy(
    max_attempts=10, wait=5, linear_wait=60, retry_exceptions=(StoreUnavailable, DatabaseUnavailable)
)
_AT_ONCE = 500  # items taken up again by one turn of scan_waiting


@tasks.task(name="scan_item", retry=AGAIN)
def scan_item(user_id: int, item_id: str) -> None:
    """Scan one item as the user who added it."""
    scan(uuid.UUID(item_id), user_id, storage.current(), scanner.current())


@tasks.periodic(cron="*/15 * * * *", periodic_id="scan_waiting")
@tasks.task(name="scan_waiting", queueing_lock="scan_waiting")
def scan_waiting(timestamp: int) -> None:  # noqa: ARG001
    """Queue again what no scanner could look at, once there is one with fresh signatures, and what nobody looked into.

    Each as somebody who reaches the record now: the one who sent it may have lost it since.
    """
    if not scanner.current().missing():
        _queue("scan_item", "select item_id, actor_id from access.unscanned(:most)")
    _queue("derive_item", "select item_id, actor_id from access.underived(:most)")


def _queue(task: str, waiting: str) -> None:
    with db.transaction():
        for item_id, actor_id in db.session.execute(sa.text(waiting), {"most": _AT_ONCE}).all():
            jobs.defer(task, user_id=actor_id, item_id=item_id)


def scan(item_id: uuid.UUID, user_id: int, store: Storage, by: Scanner) -> str:
    """Scan a sealed item that waits for it; returns what is known of it then (EvidenceItem.scan).

    Raises StoreUnavailable: nothing changed, try again.
    """
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        if item.state != "sealed" or item.scan not in {"waiting", "held"}:
            return str(item.scan)
        key, version, size = item.object_key, item.version_id or "", item.size
    why = by.missing() or ("too_large" if size > scanner.LARGEST else "")
    found = Verdict("held", why) if why else _look(key, version, size, store, by)
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id, with_for_update=True)
        if item.state == "sealed" and item.scan in {"waiting", "held"}:
            _decide(item, found)
        return str(item.scan)


def _look(key: str, version: str, size: int, store: Storage, by: Scanner) -> Verdict:
    with sandbox.borrowed() as jail, sandbox.folder(store.open(key, version)) as where:
        return by.scan(where, size, jail)


def _decide(item: EvidenceItem, found: Verdict) -> None:
    before = (item.scan, last_scan(item).get("why", "")) if item.scan == "held" else None
    set_scan(item, found.finding)
    # Looked at again every quarter of an hour while there is no scanner: written down when the answer is another.
    if before != (found.finding, found.why):
        note(item, "scanned", finding=found.finding, why=found.why, by=found.scanner, signatures=found.signatures)
    if found.finding == "clean":
        jobs.defer("derive_item", user_id=current().user_id, item_id=item.id)


def set_scan(item: EvidenceItem, finding: str) -> None:
    """Write what is known of the item now; infected is quarantined, and only a release takes it out of that."""
    values = {
        "scan": finding,
        "scanned_at": sa.func.clock_timestamp(),
        "state": "quarantined" if finding == "infected" else "sealed",
    }
    # Past the ORM's edit version: what a scanner found is no edit of what people typed.
    db.session.execute(sa.update(EvidenceItem).where(EvidenceItem.id == item.id).values(**values))
    db.session.refresh(item)
