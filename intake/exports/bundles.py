"""Bundles of original files: a BagIt bag (RFC 8493) with the custody list, the draft certificate, the log's proofs and
the offline verifier, in one ZIP file. Made by the job of exports, approved and downloaded like one.
"""

from __future__ import annotations

import csv
import io
import json
import mimetypes
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from intake import db, jobs
from intake.access import sessions
from intake.access.actor import Actor, current
from intake.access.fields import FieldClass, demand
from intake.access.policy import Permission
from intake.audit import bundle
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence import certificates, fixity
from intake.evidence import custody_queries as queries
from intake.evidence.custody import note
from intake.evidence.models import CustodyEvent, EvidenceItem
from intake.evidence.opening import assert_open
from intake.evidence.origins import CODED, codes
from intake.exports.models import Export
from intake.spreadsheets import harmless
from intake.storage import Storage

PROFILE, FORMAT, MEDIA_TYPE = "files", "zip", "application/zip"
DEMANDS = (Permission.EXPORT_PREPARE, Permission.EVIDENCE_CERTIFY)
OATH = "OA.UNIVERSAL"
LEDGER = ("file", "when_utc", "step", "by", "detail")
_PING = 20  # seconds: the database ends a transaction in which nothing is asked for two minutes


class Changed(NotNow):
    """A stored file is not what was sealed: no bundle is made of it."""


def prepare_bundle(items: Sequence[EvidenceItem], days: float, *, names: bool) -> Export:
    """Queue a bundle of these items. names: with the files' own names in the custody list.

    Raises Invalid and NotNow("checks") as a certificate does, NotNow for what no scanner cleared, NotAllowed; names
    need the right to read names.
    """
    compartment_id = certificates.one_compartment(items)
    if not all(current().may(needed, compartment_id) for needed in DEMANDS):
        raise NotAllowed
    if names and not current().may(Permission.IDENTITY_READ, compartment_id):
        raise NotAllowed
    if any(certificates.why_red(item, days) for item in items):
        raise NotNow("checks")
    for item in items:
        assert_open(item)
    export = Export(
        user_id=current().user_id,
        filters={"items": [str(item.id) for item in items], "names": names, "days": days},
        profile=PROFILE,
        format=FORMAT,
        compartments=[compartment_id],
    )
    db.session.add(export)
    db.session.flush()
    record("export_asked", subject="export", record_id=str(export.id), profile=PROFILE, format=FORMAT)
    jobs.defer("make_export", user_id=export.user_id, export_id=str(export.id))
    return export


def write_bundle(export_id: uuid.UUID, user_id: int, folder: Path, path: Path, store: Storage) -> list[uuid.UUID]:
    """Write the bundle to `path`, using `folder` on the way; returns the incidents that it holds, one for each item.

    Files are read from the store outside any transaction and hashed as they come. Raises Changed where the bytes are
    not what was sealed (which is written down and alarmed), NotNow("checks"), audit.bundle.NotYetSealed,
    StoreUnavailable.
    """
    with db.transaction():
        sessions.act_for(user_id)
        items = _items(db.session.get_one(Export, export_id))
        asked = [(item.id, item.object_key, item.version_id or "", item.sha256 or "", item.size) for item in items]
    fetched = folder / "fetched"
    fetched.mkdir()
    for item_id, key, version_id, sha256, size in asked:
        found = fixity.reread(store, key, version_id, _writer(fetched / item_id.hex))
        if found != (sha256, size):
            with db.transaction():
                fixity.compare(item_id, *found)
            raise Changed("changed")
    bag = folder / "bag"
    with db.transaction():
        actor = sessions.act_for(user_id)
        export = db.session.get_one(Export, export_id)
        items = _items(export)
        _write_bag(bag, export, items, fetched, actor)
        incidents = [item.incident_id for item in items]
    _zip(bag, path, f"testigo-bundle-{export_id.hex[-8:]}")
    return incidents


def note_exported(export: Export) -> None:
    """Write into each item's custody that it went into this bundle."""
    for item in queries.chosen([uuid.UUID(text) for text in export.filters["items"]]):
        note(item, "exported", export=export.id.hex, sha256=item.sha256)


def _items(export: Export) -> list[EvidenceItem]:
    items = queries.chosen([uuid.UUID(text) for text in export.filters["items"]])
    certificates.one_compartment(items)
    if any(certificates.why_red(item, export.filters["days"]) for item in items):
        raise NotNow("checks")
    for item in items:
        assert_open(item)
        demand(item, FieldClass.MEDIA)
    return items


def _writer(path: Path) -> Callable[[], Callable[[bytes], None]]:
    """Return what begins the file at `path` anew for each try, and then takes its pieces."""

    def begin() -> Callable[[bytes], None]:
        path.write_bytes(b"")
        return append

    def append(chunk: bytes) -> None:
        with path.open("ab") as file:
            file.write(chunk)

    return begin


