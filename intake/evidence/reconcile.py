"""The reconciler: finishes or fails uploads that were left, and lays the rows beside the store's objects."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db, storage
from intake.access import sessions
from intake.errors import NotNow, NotThere
from intake.evidence.leases import BeingRead
from intake.evidence.models import EvidenceItem
from intake.evidence.sealing import seal
from intake.evidence.uploads import give_up, join, mark_received
from intake.jobs import tasks
from intake.storage import Storage

log = logging.getLogger("testigo.evidence")

QUIET = dt.timedelta(minutes=15)  # no part was signed for so long: nobody is sending, addresses have expired
ABANDONED = dt.timedelta(days=7)  # until then the same file chosen again goes on where it stopped
STRAY = dt.timedelta(hours=24)  # an upload that the store began and no row knows: its row was never committed
_PAGE = 1000


@tasks.periodic(cron="*/5 * * * *", periodic_id="reconcile")
@tasks.task(name="reconcile_uploads", queueing_lock="reconcile_uploads")
def reconcile_uploads(timestamp: int) -> None:  # noqa: ARG001
    """Finish what was left, every five minutes."""
    report = finish_leftovers(storage.current())
    report["strays_ended"] = end_strays(storage.current())
    if any(report.values()):
        log.info("left-over uploads: %s", report)


def reconcile(
    store: Storage, *, quiet: dt.timedelta = QUIET, abandoned: dt.timedelta = ABANDONED
) -> dict[str, int | list[str]]:
    """Finish left-over uploads, then compare; returns counts and, for differences, random object keys.

    Nothing is deleted: after a restore of the database, objects newer than it are found here and kept.
    """
    finished = finish_leftovers(store, quiet=quiet, abandoned=abandoned)
    return {**finished, "strays_ended": end_strays(store), **compare(store)}


def finish_leftovers(
    store: Storage, *, quiet: dt.timedelta = QUIET, abandoned: dt.timedelta = ABANDONED
) -> dict[str, int]:
    """Seal or fail uploads without activity for `quiet`; whoever is still sending is not touched.

    Somebody is sending as long as their lease lasts (leases.py), or a part was signed within `quiet`. Returns how
    many were sealed late, failed, or left waiting. Raises StoreUnavailable: run again later.
    """
    with db.transaction():
        left = db.session.execute(
            sa.text("select item_id, actor_id, idle from access.leftovers(:quiet)"), {"quiet": quiet}
        ).all()
    report = {"sealed_late": 0, "failed": 0, "waiting": 0}
    names = {"sealed": "sealed_late", "failed": "failed"}
    for item_id, actor_id, idle in left:
        # Everybody who may act for this compartment has left: it waits for the next supervising attorney.
        state = _finish(item_id, actor_id, store, give_up_on=idle > abandoned) if actor_id else "receiving"
        report[names.get(state, "waiting")] += 1
    return report


def _finish(item_id: uuid.UUID, actor_id: int, store: Storage, *, give_up_on: bool) -> str:
    with db.transaction():
        sessions.act_for(actor_id)
        item = db.session.get_one(EvidenceItem, item_id, with_for_update=True)
        if item.state == "receiving" and not item.version_id:
            try:
                mark_received(item, join(item, store), None)
            except NotNow:
                if give_up_on:
                    give_up(item, "stopped", store)
                return str(item.state)
    try:
        return seal(item_id, actor_id, store)
    except BeingRead:
        return "receiving"


def end_strays(store: Storage, *, older: dt.timedelta = STRAY) -> int:
    """End uploads that the store began and no row waits for, and free their parts; returns how many."""
    before = dt.datetime.now(dt.UTC) - older
    begun = {upload: key for key, upload, at in store.list_multiparts("e/") if at < before}
    ended, uploads = 0, sorted(begun)
    for at in range(0, len(uploads), _PAGE):
        piece = uploads[at : at + _PAGE]
        with db.transaction():
            awaited = set(
                db.session.scalars(sa.text("select upload_id from access.awaited(:uploads)"), {"uploads": piece})
            )
        for upload in piece:
            if upload not in awaited:
                with contextlib.suppress(NotThere):
                    store.abort_multipart(begun[upload], upload)
                ended += 1
    return ended


def compare(store: Storage) -> dict[str, int | list[str]]:
    """Lay rows and objects side by side; both come in the order of their keys, so memory stays flat.

    corrupt_versions: what was read back and refused, and is kept; unknown_versions: what no row accounts for.
    """
    rowless: list[str] = []
    objectless: list[str] = []
    unknown: list[str] = []
    corrupt: list[str] = []
    objects, rows = _objects(store), _rows()
    there, row = next(objects, None), next(rows, None)
    while there or row:
        if row is None or (there is not None and there[0] < row.object_key):
            rowless.append(there[0] if there else "")
            there = next(objects, None)
        elif there is None or row.object_key < there[0]:
            objectless += [row.object_key] if row.wanted else []
            row = next(rows, None)
        else:
            objectless += [row.object_key] if row.wanted - there[1] else []
            unknown += [row.object_key] if there[1] - row.known else []
            corrupt += [row.object_key] if there[1] & row.rejected else []
            there, row = next(objects, None), next(rows, None)
    return {
        "objects_without_rows": rowless,
        "rows_without_objects": objectless,
        "unknown_versions": unknown,
        "corrupt_versions": corrupt,
    }


@dataclass(frozen=True)
class _Row:
    """What the database says of one key: the versions that must be there, that were refused, that it knows."""

    object_key: str
    wanted: frozenset[str]
    rejected: frozenset[str]
    known: frozenset[str]


def _objects(store: Storage) -> Iterator[tuple[str, set[str]]]:
    key, versions = "", set[str]()
    for found, head in store.all_versions("e/"):
        if found != key and key:
            yield key, versions
            versions = set()
        key = found
        versions.add(head.version_id)
    if key:
        yield key, versions


def _rows() -> Iterator[_Row]:
    after = ""
    while True:
        with db.transaction():
            page = db.session.execute(
                sa.text("select object_key, version_id, rejected, state from access.evidence_objects(:after, :most)"),
                {"after": after, "most": _PAGE},
            ).all()
        for row in page:
            rejected, mine = frozenset(row.rejected), frozenset({row.version_id} - {None})
            wanted = mine | rejected if row.state != "failed" else rejected
            yield _Row(row.object_key, wanted, rejected, mine | rejected)
        if len(page) < _PAGE:
            return
        after = page[-1].object_key
