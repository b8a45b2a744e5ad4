"""Liveness and readiness for supervisors and load balancers; both open, both without content.

Readiness fails closed (security page, requirement 74): on a database that does not guard its rows, a role that row
security does not bind, tables older than the program, or clocks that differ.
"""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa
from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from intake import db, schema
from intake.access import guarded
from intake.audit.state import state

log = logging.getLogger("testigo")
bp = Blueprint("health", __name__, url_prefix="/health")
MOST_SKEW = dt.timedelta(seconds=2)
_PLAIN = {"Content-Type": "text/plain"}


@bp.get("/live")
def live() -> ResponseReturnValue:
    """Answer that the process runs."""
    return "live\n", 200, _PLAIN


@bp.get("/ready")
def ready() -> ResponseReturnValue:
    """Answer that both stores answer and rows are guarded. Raises DatabaseUnavailable, StoreUnavailable: 503.

    A log that needs a look is said and stops nothing: writes go on while a witness is away.
    """
    with db.transaction():
        found = findings(db.session.connection())
        alarms = [] if found else state().alarms(dt.datetime.now(dt.UTC))
    if found:
        log.error("not ready: %s", "; ".join(found))
        return "not ready\n", 503, _PLAIN
    current_app.extensions["storage"].ping()
    return "ready, but the log needs a look\n" if alarms else "ready\n", 200, _PLAIN


def findings(connection: sa.Connection) -> list[str]:
    """Return why the program must not serve from this database, one sentence each."""
    if schema.behind(connection):
        return ["the database is older than the program: run `testigo migrate`"]
    found = guarded.findings(connection)
    if (skew := abs(_skew(connection))) > MOST_SKEW:
        found.append(f"the clocks of program and database differ by {skew.total_seconds():.1f} s")
    return found


def refuse_unguarded(engine: sa.Engine) -> None:
    """Let neither web nor worker start on a database that leaves rows unguarded. Raises RuntimeError with every why."""
    with engine.connect() as connection:
        if found := findings(connection):
            raise RuntimeError("; ".join(found))


def _skew(connection: sa.Connection) -> dt.timedelta:
    """Return how far the database's clock is ahead, less what the asking itself may account for."""
    asked = _now()
    theirs: dt.datetime = connection.execute(sa.text("select clock_timestamp()")).scalar_one()
    half = (_now() - asked) / 2
    ahead = theirs - (asked + half)
    return max(ahead - half, min(ahead + half, dt.timedelta()))


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
