"""Making a copy: in the jail, from the original's bytes, and checked by other eyes before it is kept."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import procrastinate
import sqlalchemy as sa

from intake import db, storage
from intake.access import sessions
from intake.copies.models import WorkingCopy
from intake.copies.services import form_of
from intake.errors import DatabaseUnavailable, NotNow, StoreUnavailable
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import assert_open
from intake.jobs import tasks
from intake.media import sandbox
from intake.media.sandbox import MIB, Folder, Jail, Limits, ParserFailed
from intake.storage import Storage
from intake.taxonomy import label

_AGAIN = procrastinate.RetryStrategy(
    max_attempts=5, wait=5, linear_wait=30, retry_exceptions=(StoreUnavailable, DatabaseUnavailable)
)
_PAGES = Limits(memory=3072 * MIB, cpu=1800, wall=3600, file=2048 * MIB)
_MOVING = Limits(memory=1024 * MIB, cpu=1200, wall=3600, file=4200 * MIB, processes=64)
# What each kind of container becomes; the streams are copied as they are.
_CONTAINERS = {
    "video/webm": ("webm", "video/webm"),
    "audio/webm": ("webm", "video/webm"),
    "video/x-matroska": ("matroska", "video/x-matroska"),
    "audio/ogg": ("ogg", "audio/ogg"),
    "audio/mpeg": ("mp3", "audio/mpeg"),
    "audio/wav": ("wav", "audio/wav"),
    "audio/x-wav": ("wav", "audio/wav"),
    "audio/mp4": ("ipod", "audio/mp4"),
}


@dataclass(frozen=True)
class Asked:
    """What to make, as the row said before the work began."""

    object_key: str
    version_id: str
    form: str
    content_type: str
    boxes: list[dict[str, Any]]


@dataclass(frozen=True)
class Made:
    """What came out: the copy's place in the store, its hash (hex) and size (bytes), and what the maker noticed."""

    object_key: str
    media_type: str
    sha256: str
    size: int
    tool: str
    pages: int
    again: list[int]


@tasks.task(name="make_copy", retry=_AGAIN)
def make_copy(user_id: int, copy_id: str) -> None:
    """Make one copy as the user who asked for it."""
    make(uuid.UUID(copy_id), user_id, storage.current())


def make(copy_id: uuid.UUID, user_id: int, store: Storage) -> str:
    """Make and check the copy; returns its state. A copy in which anything survived is refused and never kept.

    Raises StoreUnavailable, DatabaseUnavailable: nothing changed, try again.
    """
    with db.transaction():
        sessions.act_for(user_id)
        copy = db.session.get_one(WorkingCopy, copy_id)
        if copy.state != "asked":
            return str(copy.state)
        item = db.session.get_one(EvidenceItem, copy.item_id)
        try:
            assert_open(item)
        except NotNow as closed:
            _finish(copy, {"state": "refused", "failure": closed.why})
            return "refused"
        asked = Asked(item.object_key, item.version_id or "", form_of(item), item.content_type, copy.boxes)
    try:
        made = _work(asked, store)
    except ParserFailed as failed:
        with db.transaction():
            sessions.act_for(user_id)
            _finish(db.session.get_one(WorkingCopy, copy_id), {"state": "refused", "failure": failed.code})
        return "refused"
    with db.transaction():
        sessions.act_for(user_id)
        _keep(db.session.get_one(WorkingCopy, copy_id, with_for_update=True), made)
    return "made"


def _work(asked: Asked, store: Storage) -> Made:
    body = store.open(asked.object_key, asked.version_id)
    with sandbox.borrowed() as jail, sandbox.folder(body) as where:
        answer, media_type, tool = _MAKERS[asked.form](jail, where, asked)
        with where.open("copy") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.seek(0, 2)
            file.seek(0)
            key = f"c/{secrets.token_hex(16)}"
            store.put_object(store.exports_bucket, key, file, media_type)
    return Made(key, media_type, digest, size, tool, answer.get("pages", 0), answer.get("again", []))


def _picture(jail: Jail, where: Folder, asked: Asked) -> tuple[dict[str, Any], str, str]:
    png = asked.content_type == "image/png"
    answer = jail.parse("copy_picture", where, boxes=asked.boxes, png=png).answer
    _nothing_left(jail.parse_out("check_picture", where, "copy", boxes=asked.boxes).answer)
    return answer, "image/png" if png else "image/jpeg", _tool("pillow")


def _paper(jail: Jail, where: Folder, asked: Asked) -> tuple[dict[str, Any], str, str]:
    if asked.boxes:
        named = [{**box, "label": _reason_of(box["reason"])} for box in asked.boxes]
        answer = jail.parse("copy_pages", where, _PAGES, boxes=named).answer
    else:
        answer = jail.parse("copy_pdf", where, _PAGES).answer
    gone = answer.pop("gone", [])
    _nothing_left(jail.parse_out("check_pdf", where, "copy", boxes=asked.boxes, gone=gone).answer)
    return answer, "application/pdf", _tool("pikepdf")


def _reason_of(code: str) -> str:
    return f"{label(code, 'en', plain=True)}\n{code.removeprefix('RR.')}"


def _moving(jail: Jail, where: Folder, asked: Asked) -> tuple[dict[str, Any], str, str]:
    container, media_type = _CONTAINERS.get(asked.content_type, ("mp4", "video/mp4"))
    arguments = [
        "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-i", str(where.source),
        "-map", "0:v?", "-map", "0:a?", "-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "-1",
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-c", "copy", "-f", container, "copy",
    ]  # fmt: skip
    done = jail.run("ffmpeg", arguments, where, _MOVING)
    if done.status:
        raise ParserFailed("unreadable")
    told = jail.parse_out("claims", where, "copy").answer["claims"]
    _nothing_left({"wrong": [name for name in told if name.rpartition(".")[2] in _TELLING]})
    return {}, media_type, _tool("imageio-ffmpeg")


_TELLING = (
    "encoded_date", "tagged_date", "recorded_date", "comapplequicktimecreationdate", "comapplequicktimemake",
    "comapplequicktimemodel", "comapplequicktimesoftware", "comapplequicktimelocationiso6709",
    "xyz", "performer", "title", "comandroidversion",
)  # fmt: skip
_MAKERS = {"picture": _picture, "paper": _paper, "moving": _moving}


def _tool(package: str) -> str:
    return f"{package} {version(package)}"


def _nothing_left(answer: dict[str, Any]) -> None:
    if answer["wrong"]:
        raise ParserFailed("survives")


def _keep(copy: WorkingCopy, made: Made) -> None:
    if copy.state != "asked":
        return
    values = {
        "state": "made", "object_key": made.object_key, "media_type": made.media_type, "sha256": made.sha256,
        "size": made.size, "pages": made.pages, "again": made.again,
    }  # fmt: skip
    _finish(copy, values)
    item = db.session.get_one(EvidenceItem, copy.item_id)
    note(
        item,
        "derived",
        copy=str(copy.id),
        form=copy.kind,
        parent_sha256=copy.parent_sha256,
        sha256=made.sha256,
        size=made.size,
        tool=made.tool,
        boxes=len(copy.boxes),
        reasons=sorted({box["reason"] for box in copy.boxes}),
    )


def _finish(copy: WorkingCopy, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(copy, name, value)
    copy.made_at = sa.func.clock_timestamp()
    db.session.flush()
