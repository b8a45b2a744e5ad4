"""What goes with an item that a court ordered destroyed: all that was made of it and every bundle that holds it."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.copies.models import WorkingCopy
from intake.errors import NotThere
from intake.evidence.holds import also_goes
from intake.exports import bundles
from intake.exports.models import Export
from intake.media.models import Derivative, Likeness
from intake.storage import Storage
from intake.viewing.models import Transcript

GONE = "destroyed"


@also_goes
def end_what_was_made(item_id: uuid.UUID, user_id: int, store: Storage) -> None:
    """Delete the objects of derivatives, working copies and bundles, then empty their rows and transcripts.

    Safe to run again. Raises StoreUnavailable: some may be gone, the rows still name them, run again.
    """
    with db.transaction():
        sessions.act_for(user_id)
        keys = _keys(item_id)
    for key in keys:
        try:
            store.head(key, bucket=store.exports_bucket)
        except NotThere:
            continue
        store.delete_export(key)
    with db.transaction():
        sessions.act_for(user_id)
        _empty(item_id)


def _keys(item_id: uuid.UUID) -> list[str]:
    made = [sa.select(table.object_key).where(table.item_id == item_id) for table in (Derivative, WorkingCopy)]
    kept = sa.union_all(*made, sa.select(Export.object_key).where(_holds(item_id)))
    return [key for key in db.session.execute(kept).scalars() if key]


def _holds(item_id: uuid.UUID) -> sa.ColumnElement[bool]:
    return (Export.profile == bundles.PROFILE) & Export.filters["items"].contains([str(item_id)])


def _empty(item_id: uuid.UUID) -> None:
    nothing: dict[str, object] = {"object_key": "", "sha256": "", "failure": GONE}
    statements = (
        sa.update(Derivative).where(Derivative.item_id == item_id)
        .values(**nothing, state="absent", content="", detail={}),
        sa.update(Likeness).where(Likeness.item_id == item_id).values(bits=None, bands=[]),
        sa.update(WorkingCopy).where(WorkingCopy.item_id == item_id).values(**nothing, state="refused", boxes=[]),
        sa.update(Transcript).where(Transcript.item_id == item_id).values(cues=[]),
        sa.update(Export).where(_holds(item_id)).values(object_key="", state="failed", failure=GONE),
    )  # fmt: skip
    for statement in statements:
        db.session.execute(statement)
