"""Sealing: an item is evidence only after its stored bytes were read back and hashed. Later checks read them again.

Reading takes minutes for large files, so it happens between two short transactions, never inside one.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

import procrastinate
import sqlalchemy as sa

from intake import db, jobs, storage
from intake.access import sessions
from intake.access.actor import current
from intake.errors import DatabaseUnavailable, NotThere, StoreUnavailable
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.evidence.uploads import mark_failed, mark_received, open_row
from intake.incidents.models import Account, Incident
from intake.jobs import tasks
from intake.storage import Storage

# 10 tries over about an hour; after that the reconciler takes the item up.
_AGAIN = procrastinate.RetryStrategy(
    max_attempts=10, wait=5, linear_wait=60, retry_exceptions=(StoreUnavailable, DatabaseUnavailable)
)


@dataclass(frozen=True)
class _Stored:
    """What to read back, as the row said before reading."""

    object_key: str
    version_id: str
    size: int
    device_sha256: str | None
    sha256: str | None


@tasks.task(name="seal_item", retry=_AGAIN)
def seal_item(user_id: int, item_id: str) -> None:
    """Seal one item as the user who uploaded it."""
    seal(uuid.UUID(item_id), user_id, storage.current())


@tasks.task(name="check_item", retry=_AGAIN)
def check_item(user_id: int, item_id: str) -> None:
    """Read a sealed item back again, as the user who asked for it."""
    check_fixity(uuid.UUID(item_id), user_id, storage.current())


def seal(item_id: uuid.UUID, user_id: int, store: Storage) -> str:
    """Read the item's version back and seal or fail it; returns the item's state.

    Sealed only when size and device's hash agree with what was read. One `verified` custody event, whoever else
    seals at the same time. Raises StoreUnavailable: nothing changed, try again.
    """
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        if item.state != "receiving" or not item.version_id:
            return str(item.state)
        stored = _stored(item)
    found = _read_back(stored, store)
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id, with_for_update=True)
        if item.state == "receiving":
            _decide(item, stored, found)
        return str(item.state)


def keep(
    incident_id: uuid.UUID,
    account_id: uuid.UUID | None,
    user_id: int,
    *,
    filename: str,
    media_type: str,
    body: bytes,
    store: Storage,
    made_here: bool = False,
) -> uuid.UUID:
    """Take a file whose bytes are at hand through the same steps, and return its item's id.

    made_here: this program made the bytes, so no scanner need look at them; never for what a person gave.
    Runs its own transactions. The same bytes for the same account are kept once. Raises as start_upload.
    """
    sha256 = hashlib.sha256(body).hexdigest()
    with db.transaction():
        sessions.act_for(user_id)
        incident = db.session.get_one(Incident, incident_id)
        account = db.session.get_one(Account, account_id) if account_id else None
        key = uuid.uuid5(account_id or incident_id, f"{filename}|{sha256}")
        item, _new = open_row(
            incident, account=account, filename=filename, size=len(body), media_type=media_type, once_key=key
        )
        item_id, object_key, there = item.id, item.object_key, bool(item.version_id)
        media_type = item.media_type
    if not there:
        version_id = store.put_object(store.bucket, object_key, body, media_type)
        with db.transaction():
            sessions.act_for(user_id)
            item = db.session.get_one(EvidenceItem, item_id)
            mark_received(item, version_id, sha256)
            if made_here:
                _write(item, {"scan": "made_here"})
    seal(item_id, user_id, store)
    return item_id


def check_fixity(item_id: uuid.UUID, user_id: int, store: Storage) -> bool:
    """Read a sealed item back again and write down whether it is what was sealed. Raises StoreUnavailable, NotThere."""
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        if item.state != "sealed":
            raise NotThere
        stored = _stored(item)
    found = _read_back(stored, store)
    same = found == (stored.sha256, stored.size)
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        _write(item, {"checked_at": sa.func.clock_timestamp(), "check_ok": same})
        note(item, "checked", same=same, sha256=found[0])
    return same


def _stored(item: EvidenceItem) -> _Stored:
    return _Stored(item.object_key, item.version_id or "", item.size, item.device_sha256, item.sha256)


def _read_back(stored: _Stored, store: Storage) -> tuple[str, int]:
    try:
        return store.hash_stored(stored.object_key, stored.version_id)
    except NotThere:
        return "", 0


def _decide(item: EvidenceItem, stored: _Stored, found: tuple[str, int]) -> None:
    sha256, size = found
    if why := _refusal(stored, sha256, size):
        mark_failed(item, why, sha256=sha256, size=size, device_sha256=stored.device_sha256)
        return
    now = sa.func.clock_timestamp()
    _write(item, {"state": "sealed", "sha256": sha256, "sealed_at": now, "checked_at": now, "check_ok": True})
    note(item, "verified", sha256=sha256, size=size, device_sha256=stored.device_sha256, version_id=stored.version_id)
    # Nobody opens it before it was scanned; what this program made itself needs no scan.
    jobs.defer("derive_item" if item.scan == "made_here" else "scan_item", user_id=current().user_id, item_id=item.id)


def _refusal(stored: _Stored, sha256: str, size: int) -> str:
    if not sha256:
        return "lost"
    if size != stored.size:
        return "size_differs"
    return "hash_differs" if stored.device_sha256 not in {None, sha256} else ""


def _write(item: EvidenceItem, values: dict[str, object]) -> None:
    # Past the ORM's edit version: the bytes' state is no edit of what people typed.
    db.session.execute(sa.update(EvidenceItem).where(EvidenceItem.id == item.id).values(**values))
    db.session.refresh(item)
