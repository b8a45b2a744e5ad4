"""Making derivatives in the background, once an item is open: what is quick first, then proxies, then reading text.

The rows say from which bytes (parent's SHA-256), by which tool, version and parameters each was made, and the item's
custody says it too, so that the graph from the original to everything shown can be built again.
"""

from __future__ import annotations

import hashlib
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db, jobs, storage
from intake.access import sessions
from intake.access.actor import current
from intake.evidence.custody import note
from intake.evidence.models import OPENS, EvidenceItem
from intake.evidence.opening import closed
from intake.jobs import tasks
from intake.media import alike, queries, recipes, sandbox
from intake.media.kinds import SERVED, family
from intake.media.models import Derivative
from intake.media.recipes import Made, Work
from intake.media.scans import AGAIN
from intake.storage import Storage

_SLOW = {"video": ("proxy_item",), "sound": ("proxy_item",), "picture": ("read_item",), "pdf": ("read_item",)}
_SMALL, TOGETHER = 32 << 20, 16  # bytes, and how many small files share a process of the jail
_ONE_AMONG_MANY = {"page", "text"}  # one custody line for all of these, not one for each page


@dataclass(frozen=True)
class Original:
    """What is worked on, as the row said before reading."""

    id: uuid.UUID
    key: str
    version: str
    sha256: str
    content: str


@tasks.task(name="derive_item", retry=AGAIN)
def derive_item(user_id: int, item_id: str) -> None:
    """Make an item's thumbnail, poster, pages, waveform and claims."""
    derive_waiting(uuid.UUID(item_id), user_id, storage.current())


@tasks.task(name="proxy_item", retry=AGAIN)
def proxy_item(user_id: int, item_id: str) -> None:
    """Make what a browser plays of a video or a recording."""
    proxy(uuid.UUID(item_id), user_id, storage.current())


def derive(item_id: uuid.UUID, user_id: int, store: Storage) -> None:
    """Make what is quick, and queue what is slow. A closed item is left alone. Raises StoreUnavailable."""
    if original := _open(item_id, user_id):
        _derive_all([original], user_id, store)


def derive_waiting(item_id: uuid.UUID, user_id: int, store: Storage) -> None:
    """Derive an item of which nothing was made yet, and with it small ones of the same account that wait too.

    Five hundred photos of one person then cost a few processes of the jail, not five hundred.
    """
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        waiting = [each for each in (item, *_companions(item)) if not closed(each) and _untouched(each)]
        originals = [_original(each) for each in waiting] if item in waiting else []
    if originals:
        _derive_all(originals, user_id, store)


def _companions(item: EvidenceItem) -> list[EvidenceItem]:
    others = sa.select(EvidenceItem).where(
        EvidenceItem.account_id == item.account_id,
        EvidenceItem.id != item.id,
        EvidenceItem.state == "sealed",
        EvidenceItem.scan.in_(OPENS),
        EvidenceItem.content_type == "",
        EvidenceItem.size <= _SMALL,
    )
    small = item.size <= _SMALL and item.account_id is not None
    return list(db.session.scalars(others.order_by(EvidenceItem.id).limit(TOGETHER - 1))) if small else []


def _untouched(item: EvidenceItem) -> bool:
    return not item.content_type and not queries.derivatives_of(item)


def _derive_all(originals: list[Original], user_id: int, store: Storage) -> None:
    with sandbox.borrowed() as jail, ExitStack() as folders:
        places = [folders.enter_context(sandbox.folder(store.open(each.key, each.version))) for each in originals]
        for original, where, studied in zip(originals, places, recipes.study(jail, places), strict=True):
            work = recipes.quick(jail, where, studied)
            rows = store_made(original, work.made, where, store)
            _write(original, user_id, work, rows)


def proxy(item_id: uuid.UUID, user_id: int, store: Storage) -> None:
    """Make the proxy of a video or a recording. Raises StoreUnavailable."""
    original = _open(item_id, user_id)
    if original is not None and family(original.content) in {"video", "sound"}:
        with sandbox.borrowed() as jail, sandbox.folder(store.open(original.key, original.version)) as where:
            work = recipes.slow(jail, where, original.content)
            rows = store_made(original, work.made, where, store)
        _write(original, user_id, work, rows)


