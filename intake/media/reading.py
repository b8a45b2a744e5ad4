"""Reading text off pictures and off PDF pages that carry none: tesseract, English and Spanish, with its confidence."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from intake import db, storage
from intake.access import sessions
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import closed
from intake.jobs import tasks
from intake.media import alike, sandbox
from intake.media.derive import keep
from intake.media.models import Derivative
from intake.media.sandbox import MIB, Jail, Limits, ParserFailed
from intake.media.scans import AGAIN
from intake.storage import Storage

LANGUAGES = "eng+spa"
MOST_PAGES = 100  # of one PDF
SURE = 60  # percent: words below it are most likely no words
_LIMITS = Limits(memory=2048 * MIB, cpu=120, wall=180, file=16 * MIB, processes=8)
_TSV = 12  # columns of tesseract's TSV
_TEXT_LAYER = 20  # characters: a page with more was typed, not scanned


@tasks.task(name="read_item", retry=AGAIN)
def read_item(user_id: int, item_id: str) -> None:
    """Read the text of a picture or of a PDF's scanned pages."""
    read(uuid.UUID(item_id), user_id, storage.current())


def read(item_id: uuid.UUID, user_id: int, store: Storage) -> None:
    """Read what has no text layer, from its preview or its pages' pictures. Raises StoreUnavailable."""
    with db.transaction():
        sessions.act_for(user_id)
        sources = _sources(db.session.get_one(EvidenceItem, item_id))
    rows = [_read(number, key, sha256, store) for number, key, sha256 in sources]
    with db.transaction():
        sessions.act_for(user_id)
        item = db.session.get_one(EvidenceItem, item_id, with_for_update=True)
        if rows and not closed(item):
            keep(item, rows)
            alike.keep_text(item, _whole_text(item))


def _sources(item: EvidenceItem) -> list[tuple[int, str, str]]:
    """Return (page, or 0 for a picture; key; SHA-256) of what to read."""
    if closed(item):
        return []
    typed = sa.select(Derivative.number).where(
        Derivative.item_id == item.id, Derivative.kind == "text", sa.func.length(Derivative.content) >= _TEXT_LAYER
    )
    rows = db.session.execute(
        sa.select(Derivative.number, Derivative.object_key, Derivative.sha256)
        .where(
            Derivative.item_id == item.id,
            Derivative.kind.in_(("preview", "page")),
            Derivative.state == "made",
            Derivative.number.not_in(typed),
        )
        .order_by(Derivative.number)
        .limit(MOST_PAGES)
    )
    return [(row.number, row.object_key, row.sha256) for row in rows]


def _read(number: int, key: str, sha256: str, store: Storage) -> dict[str, Any]:
    values: dict[str, Any] = {
        "kind": "ocr", "number": number, "state": "made", "failure": "", "parent_sha256": sha256, "tool": "tesseract",
        "tool_version": "", "parameters": {"languages": LANGUAGES}, "detail": {}, "content": "",
        "object_key": "", "media_type": "", "sha256": "", "size": 0,
    }  # fmt: skip
    if "tesseract" not in sandbox.programs():
        return values | {"state": "absent", "failure": "no_tesseract"}
    with sandbox.borrowed() as jail, sandbox.folder(store.open(key, bucket=store.exports_bucket)) as where:
        try:
            values["tool_version"] = _version(jail, where)
            done = jail.run("tesseract", [str(where.source), "read", "-l", LANGUAGES, "tsv"], where, _LIMITS)
            if done.status != 0:
                return values | {"state": "absent", "failure": "no_languages"}
            text, words, confidence = words_of(where.read("read.tsv").decode("utf-8", "replace"))
        except ParserFailed as why:
            if why.code == "no_sandbox":
                raise
            return values | {"state": "quarantined", "failure": why.code}
    return values | {"content": text, "detail": {"words": words, "confidence": confidence}}


def _version(jail: Jail, where: sandbox.Folder) -> str:
    return jail.run("tesseract", ["--version"], where, _LIMITS).text.partition("\n")[0][:60]


def words_of(tsv: str) -> tuple[str, int, int]:
    """Return the text that tesseract is sure of, how many words, and the mean confidence in percent (0 without)."""
    lines: dict[tuple[str, ...], list[str]] = {}
    sure: list[float] = []
    for line in tsv.splitlines()[1:]:
        cells = line.split("\t")
        # level, page, block, paragraph, line, word, left, top, width, height, confidence, text
        if len(cells) == _TSV and cells[11].strip() and float(cells[10]) >= SURE:
            lines.setdefault(tuple(cells[1:5]), []).append(cells[11].replace("\x00", ""))
            sure.append(float(cells[10]))
    text = "\n".join(" ".join(words) for words in lines.values())
    return text, len(sure), round(sum(sure) / len(sure)) if sure else 0


def _whole_text(item: EvidenceItem) -> str:
    texts = sa.select(Derivative.content).where(Derivative.item_id == item.id, Derivative.kind.in_(("text", "ocr")))
    return " ".join(db.session.scalars(texts.order_by(Derivative.number, Derivative.kind)))
