"""Sealing: an item is evidence only after its stored bytes were read back and hashed. Later checks read them again.

Reading takes minutes for large files, so it happens between two short transactions, never inside one.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

import procrastinate
import sqlalchemy as sa

from intake import db, jobs, storage
from intake.access import sessions
from intake.access.actor import current
from intake.errors import DatabaseUnavailable, NotThere, StoreUnavailable
from intake.evidence import batches, fixity, leases
from intake.evidence.batch_models import RejectedVersion
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem, UploadPart
from intake.evidence.uploads import mark_failed, mark_received, open_row
from intake.incidents.models import Account, Incident
from intake.jobs import tasks
from intake.storage import Storage

# 10 tries over about an hour; after that the reconciler takes the item up.
_AGAIN = procrastinate.RetryStrategy(
    max_attempts=10, wait=5, linear_wait=60, retry_exceptions=(StoreUnavailable, DatabaseUnavailable, leases.BeingRead)
)


@dataclass(frozen=True)
class _Stored:
    """What to read back, as the rows said before reading. parts: the SHA-256 (base64) that each was signed with."""

    object_key: str
    version_id: str
    size: int
    device_sha256: str | None
    sha256: str | None
    part_size: int
    parts: tuple[str, ...] = ()


class _Parts:
    """Hashes what it is given in parts of one size."""

    def __init__(self, size: int) -> None:
        self.size, self.left = size, size
        self.digest = hashlib.sha256()
        self.done: list[str] = []

    def __call__(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view:
            taken = view[: self.left]
            self.digest.update(taken)
            self.left -= len(taken)
            view = view[len(taken) :]
            if not self.left:
                self._end()

    def finish(self) -> tuple[str, ...]:
        """Return the digests (base64) of all parts, the last, shorter one too."""
        if self.left < self.size:
            self._end()
        return tuple(self.done)

    def _end(self) -> None:
        self.done.append(base64.b64encode(self.digest.digest()).decode())
        self.digest, self.left = hashlib.sha256(), self.size


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

    Sealed only when what was read has the size and the hash that the device said, or the hashes that its parts were
    signed with. A reading that differs is done once more: the fault may have been the reading's. One `verified`
    custody event, whoever else seals. Raises StoreUnavailable, BeingRead: nothing changed, try again.
    """
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        if item.state != "receiving" or not item.version_id:
            return str(item.state)
        stored = _stored(item)
    with leases.reading(item_id):
        found = _read_back(stored, store)
        if _refusal(stored, found):
            found = _read_back(stored, store)
        if found.sha256 and store.settings.s3_lock_days:
            until = dt.datetime.now(dt.UTC) + dt.timedelta(days=store.settings.s3_lock_days)
            store.retain(stored.object_key, stored.version_id, until)
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
    found = _Found(*fixity.reread(store, stored.object_key, stored.version_id))
    same = (found.sha256, found.size) == (stored.sha256, stored.size)
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        _write(item, {"checked_at": sa.func.clock_timestamp(), "check_ok": same})
        note(item, "checked", same=same, sha256=found.sha256)
    return same


@dataclass(frozen=True)
class _Found:
    """What was read: SHA-256 (hex, '' when the version is not there), bytes, and its parts' SHA-256 (base64)."""

    sha256: str = ""
    size: int = 0
    parts: tuple[str, ...] = ()


def _stored(item: EvidenceItem) -> _Stored:
    signed = sa.select(UploadPart.sha256).where(UploadPart.item_id == item.id).order_by(UploadPart.number)
    # Where the device hashed the whole file, its parts need no second look.
    parts = () if item.device_sha256 or not item.upload_id else tuple(db.session.scalars(signed))
    return _Stored(
        item.object_key, item.version_id or "", item.size, item.device_sha256, item.sha256, item.part_size, parts
    )


def _read_back(stored: _Stored, store: Storage) -> _Found:
    parts = _Parts(stored.part_size) if stored.parts else None
    try:
        sha256, size = store.hash_stored(stored.object_key, stored.version_id, also=parts)
    except NotThere:
        return _Found()
    return _Found(sha256, size, parts.finish() if parts else ())


def _decide(item: EvidenceItem, stored: _Stored, found: _Found) -> None:
    sha256, size = found.sha256, found.size
    if why := _refusal(stored, found):
        mark_failed(item, why, sha256=sha256, size=size, device_sha256=stored.device_sha256)
        if sha256:
            _reject(item, stored, found, why)
        return
    now = sa.func.clock_timestamp()
    _write(item, {"state": "sealed", "sha256": sha256, "sealed_at": now, "checked_at": now, "check_ok": True})
    note(item, "verified", sha256=sha256, size=size, device_sha256=stored.device_sha256, version_id=stored.version_id)
    batches.settle(item)
    # Nobody opens it before it was scanned; what this program made itself needs no scan.
    jobs.defer("derive_item" if item.scan == "made_here" else "scan_item", user_id=current().user_id, item_id=item.id)


def _reject(item: EvidenceItem, stored: _Stored, found: _Found, why: str) -> None:
    # The bytes that were refused stay in the store, locked like any other, and are known for what they are.
    place = {"incident_id": item.incident_id, "compartment_id": item.compartment_id, "opened_by_id": item.opened_by_id}
    told = {"version_id": stored.version_id, "why": why, "sha256": found.sha256, "size": found.size}
    db.session.add(RejectedVersion(item_id=item.id, **place, **told))
    db.session.flush()


def _refusal(stored: _Stored, found: _Found) -> str:
    if not found.sha256:
        return "lost"
    if found.size != stored.size:
        return "size_differs"
    same = stored.device_sha256 in {None, found.sha256} and stored.parts in {(), found.parts}
    return "" if same else "hash_differs"


def _write(item: EvidenceItem, values: dict[str, object]) -> None:
    # Past the ORM's edit version: the bytes' state is no edit of what people typed.
    db.session.execute(sa.update(EvidenceItem).where(EvidenceItem.id == item.id).values(**values))
    db.session.refresh(item)
