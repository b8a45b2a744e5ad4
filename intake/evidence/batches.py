"""Batches: what a sender said they would send, how much of it is here, and when it is all here."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, NotThere, SameKeyOtherContent
from intake.evidence import filenames, leases, quotas
from intake.evidence.batch_models import BatchFile, EvidenceBatch
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Account, Incident
from intake.settings import Settings

LARGEST = 50 * 2**30  # bytes of one file; 16 MiB parts reach 156 GiB before S3's limit of 10,000 parts
MOST_FILES = 20_000  # of one batch from a page; more come by `testigo import`
MOST_LINES = 500  # declared in one request
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class Line:
    """One file as the sender declares it. number: from 1; size: bytes; file_key: the once key of its upload."""

    number: int
    filename: str
    path: str
    size: int
    file_key: uuid.UUID
    sha256: str | None = None


def open_batch(
    incident: Incident, *, account: Account | None, files: int, size: int, once_key: uuid.UUID, settings: Settings,
    source: str = "page",
) -> EvidenceBatch:  # fmt: skip
    """Return the batch that these files make; the same choice again (same key) is the same batch.

    files: how many; size: bytes of all. Raises NotAllowed, Invalid, SameKeyOtherContent, QuotaReached before a byte
    is sent.
    """
    may_add(incident.compartment_id)
    if not 0 < files <= (MOST_FILES if source == "page" else 10**7):
        raise Invalid({"files": "none" if files <= 0 else "too_many"})
    if not 0 <= size < 2**62:
        raise Invalid({"size": "wrong"})
    if account is not None and account.incident_id != incident.id:
        raise NotThere
    told = {"incident_id": incident.id, "account_id": account.id if account else None, "source": source}
    place = {"compartment_id": incident.compartment_id, "opened_by_id": incident.opened_by_id}
    added = db.session.execute(
        insert(EvidenceBatch)
        .values(**told, **place, sent_by_id=current().user_id, once_key=once_key, files=files, size=size)
        .on_conflict_do_nothing(index_elements=["opened_by_id", "once_key"])
        .returning(EvidenceBatch.id)
    ).scalar_one_or_none()
    batch: EvidenceBatch = db.session.execute(
        sa.select(EvidenceBatch).where(
            EvidenceBatch.opened_by_id == incident.opened_by_id, EvidenceBatch.once_key == once_key
        )
    ).scalar_one()
    if any(getattr(batch, name) != value for name, value in told.items()):
        raise SameKeyOtherContent
    if added:
        quotas.check(incident.compartment_id, settings, more=size)
    elif source == "page" and (batch.files, batch.size) != (files, size):
        raise SameKeyOtherContent
    return batch


def declare(batch: EvidenceBatch, lines: Sequence[Line]) -> None:
    """Write lines of the manifest; a line that stands already stays as it is. Raises NotAllowed, Invalid.

    A file that cannot be taken (empty, larger than 50 GiB) is a line with its failure, so that it is counted.
    """
    may_add(batch.compartment_id)
    place = {
        "batch_id": batch.id, "incident_id": batch.incident_id, "compartment_id": batch.compartment_id,
        "opened_by_id": batch.opened_by_id,
    }  # fmt: skip
    rows = [_row(batch, line) | place for line in lines]
    if len({row["number"] for row in rows}) < len(rows) or len(rows) > MOST_LINES:
        raise Invalid({"files": "wrong"})
    if rows:
        db.session.execute(insert(BatchFile).values(rows).on_conflict_do_nothing())
        _find_items(batch, [line.file_key for line in lines])


def _row(batch: EvidenceBatch, line: Line) -> dict[str, object]:
    if not 1 <= line.number <= batch.files or len(line.path) > _LONGEST_PATH or "\x00" in line.path:
        raise Invalid({"files": "wrong"})
    if line.sha256 is not None and not re.fullmatch("[0-9a-f]{64}", line.sha256):
        raise Invalid({"sha256": "wrong"})
    failure = "empty" if line.size <= 0 else "too_large" if line.size > LARGEST else ""
    return {
        "number": line.number,
        "file_key": line.file_key,
        "filename": filenames.storable(line.filename),
        "path": filenames.storable(line.path) if line.path else "",
        "size": min(max(line.size, 0), 2**62),
        "sha256": line.sha256,
        "failure": failure,
    }


def _find_items(batch: EvidenceBatch, keys: list[uuid.UUID]) -> None:
    # The files were begun before, alone or in another batch.
    db.session.execute(
        sa.update(BatchFile)
        .values(item_id=EvidenceItem.id)
        .where(
            BatchFile.batch_id == batch.id,
            BatchFile.file_key.in_(keys),
            BatchFile.item_id.is_(None),
            EvidenceItem.opened_by_id == BatchFile.opened_by_id,
            EvidenceItem.once_key == BatchFile.file_key,
            EvidenceItem.incident_id == batch.incident_id,
        )
        .execution_options(synchronize_session=False)
    )
    complete_if_whole(batch.id)


def link(item: EvidenceItem) -> None:
    """Tie the manifest lines that wait for this file to the item that receives it, after a failed one too."""
    db.session.execute(
        sa.update(BatchFile)
        .values(item_id=item.id)
        .where(
            BatchFile.opened_by_id == item.opened_by_id,
            BatchFile.file_key == item.once_key,
            BatchFile.incident_id == item.incident_id,
            BatchFile.item_id.is_distinct_from(item.id),
        )
        .execution_options(synchronize_session=False)
    )


def settle(item: EvidenceItem) -> None:
    """Complete the batches that this item, just sealed, makes whole."""
    for batch_id in db.session.scalars(
        sa.select(BatchFile.batch_id).where(BatchFile.item_id == item.id).distinct().order_by(BatchFile.batch_id)
    ).all():
        complete_if_whole(batch_id)


def complete_if_whole(batch_id: uuid.UUID) -> None:
    """Set completed_at and the manifest's hash once every declared file is sealed as declared."""
    waiting = sa.select(EvidenceBatch).where(EvidenceBatch.id == batch_id, EvidenceBatch.completed_at.is_(None))
    batch = db.session.execute(waiting.with_for_update()).scalar_one_or_none()
    if batch is None or db.session.execute(sa.text(_ONE_MISSING), {"id": batch_id}).first():
        return
    whole, manifest = db.session.execute(sa.text(_MANIFEST), {"id": batch_id}).one()
    if whole == batch.files:
        batch.completed_at, batch.manifest_sha256 = sa.func.clock_timestamp(), manifest
        db.session.flush()


