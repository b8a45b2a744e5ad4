"""Bulk import: many files by the protocol that pages use, with the batches' manifests as the ledger.

A run that ends anywhere, by kill -9 too, goes on where it was: what is listed again finds its manifest line by path,
size and content, its item by the same key, and in the store the parts that arrived.
"""

from __future__ import annotations

import base64
import hashlib
import mimetypes
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import DatabaseUnavailable, Invalid, StoreUnavailable
from intake.evidence import batch_queries, batches, filenames, uploads
from intake.evidence.batch_models import BatchFile, EvidenceBatch
from intake.evidence.batches import Line
from intake.evidence.import_sources import Changed, Found, Source
from intake.evidence.leases import BeingRead
from intake.evidence.models import EvidenceItem
from intake.evidence.sealing import seal
from intake.incidents.models import Account, Incident
from intake.storage import Storage

_KEYS = uuid.UUID("6f0c5a0e-6d0b-5b8f-9b55-6a3e2f1f7d11")  # the namespace of import keys (RFC 9562, version 5)
_TRIES = 8
_PARTS_AT_ONCE = 3  # of one file
_LONGEST_WAIT = 60  # seconds between two tries
_AGAIN = {"unreadable", "hash_differs"}  # failures that another run may not have


@dataclass(frozen=True)
class Place:
    """Where a file belongs; without an incident it goes among the unsorted."""

    incident_id: uuid.UUID | None = None
    account_id: uuid.UUID | None = None


@dataclass
class Plan:
    """What to import, for whom. place: says where a path belongs. hashes: declared SHA-256 (hex) by path."""

    source: Source
    user_id: int
    store: Storage
    place: Callable[[str], Place]
    hashes: dict[str, str] = field(default_factory=dict)
    at_once: int = 4
    told: Callable[[int, int], None] = lambda _done, _all: None


@dataclass(frozen=True)
class _Task:
    """One file that is not here yet, and its manifest line's key."""

    batch_id: uuid.UUID
    number: int
    file_key: uuid.UUID
    found: Found


def run(plan: Plan) -> list[uuid.UUID]:
    """List the source, declare it, send what is missing, seal it; returns the batches, one per incident and account.

    Raises QuotaReached before or while sending, NotAllowed, NoResultFound for an incident the user does not see, and
    StoreUnavailable or DatabaseUnavailable when a store stays away: run it again, it goes on.
    """
    groups: dict[Place, list[Found]] = {}
    for found in plan.source.files():
        groups.setdefault(plan.place(found.path), []).append(found)
    made, tasks = [], list[_Task]()
    for place, files in groups.items():
        batch_id, missing = _declare(plan, place, files)
        made.append(batch_id)
        tasks += missing
    _send_all(plan, tasks)
    return made


def _send_all(plan: Plan, tasks: Sequence[_Task]) -> None:
    done, running, left = 0, set[Future[None]](), iter(tasks)
    with ThreadPoolExecutor(plan.at_once) as threads:
        try:
            for task in left:
                running.add(threads.submit(_send_patiently, plan, task))
                if len(running) >= 2 * plan.at_once:
                    finished, running = wait(running, return_when=FIRST_COMPLETED)
                    done += _judged(finished)
                    plan.told(done, len(tasks))
            done += _judged(running)
            plan.told(done, len(tasks))
        except BaseException:
            threads.shutdown(cancel_futures=True)
            raise


def _judged(finished: set[Future[None]]) -> int:
    for future in finished:
        future.result()
    return len(finished)


def _declare(plan: Plan, place: Place, files: list[Found]) -> tuple[uuid.UUID, list[_Task]]:
    with _acting(plan):
        batch = _batch_of(plan, place, files)
        batch_id, where = batch.id, f"{batch.incident_id} {place.account_id}"
    listed = {_key_of(plan, found, where): found for found in files}
    with _acting(plan):
        numbers = _ledger(batch_id, listed)
        fresh = [key for key in listed if key not in numbers]
        numbers |= {key: number for number, key in enumerate(fresh, start=max(numbers.values(), default=0) + 1)}
        _grow(batch_id, max(numbers.values()), sum(found.size for found in files))
    for at in range(0, len(fresh), batches.MOST_LINES):
        with _acting(plan):
            piece = [_line(plan, numbers[key], key, listed[key]) for key in fresh[at : at + batches.MOST_LINES]]
            batches.declare(db.session.get_one(EvidenceBatch, batch_id), piece)
    with _acting(plan):
        settled = batch_queries.keys_settled(batch_id)
    return batch_id, [_Task(batch_id, numbers[key], key, found) for key, found in listed.items() if key not in settled]


def _ledger(batch_id: uuid.UUID, listed: dict[uuid.UUID, Found]) -> dict[uuid.UUID, int]:
    """Return the numbers of the files that were declared before.

    A file that could not be read then is tried again; one that changed before it was sent takes its old line.
    """
    lines = list(db.session.scalars(sa.select(BatchFile).where(BatchFile.batch_id == batch_id)))
    known = {line.file_key for line in lines}
    changed = {filenames.storable(found.path): (key, found) for key, found in listed.items() if key not in known}
    for line in lines:
        if line.failure in _AGAIN:
            line.failure = ""
        if line.file_key not in listed and line.path in changed:
            key, found = changed[line.path]
            line.file_key, line.size, line.item_id = key, found.size, None
    db.session.flush()
    return {line.file_key: line.number for line in lines}


