"""Who is at work on an upload: the one who sends, for a time that each sign of life renews; the one who reads back."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.errors import NotNow
from intake.evidence.batch_models import UploadLease
from intake.evidence.models import EvidenceItem

SENDING = dt.timedelta(minutes=20)  # longer than a signed address lives, so a slow part keeps its lease
_RENEWED = SENDING / 2  # a lease with more left is not written again


class BeingRead(NotNow):
    """Somebody else is reading this item back now; ask again later."""

    def __init__(self) -> None:
        super().__init__("being_read")


def extend(*items: EvidenceItem) -> None:
    """Note that these items are being sent now; the reconciler leaves them alone for `SENDING`."""
    now = sa.func.clock_timestamp()
    rows = [
        {"item_id": item.id, "incident_id": item.incident_id, "compartment_id": item.compartment_id,
         "opened_by_id": item.opened_by_id, "until": now + SENDING}
        for item in items
    ]  # fmt: skip
    if rows:
        renewed = insert(UploadLease).values(rows)
        db.session.execute(
            renewed.on_conflict_do_update(
                index_elements=["item_id"],
                set_={"until": renewed.excluded.until},
                where=UploadLease.until < now + _RENEWED,
            )
        )


@contextlib.contextmanager
def reading(item_id: uuid.UUID) -> Iterator[None]:
    """Be the only one that reads this item back. Raises BeingRead when somebody else does.

    The lease is a lock of a database connection: it ends with the process that holds it, kill -9 included, and no
    clock is asked. Should the connection be lost meanwhile, two may read; only one of them seals.
    """
    engine = cast("sa.Engine", db.session.get_bind())
    key = {"key": str(item_id)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(sa.text(f"select pg_try_advisory_lock({_KEY})"), key).scalar_one():
            raise BeingRead
        try:
            yield
        finally:
            _release(connection, key)


_KEY = "hashtextextended('read-back ' || :key, 0)"


def _release(connection: sa.Connection, key: dict[str, str]) -> None:
    try:
        connection.execute(sa.text(f"select pg_advisory_unlock({_KEY})"), key)
    except sa.exc.DBAPIError:
        # The connection is lost and its lock with it; it must not go back to the pool.
        connection.invalidate()
