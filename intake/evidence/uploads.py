"""Receiving a file: the row first, then the bytes straight from the browser to the store, part by part.

Nothing here makes an item evidence: `complete` only joins the parts and queues the reading back (sealing.py).
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import re
import secrets
import uuid

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db, jobs
from intake.access.actor import current
from intake.errors import Invalid, NotNow, NotThere, SameKeyOtherContent
from intake.evidence import batches, filenames, leases, quotas
from intake.evidence.batches import LARGEST, may_add
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem, UploadPart
from intake.incidents.models import Account, Incident
from intake.storage import Part, Signed, Storage

_SMALL_PART, _LARGE_PART = 8 * 2**20, 16 * 2**20  # bytes
_SMALL_FILE = 2**30


def start_upload(
    incident: Incident,
    *,
    account: Account | None,
    filename: str,
    size: int,
    media_type: str,
    once_key: uuid.UUID,
    storage: Storage,
) -> EvidenceItem:
    """Return the item that will receive this file; the same key again returns the same item.

    size: bytes. Raises NotAllowed without the right in the incident's compartment, Invalid for an empty or too large
    file, SameKeyOtherContent when the key came before with another file, QuotaReached.
    """
    item, made = open_row(
        incident, account=account, filename=filename, size=size, media_type=media_type, once_key=once_key
    )
    if made:
        quotas.check(incident.compartment_id, storage.settings)
        item.upload_id = storage.create_multipart(item.object_key, item.media_type)
    batches.link(item)
    if item.state == "receiving":
        leases.extend(item)
    else:
        batches.settle(item)
    return item


def open_row(
    incident: Incident, *, account: Account | None, filename: str, size: int, media_type: str, once_key: uuid.UUID
) -> tuple[EvidenceItem, bool]:
    """Return the row that will receive a file, and whether it is new. Raises as start_upload."""
    may_add(incident.compartment_id)
    if not 0 < size <= LARGEST:
        raise Invalid({"size": "empty" if size <= 0 else "too_large"})
    if account is not None and account.incident_id != incident.id:
        raise NotThere
    told: dict[str, object] = {
        "incident_id": incident.id,
        "account_id": account.id if account else None,
        "filename": filenames.storable(filename),
        "size": size,
    }
    item, made = _row_of(incident, once_key, told | {"media_type": filenames.media_type(media_type)})
    if any(getattr(item, name) != value for name, value in told.items()):
        raise SameKeyOtherContent
    if made:
        note(item, "receiving", size=size)
    return item, made


def _row_of(incident: Incident, once_key: uuid.UUID, values: dict[str, object]) -> tuple[EvidenceItem, bool]:
    # Two starts with one key at once: the second waits on the unique index, then finds the first one's row.
    size = int(str(values["size"]))
    added = db.session.execute(
        insert(EvidenceItem)
        .values(
            **values,
            compartment_id=incident.compartment_id,
            opened_by_id=incident.opened_by_id,
            added_by_id=current().user_id,
            once_key=once_key,
            object_key=f"e/{secrets.token_hex(16)}",
            part_size=_SMALL_PART if size <= _SMALL_FILE else _LARGE_PART,
        )
        .on_conflict_do_nothing(index_elements=["opened_by_id", "once_key"])
        .returning(EvidenceItem.id)
    ).scalar_one_or_none()
    mine = sa.select(EvidenceItem).where(
        EvidenceItem.opened_by_id == incident.opened_by_id, EvidenceItem.once_key == once_key
    )
    return db.session.execute(mine).scalar_one(), added is not None


def sign_part(item_id: uuid.UUID, number: int, size: int, sha256: str, storage: Storage) -> Signed:
    """Sign the sending of one part. size: bytes; sha256: base64, kept because joining the parts asks for it again.

    Raises NotAllowed and NotThere as access stands now, NotNow when the file is no longer being received, Invalid
    for a part that this file does not have.
    """
    item = being_received(item_id)
    if item.part_bytes(number) != size or size == 0:
        raise Invalid({"part_number": "wrong"})
    if not _is_sha256(sha256):
        raise Invalid({"sha256": "wrong"})
    values = {"sha256": sha256, "signed_at": sa.func.clock_timestamp()}
    place = {"incident_id": item.incident_id, "compartment_id": item.compartment_id, "opened_by_id": item.opened_by_id}
    db.session.execute(
        insert(UploadPart)
        .values(item_id=item.id, number=number, **place, **values)
        .on_conflict_do_update(index_elements=["item_id", "number"], set_=values)
    )
    leases.extend(item)
    return storage.presign_part(item.object_key, item.upload_id, number, size, sha256)


def arrived(item_id: uuid.UUID, storage: Storage) -> list[Part]:
    """Return the parts that arrived as they were signed, so that a resumed upload sends only the others.

    Raises NotAllowed, NotThere, NotNow when the file is no longer being received.
    """
    item = being_received(item_id)
    leases.extend(item)
    signed = set(db.session.scalars(sa.select(UploadPart.number).where(UploadPart.item_id == item.id)))
    there = storage.list_parts(item.object_key, item.upload_id)
    return [part for part in there if part.number in signed and part.size == item.part_bytes(part.number)]


def complete(item_id: uuid.UUID, device_sha256: str | None, storage: Storage) -> EvidenceItem:
    """Join the parts and queue the reading back; again, or after a lost answer, it has no second effect.

    device_sha256: hex, of the whole file as the browser read it, when it did. Raises NotNow while parts are missing.
    """
    item = db.session.get_one(EvidenceItem, item_id, with_for_update=True)
    may_add(item.compartment_id)
    if item.state != "receiving" or item.version_id:
        return item
    if device_sha256 and not re.fullmatch(r"[0-9a-f]{64}", device_sha256):
        raise Invalid({"sha256": "wrong"})
    mark_received(item, join(item, storage), device_sha256)
    jobs.defer("seal_item", user_id=current().user_id, item_id=item.id)
    return item


def mark_received(item: EvidenceItem, version_id: str, device_sha256: str | None) -> None:
    """Write down which stored version is this file; what is in it is not known yet."""
    values = {"version_id": version_id, "device_sha256": device_sha256 or item.device_sha256}
    # Not through the ORM: the edit version stays, so a description typed meanwhile is not refused as stale.
    db.session.execute(sa.update(EvidenceItem).where(EvidenceItem.id == item.id).values(**values))
    db.session.refresh(item)
    note(item, "received", device_sha256=item.device_sha256)


def join(item: EvidenceItem, storage: Storage) -> str:
    """Return the version id of the joined parts, joining them if nobody did. Raises NotNow while parts are missing."""
    rows = db.session.execute(sa.select(UploadPart.number, UploadPart.sha256).where(UploadPart.item_id == item.id))
    signed = {row.number: row.sha256 for row in rows}
    if not item.upload_id:
        return _joined_before(item, storage)
    try:
        parts = storage.list_parts(item.object_key, item.upload_id)
        if not _whole(item, parts, signed):
            return _joined_before(item, storage)
        whole = [Part(p.number, p.etag, p.size, signed[p.number]) for p in parts]
        return storage.complete_multipart(item.object_key, item.upload_id, whole)
    except NotThere:
        return _joined_before(item, storage)


def _whole(item: EvidenceItem, parts: list[Part], signed: dict[int, str]) -> bool:
    arrived = {part.number: part.size for part in parts if part.number in signed}
    return arrived == {number: item.part_bytes(number) for number in range(1, item.parts + 1)}


def _joined_before(item: EvidenceItem, storage: Storage) -> str:
    # The store joined them and its answer was lost: the newest version of this random key is the file.
    for head in storage.versions(item.object_key):
        if head.size == item.size:
            return head.version_id
    raise NotNow("parts_missing")


def abort(item_id: uuid.UUID, storage: Storage) -> None:
    """Stop receiving a file; its row stays, failed. Raises NotNow when the file is whole already."""
    item = db.session.get_one(EvidenceItem, item_id, with_for_update=True)
    may_add(item.compartment_id)
    if item.state == "failed":
        return
    if item.state != "receiving" or item.version_id or storage.versions(item.object_key):
        raise NotNow("received")
    give_up(item, "taken_off", storage)


def give_up(item: EvidenceItem, why: str, storage: Storage) -> None:
    """Fail an upload that never became whole and free its parts."""
    if item.upload_id:
        with contextlib.suppress(NotThere):  # the store forgot it already
            storage.abort_multipart(item.object_key, item.upload_id)
    mark_failed(item, why)


def mark_failed(item: EvidenceItem, why: str, **detail: object) -> None:
    """Fail an item for good. Its once key is freed, so that the same file can be sent again as a new item."""
    values = {"state": "failed", "failure": why, "once_key": uuid.uuid4()}
    changed = db.session.execute(
        sa.update(EvidenceItem)
        .where(EvidenceItem.id == item.id, EvidenceItem.state == "receiving")
        .values(**values)
        .returning(EvidenceItem.id)
    )
    if changed.first():
        db.session.refresh(item)
        note(item, "failed", why=why, **detail)


def being_received(item_id: uuid.UUID) -> EvidenceItem:
    """Return the item when the actor may send its parts now. Raises NotAllowed, NotThere, NotNow."""
    item: EvidenceItem = db.session.get_one(EvidenceItem, item_id)
    may_add(item.compartment_id)
    if item.state != "receiving" or item.version_id:
        raise NotNow("received")
    return item


def _is_sha256(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == 32  # noqa: PLR2004
    except (binascii.Error, ValueError):
        return False
