"""A new key for an organisation: data keys are wrapped anew in small batches, while people work.

Nothing that a data key sealed is read or touched. Retired keys stay in the key service, so that a backup from before
the rotation opens as well.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from intake import keys
from intake.access.rows import ROTATOR
from intake.errors import DatabaseUnavailable, KeyUnavailable
from intake.people.guards import WRAPPED  # names of our own tables and columns: safe in SQL text

BATCH = 200  # rows in one transaction: a writer waits for no more than that
_PATIENCE = 60.0  # seconds to come back to rows that somebody keeps locked


def rotate(service: keys.KeyService, owner_url: str, organisation_id: int, *, new_key: bool = True) -> int:
    """Make a new key and put every data key of the organisation under it; returns how many.

    new_key: False where the key's owner has already pointed the name at a new one. Raises KeyUnavailable,
    DatabaseUnavailable when rows stayed locked: run it again, what is done stays done.
    """
    if new_key:
        service.rotate(organisation_id)
    current = service.current(organisation_id)
    engine = sa.create_engine(owner_url, poolclass=sa.pool.NullPool)
    done = sum(_rewrap_table(service, engine, table, organisation_id, current) for table in WRAPPED)
    with engine.begin() as connection:
        detail = json.dumps({"organisation": organisation_id, "rewrapped": done})
        note = sa.text("select audit.note('rotate_keys', 'organisation', :id, null, :detail)")
        connection.execute(note, {"id": str(organisation_id), "detail": detail})
    return done


def refuse_lost_keys(open_service: Callable[[], keys.KeyService], owner_url: str) -> None:
    """Raise KeyUnavailable when the database holds data keys that the key service cannot open, or there is none.

    Asked before missing keys are made: a new key file beside old sealed names would hide that the old one is lost.
    """
    engine = sa.create_engine(owner_url, poolclass=sa.pool.NullPool)
    for table in WRAPPED:
        with _as_rotator(engine) as connection:
            one_each = sa.text(
                f"select distinct on (organisation_id, key_id) organisation_id, key_id, wrapped_key from {table}"  # noqa: S608
                " where key_id <> '' order by organisation_id, key_id"
            )
            for row in connection.execute(one_each):
                open_service().unwrap(row.organisation_id, row.key_id, bytes(row.wrapped_key))


def _rewrap_table(service: keys.KeyService, engine: sa.Engine, table: str, organisation_id: int, current: str) -> int:
    done, until = 0, time.monotonic() + _PATIENCE
    while True:
        moved = _rewrap_batch(service, engine, table, organisation_id, current)
        done += moved
        if moved:
            until = time.monotonic() + _PATIENCE
            continue
        if not _left(engine, table, organisation_id, current):
            return done
        if time.monotonic() > until:
            raise DatabaseUnavailable(f"rows of {table} stayed locked")
        time.sleep(0.2)


def _rewrap_batch(service: keys.KeyService, engine: sa.Engine, table: str, organisation_id: int, current: str) -> int:
    row_id = WRAPPED[table]
    with _as_rotator(engine) as connection:
        # Rows that somebody writes just now are under the new key afterwards, or come in a later batch.
        found = sa.text(
            f"select {row_id} as id, key_id, wrapped_key from {table} where organisation_id = :organisation"  # noqa: S608
            f" and key_id not in (:current, '') order by {row_id} limit {BATCH} for update skip locked"
        )
        rows = connection.execute(found, {"organisation": organisation_id, "current": current}).all()
        moved = []
        for row in rows:
            key_id, wrapped = keys.rewrap(service, organisation_id, row.key_id, bytes(row.wrapped_key))
            moved.append({"id": row.id, "key_id": key_id, "wrapped": wrapped})
        if moved:
            update = f"update {table} set key_id = :key_id, wrapped_key = :wrapped where {row_id} = :id"  # noqa: S608
            connection.execute(sa.text(update), moved)
    if any(row["key_id"] != current for row in moved):
        raise KeyUnavailable("The key was rotated again meanwhile: run it once more.")
    return len(moved)


def _left(engine: sa.Engine, table: str, organisation_id: int, current: str) -> int:
    with _as_rotator(engine) as connection:
        counted = f"select count(*) from {table} where organisation_id = :o and key_id not in (:current, '')"  # noqa: S608
        return int(connection.execute(sa.text(counted), {"o": organisation_id, "current": current}).scalar_one())


@contextmanager
def _as_rotator(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.begin() as connection:
        connection.execute(sa.text(f"SET LOCAL ROLE {ROTATOR}"))
        yield connection
