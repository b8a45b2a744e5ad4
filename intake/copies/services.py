"""Asking for a copy, and having it. The bytes are made by the worker (making.py)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from intake import db, jobs
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.copies.models import WorkingCopy
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import assert_open
from intake.media.kinds import family
from intake.storage import Storage
from intake.taxonomy import taxonomy

LARGEST = 4 * 2**30  # bytes; a copy needs room for the file beside the worker
MOST_BOXES = 2000


def form_of(item: EvidenceItem) -> str:
    """Return what a copy of the item can be: "picture", "paper", "moving", or "" for a kind that is not copied."""
    kind = family(item.content_type)
    return {"picture": "picture", "pdf": "paper", "video": "moving", "sound": "moving"}.get(kind, "")


def ask_copy(item: EvidenceItem, boxes: Sequence[dict[str, Any]] = ()) -> WorkingCopy:
    """Ask for a copy: stripped without boxes, else redacted. The worker makes it.

    boxes: {"page", "x", "y", "w", "h", "reason"}; see WorkingCopy. Raises NotAllowed, Invalid for a box outside the
    page or without a reason, NotNow for a file that may not be opened, that is too large or of another kind.
    """
    if not current().may(Permission.EVIDENCE_ADD, item.compartment_id):
        raise NotAllowed
    assert_open(item)
    form = form_of(item)
    if not form or (boxes and form == "moving"):
        raise NotNow("copy_kind")
    if item.size > LARGEST:
        raise NotNow("copy_large")
    copy = WorkingCopy(
        item_id=item.id,
        incident_id=item.incident_id,
        compartment_id=item.compartment_id,
        opened_by_id=item.opened_by_id,
        kind="redacted" if boxes else "stripped",
        parent_sha256=item.sha256,
        boxes=[_box(each, form) for each in boxes],
    )
    db.session.add(copy)
    db.session.flush()
    jobs.defer("make_copy", user_id=current().user_id, copy_id=copy.id)
    return copy


def _box(told: dict[str, Any], form: str) -> dict[str, Any]:
    try:
        x, y, w, h = (float(told[name]) for name in ("x", "y", "w", "h"))
        page, reason = int(told["page"]), str(told["reason"])
    except (KeyError, TypeError, ValueError) as wrong:
        raise Invalid({"boxes": "wrong"}) from wrong
    inside = 0 <= x < 1 and 0 <= y < 1 and 0 < w <= 1.0001 - x and 0 < h <= 1.0001 - y  # rounding of the last pixel
    known = page >= 1 if form == "paper" else page == 0
    if not (inside and known):  # NaN is never inside
        raise Invalid({"boxes": "wrong"})
    if reason not in taxonomy("redaction_reason").codes:
        raise Invalid({"boxes": "reason"})
    return {"page": page, "x": x, "y": y, "w": w, "h": h, "reason": reason}


def copies_of(item_id: uuid.UUID) -> list[WorkingCopy]:
    """Return the item's copies, newest first."""
    query = sa.select(WorkingCopy).where(WorkingCopy.item_id == item_id).order_by(WorkingCopy.id.desc())
    return list(db.session.scalars(query))


def address(copy: WorkingCopy, storage: Storage) -> str:
    """Return an address that gives the copy for five minutes; that it left is written down first.

    Raises NotNow for a copy that is not made, or whose original may no longer be opened.
    """
    item = db.session.get_one(EvidenceItem, copy.item_id)
    assert_open(item)
    if copy.state != "made":
        raise NotNow("copy_not_made")
    record("download", subject="working_copy", record_id=str(copy.id), compartment_id=copy.compartment_id)
    note(item, "copied", sha256=copy.sha256, copy=str(copy.id))
    name = f"copy-{copy.sha256[:12]}{_ENDINGS.get(copy.media_type, '.bin')}"
    return storage.presign_get(
        copy.object_key, "", name, "application/octet-stream", "attachment", bucket=storage.exports_bucket
    )


_ENDINGS = {
    "image/jpeg": ".jpg", "image/png": ".png", "application/pdf": ".pdf", "video/mp4": ".mp4", "video/webm": ".webm",
    "video/x-matroska": ".mkv", "audio/mp4": ".m4a", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/wav": ".wav",
}  # fmt: skip