def _open(item_id: uuid.UUID, user_id: int) -> Original | None:
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id)
        return None if closed(item) else _original(item)


def _original(item: EvidenceItem) -> Original:
    return Original(item.id, item.object_key, item.version_id or "", item.sha256 or "", item.content_type)


def _write(original: Original, user_id: int, work: Work, rows: list[dict[str, Any]]) -> None:
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, original.id, with_for_update=True)
        if closed(item):  # closed while this ran: what was made is not shown either
            return
        if item.content_type and not original.content:  # another job took it along as a companion
            return
        keep(item, rows, content=work.content)
        alike.keep_pictures(item, family(work.content), work.hashes)
        alike.keep_text(item, " ".join(made.content for made in work.made if made.kind == "text"))
        if work.content and not original.content:
            for task in _SLOW.get(family(work.content), ()):
                jobs.defer(task, slow=True, user_id=user_id, item_id=item.id)


def store_made(original: Original, made: list[Made], where: sandbox.Folder, store: Storage) -> list[dict[str, Any]]:
    """Put what was made into the working bucket and return the rows' values. Raises StoreUnavailable."""
    rows: list[dict[str, Any]] = []
    hashes = {"": original.sha256}
    for each in made:
        values = _values(each, hashes.get(each.parent, original.sha256))
        if each.name and not each.failure:
            try:
                values |= _put(original, each, where, store)
            except sandbox.ParserFailed as why:  # what the jail wrote was no plain file
                values |= {"state": "quarantined", "failure": why.code}
            hashes.setdefault(each.kind, values.get("sha256", ""))
        rows.append(values)
    return rows


def _values(made: Made, parent: str) -> dict[str, Any]:
    state = "absent" if made.absent else "quarantined" if made.failure else "made"
    return {
        "kind": made.kind, "number": made.number, "state": state, "failure": made.failure, "parent_sha256": parent,
        "tool": made.tool, "tool_version": recipes.version_of(made.tool), "parameters": made.parameters,
        "detail": made.detail, "content": made.content, "object_key": "", "media_type": "", "sha256": "", "size": 0,
    }  # fmt: skip


def _put(original: Original, made: Made, where: sandbox.Folder, store: Storage) -> dict[str, Any]:
    # The same derivative made again takes the same place; the key tells nothing of the item.
    place = uuid.uuid5(original.id, f"{made.kind}/{made.number}/{original.sha256}").hex
    kind = SERVED["proxy_sound" if made.detail.get("sound") else made.kind]
    with where.open(made.name) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
        file.seek(0)
        store.put_object(store.exports_bucket, f"d/{place}", file, kind)
    return {"object_key": f"d/{place}", "media_type": kind, "sha256": digest, "size": size}


def keep(item: EvidenceItem, rows: list[dict[str, Any]], *, content: str = "") -> None:
    """Write the rows of derivatives, in place of those of an earlier run, and the item's custody."""
    place = {"item_id": item.id, "incident_id": item.incident_id, "compartment_id": item.compartment_id,
             "opened_by_id": item.opened_by_id}  # fmt: skip
    for values in rows:
        db.session.execute(
            insert(Derivative)
            .values(**place, **values)
            .on_conflict_do_update(
                index_elements=["item_id", "kind", "number"], set_={**values, "made_at": sa.func.clock_timestamp()}
            )
        )
        if values["kind"] not in _ONE_AMONG_MANY or values["number"] <= 1:
            note(item, "derived", **_told(values, rows))
    if content and item.content_type != content:
        changed = sa.update(EvidenceItem).where(EvidenceItem.id == item.id).values(content_type=content)
        db.session.execute(changed)
        db.session.refresh(item)


def _told(values: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("kind", "state", "failure", "parent_sha256", "sha256", "tool", "tool_version", "parameters")
    told = {name: values[name] for name in names if values[name] not in ("", {})}
    if values["kind"] in _ONE_AMONG_MANY:
        told["count"] = sum(row["kind"] == values["kind"] for row in rows)
    return told | {"by": current().user_id}