def _write_bag(bag: Path, export: Export, items: Sequence[EvidenceItem], fetched: Path, actor: Actor) -> None:
    paper = certificates.files_paper(items, OATH)
    papers = {f"certificate-902-14.{form}": render(paper) for form, (_type, render) in certificates.FORMS.items()}
    ledger = _ledger(items, names=export.filters["names"])
    made = {"custody.csv": _csv(ledger), "custody.json": _json(items, ledger, names=export.filters["names"]), **papers}
    events = _sealings(items) if actor.may(Permission.EXPORT_APPROVE, items[0].compartment_id) else {}
    files = [bundle.BundledFile(_name(item), _reader(fetched / item.id.hex), events.get(item.id)) for item in items] + [
        bundle.BundledFile(name, _whole(body)) for name, body in made.items()
    ]
    written = bundle.write(bag, list(events.values()), files, info={"Bag-Count": "1 of 1"})
    export.filters = {**export.filters, "lacks": list(written.lacks)}


def _name(item: EvidenceItem) -> str:
    # Of the file's own name only a known ending is kept: a name may stand behind any dot.
    ending = Path(item.filename).suffix.lower()
    return f"{item.id}{ending if ending in mimetypes.types_map else '.bin'}"


def _reader(path: Path) -> Any:  # noqa: ANN401 (a function that gives the chunks once, and the disk back)
    def chunks() -> Iterator[bytes]:
        last = time.monotonic()
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                yield block
                if time.monotonic() - last > _PING:
                    db.session.execute(sa.text("select 1"))
                    last = time.monotonic()
        path.unlink()

    return chunks


def _whole(body: bytes) -> Any:  # noqa: ANN401
    return lambda: iter([body])


def _sealings(items: Sequence[EvidenceItem]) -> dict[uuid.UUID, int]:
    """Return, for each item, the log's event of its sealing: its payload names the hash."""
    sealed = sa.select(CustodyEvent.item_id, CustodyEvent.id).where(
        CustodyEvent.item_id.in_([item.id for item in items]), CustodyEvent.kind == "verified"
    )
    steps = {str(event_id): item_id for item_id, event_id in db.session.execute(sealed)}
    found = db.session.execute(
        sa.text(
            "select record_id, id from audit.trail where subject = 'custody_event' and kind = 'insert'"
            " and record_id = any(:ids)"
        ),
        {"ids": list(steps)},
    )
    return {steps[record_id]: event_id for record_id, event_id in found}


def _ledger(items: Sequence[EvidenceItem], *, names: bool) -> list[dict[str, Any]]:
    rows = []
    for item in items:
        for step in queries.ledger_of(item):
            when = step.at.isoformat(timespec="microseconds")
            told = {"when_utc": when, "step": step.kind, "by": step.who, "detail": step.detail}
            rows.append({"file": _name(item), **told})
        if names:
            told = {"when_utc": "", "step": "own name", "by": "", "detail": {"filename": item.filename}}
            rows.append({"file": _name(item), **told})
    return rows


def _csv(ledger: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    out = csv.writer(text)
    out.writerow(LEDGER)
    for row in ledger:
        detail = json.dumps(row["detail"], ensure_ascii=False, sort_keys=True)
        out.writerow([harmless(row[name]) for name in LEDGER[:-1]] + [harmless(detail)])
    return text.getvalue().encode("utf-8-sig")


def _json(items: Sequence[EvidenceItem], ledger: Sequence[dict[str, Any]], *, names: bool) -> bytes:
    origins = queries.origins(item.id for item in items)
    files = []
    for item in items:
        origin = origins.get(item.id)
        came = {name: getattr(origin, name) for name in CODED if origin and getattr(origin, name)}
        files.append(
            {
                "file": _name(item),
                "id": str(item.id),
                "media_type": item.content_type or item.media_type,
                "size": item.size,
                "sha256": item.sha256,
                "device_sha256": item.device_sha256,
                "sealed_at": item.sealed_at.isoformat() if item.sealed_at else None,
                "checked_at": item.checked_at.isoformat() if item.checked_at else None,
                "came": {name: codes(name)[code].paper for name, code in came.items()},
                **({"own_name": item.filename} if names else {}),
            }
        )
    return json.dumps({"files": files, "custody": list(ledger)}, ensure_ascii=False, indent=1, default=str).encode()


def _zip(bag: Path, path: Path, root: str) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as out:
        for file in sorted(each for each in bag.rglob("*") if each.is_file()):
            out.write(file, f"{root}/{file.relative_to(bag)}")
            file.unlink()  # the disk holds each byte once


def chosen(texts: Sequence[str]) -> list[EvidenceItem]:
    """Return the items of a form. Raises Invalid for what is no identifier, NoResultFound as queries.chosen."""
    try:
        return queries.chosen([uuid.UUID(text) for text in texts])
    except ValueError as wrong:
        raise Invalid({"items": "wrong"}) from wrong
