"""Proof bundles of chosen records: which events they have, and the bag in a ZIP file."""

from __future__ import annotations

import tempfile
import uuid
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from intake import db
from intake.access.fields import FieldClass, demand
from intake.admin.queries import records_of
from intake.audit import bundle
from intake.audit.bundle import BundledFile, Opening, Written
from intake.audit.trail import record
from intake.errors import NotThere
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import assert_open
from intake.incidents.models import Incident, OfIncident
from intake.storage import Storage

MOST = 20_000  # events in one bundle
_TRAIL = sa.table("trail", *(sa.column(n) for n in ("id", "record_id", "fields")), schema="audit")


def rows_of(incident_id: uuid.UUID) -> list[str]:
    """Return the identifiers of an incident and of every row of it that the actor may read. Raises NoResultFound."""
    found = [str(db.session.get_one(Incident, incident_id).id)]
    for kind in OfIncident.__subclasses__():
        if hasattr(kind, "id"):
            found += map(str, db.session.scalars(sa.select(kind.id).where(kind.incident_id == incident_id)))
    return found


def named(record: str) -> list[str]:
    """Return the identifiers that an auditor's words name: IN-0142 or one identifier. Raises NotThere for none."""
    found = records_of(record)
    if not found:
        raise NotThere
    return found


def events_of(record_ids: Sequence[str]) -> list[int]:
    """Return the numbers of these records' events that the actor may audit. Raises NotThere when there is none."""
    query = sa.select(_TRAIL.c.id).where(_TRAIL.c.record_id.in_(record_ids)).order_by(_TRAIL.c.id).limit(MOST)
    found = list(db.session.scalars(query))
    if not found:
        raise NotThere
    return found


def files_of(record_ids: Sequence[str], storage: Storage) -> list[BundledFile]:
    """Return the sealed files among these records, each tied to the event that says its hash."""
    ids = [uuid.UUID(name) for name in record_ids if len(name) == 36]  # noqa: PLR2004 (a UUID with its dashes)
    items = db.session.scalars(
        sa.select(EvidenceItem)
        .where(EvidenceItem.id.in_(ids), EvidenceItem.state == "sealed")
        .order_by(EvidenceItem.id)
    )
    return [_file(item, storage) for item in items]


def openings_of(owner: sa.Connection, record_ids: Sequence[str]) -> dict[int, list[Opening]]:
    """Return the sealed values of these records that can be proved, by event, asked as the database's owner."""
    rows = owner.execute(
        sa.text("select o.* from audit.openings(array(select id from audit.event where record_id = any(:ids))) o"),
        {"ids": list(record_ids)},
    )
    found: dict[int, list[Opening]] = {}
    for r in rows:
        found.setdefault(r.event_id, []).append(Opening(r.side, r.field, bytes(r.salt), r.value))
    return found


def write(folder: Path, record_ids: Sequence[str], files: Sequence[BundledFile] = (), **more: Any) -> Written:  # noqa: ANN401
    """Write the bundle of these records into `folder`, and log that it was taken. more: options of bundle.write()."""
    written = bundle.write(folder, events_of(record_ids), files, **more)
    shown = sum(len(each) for each in (more.get("openings") or {}).values())
    record(
        "bundle", subject="event", events=written.events, withheld=written.withheld, files=written.files, opened=shown
    )
    return written


def zipped(record_ids: Sequence[str]) -> tuple[IO[bytes], Written]:
    """Return the bundle as a ZIP file, open and unnamed, and what it holds."""
    with tempfile.TemporaryDirectory(prefix="testigo-bundle-") as made:
        folder = Path(made) / "bundle"
        written = write(folder, record_ids)
        packed = tempfile.TemporaryFile()  # noqa: SIM115 (the answer closes it)
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(made))
    packed.seek(0)
    return packed, written


def _file(item: EvidenceItem, storage: Storage) -> BundledFile:
    assert_open(item)
    demand(item, FieldClass.MEDIA)
    told = sa.select(sa.func.max(_TRAIL.c.id)).where(
        _TRAIL.c.record_id == str(item.id), _TRAIL.c.fields.op("@>")(sa.cast(["sha256"], sa.ARRAY(sa.Text())))
    )
    record("download", subject="evidence_item", record_id=str(item.id), compartment_id=item.compartment_id, by="bundle")

    def chunks() -> Iterator[bytes]:
        return storage.open(item.object_key, item.version_id or "")

    return BundledFile(item.id.hex, chunks, db.session.scalar(told))