def _key_of(plan: Plan, found: Found, place: str) -> uuid.UUID:
    try:
        mark = plan.source.mark(found)
    except Changed:
        mark = f"unreadable {found.stamp}"
    return uuid.uuid5(_KEYS, f"{place}|{found.path.encode(errors='surrogateescape').hex()}|{found.size}|{mark}")


def _line(plan: Plan, number: int, key: uuid.UUID, found: Found) -> Line:
    return Line(number, found.filename, found.path, found.size, key, plan.hashes.get(found.path))


def _batch_of(plan: Plan, place: Place, files: list[Found]) -> EvidenceBatch:
    key = uuid.uuid5(_KEYS, f"batch|{plan.source.name}|{place.incident_id}|{place.account_id}|{plan.user_id}")
    incident = db.session.get_one(Incident, place.incident_id) if place.incident_id else _unsorted(key)
    account = db.session.get_one(Account, place.account_id) if place.account_id else None
    size = sum(found.size for found in files)
    return batches.open_batch(
        incident, account=account, files=len(files), size=size, once_key=key, settings=plan.store.settings,
        source="import",
    )  # fmt: skip


def _unsorted(key: uuid.UUID) -> Incident:
    """Return the record that holds this source's unsorted files, opened at the first run."""
    me = current()
    before = sa.select(EvidenceBatch.incident_id).where(
        EvidenceBatch.opened_by_id == me.user_id, EvidenceBatch.once_key == key
    )
    known = db.session.execute(before).scalar_one_or_none()
    if known:
        incident: Incident = db.session.get_one(Incident, known)
        return incident
    compartment = me.compartment_for(Permission.INTAKE_OPEN)
    incident = Incident(compartment_id=compartment, opened_by_id=me.user_id, title="Unsorted files", mode="")
    db.session.add(incident)
    db.session.flush()
    return incident


def _grow(batch_id: uuid.UUID, files: int, size: int) -> None:
    # A folder may have more files at the next run: the batch is then open again, with all of them.
    batch = db.session.get_one(EvidenceBatch, batch_id, with_for_update=True)
    if batch.files != files:
        batch.files, batch.size = files, size
        batch.completed_at = batch.manifest_sha256 = None


def _send_patiently(plan: Plan, task: _Task) -> None:
    """Send one file, again while a store is away. A file that cannot be read is written down as failed."""
    for attempt in range(_TRIES):
        try:
            _send(plan, task)
            return
        except (StoreUnavailable, DatabaseUnavailable, BeingRead):
            if attempt == _TRIES - 1:
                raise
            time.sleep(min(2**attempt, _LONGEST_WAIT))
        except Changed:
            _failed(plan, task, "unreadable")
            return
        except Invalid as wrong:
            _failed(plan, task, next(iter(wrong.fields.values())))
            return


def _failed(plan: Plan, task: _Task, why: str) -> None:
    with _acting(plan):
        line = db.session.get_one(BatchFile, (task.batch_id, task.number), with_for_update=True)
        line.failure = why


def _send(plan: Plan, task: _Task) -> None:
    with _acting(plan):
        item = _start(plan, task)
        item_id, part_size, received = item.id, item.part_size, bool(item.version_id)
        key, upload_id, state = item.object_key, item.upload_id, item.state
    if state == "receiving" and not received:
        try:
            sha256 = _send_parts(plan, task, item_id, (key, upload_id, part_size))
        except (Changed, Invalid):
            with _acting(plan):
                uploads.abort(item_id, plan.store)
            raise
        with _acting(plan):
            uploads.complete(item_id, sha256, plan.store)
    if state == "receiving":
        seal(item_id, plan.user_id, plan.store)


def _start(plan: Plan, task: _Task) -> EvidenceItem:
    batch = db.session.get_one(EvidenceBatch, task.batch_id)
    incident = db.session.get_one(Incident, batch.incident_id)
    account = db.session.get_one(Account, batch.account_id) if batch.account_id else None
    kind = mimetypes.guess_type(task.found.filename)[0] or ""
    return uploads.start_upload(
        incident, account=account, filename=task.found.filename, size=task.found.size, media_type=kind,
        once_key=task.file_key, storage=plan.store,
    )  # fmt: skip


def _send_parts(plan: Plan, task: _Task, item_id: uuid.UUID, upload: tuple[str, str, int]) -> str:
    """Read the file once, part by part; send the parts that are not there; return the whole's SHA-256 (hex).

    Raises Changed when it is not what was listed, Invalid when it is not what was declared.
    """
    key, upload_id, part_size = upload
    with _acting(plan):
        there = {part.number for part in uploads.arrived(item_id, plan.store)}
    whole, size = hashlib.sha256(), task.found.size

    def send(number: int, part: bytes) -> None:
        digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
        with _acting(plan):
            uploads.sign_part(item_id, number, len(part), digest, plan.store)
        plan.store.put_part(key, upload_id, number, part, digest)

    # Read and hashed in order, sent a few at a time: no more than these are in memory.
    with ThreadPoolExecutor(_PARTS_AT_ONCE) as senders:
        running = set[Future[None]]()
        for number, at in enumerate(range(0, size, part_size), start=1):
            part = plan.source.read(task.found, at, min(part_size, size - at))
            whole.update(part)
            if number not in there:
                running.add(senders.submit(send, number, part))
            if len(running) >= _PARTS_AT_ONCE:
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                _judged(finished)
        _judged(running)
    sha256 = whole.hexdigest()
    if plan.hashes.get(task.found.path, sha256) != sha256:
        raise Invalid({"sha256": "hash_differs"})
    return sha256


@contextmanager
def _acting(plan: Plan) -> Iterator[None]:
    with db.transaction():
        sessions.act_for(plan.user_id)
        yield