_ONE_MISSING = """select 1 from batch_file f left join evidence_item i on i.id = f.item_id
where f.batch_id = :id and (i.state in ('sealed', 'quarantined') and i.sha256 is not null
  and (f.sha256 is null or f.sha256 = i.sha256)) is not true limit 1"""
_MANIFEST = """select count(*), encode(sha256(convert_to(string_agg(i.sha256 || '  ' || i.size || '  '
  || coalesce(nullif(f.path, ''), f.filename) || E'\\n', '' order by f.number), 'UTF8')), 'hex')
from batch_file f join evidence_item i on i.id = f.item_id where f.batch_id = :id"""


def keep_alive(batch: EvidenceBatch) -> None:
    """Note that the sender is there, though paused: unfinished uploads are left alone. Raises NotAllowed."""
    may_add(batch.compartment_id)
    sending = (
        sa.select(EvidenceItem)
        .join(BatchFile, BatchFile.item_id == EvidenceItem.id)
        .where(BatchFile.batch_id == batch.id, EvidenceItem.state == "receiving", EvidenceItem.version_id.is_(None))
        .order_by(EvidenceItem.id)
    )
    leases.extend(*dict.fromkeys(db.session.scalars(sending)))


def may_add(compartment_id: int) -> None:
    """Raise NotAllowed unless the actor may add evidence there."""
    if not current().may(Permission.EVIDENCE_ADD, compartment_id):
        raise NotAllowed
