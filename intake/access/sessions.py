"""Sessions on the server: one call lets a browser's token in, sets row access, and returns the actor."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor, Granted, set_current
from intake.access.models import Session

IDLE = dt.timedelta(minutes=30)
ABSOLUTE = dt.timedelta(hours=12)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def open_session(user_id: int) -> str:
    """Start a session for a user who proved who they are; returns its 256-bit token."""
    token = secrets.token_urlsafe(32)
    db.session.add(Session(token_hash=_hash(token), user_id=user_id))
    db.session.flush()
    return token


def end_session(token: str) -> None:
    """End the session of `token`; its row stays, closed."""
    db.session.execute(
        sa.update(Session).where(Session.token_hash == _hash(token)).values(ended_at=sa.func.clock_timestamp())
    )


def enter(token: str) -> Actor | None:
    """Let the session in, or return None when it is unknown, ended, idle for 30 minutes or older than 12 hours.

    Sets the transaction's user, so that row-level security applies from here on.
    """
    row = db.session.execute(
        sa.text("select * from access.enter(:hash, :idle, :absolute)"),
        {"hash": _hash(token), "idle": IDLE, "absolute": ABSOLUTE},
    ).one_or_none()
    if row is None:
        return None
    return _become(row, token)


def act_for(user_id: int) -> Actor:
    """Act as a user without a browser (a job, the command line): same grants, same row access.

    Raises NoResultFound when the user is unknown or disabled.
    """
    db.act_as(user_id)
    row = db.session.execute(sa.text("select * from access.describe(:id)"), {"id": user_id}).one()
    return _become(row, "")


def _become(row: Any, token: str) -> Actor:  # noqa: ANN401
    actor = Actor(
        user_id=row.user_id,
        display_name=row.display_name,
        email=row.email,
        organisation_id=row.organisation_id,
        language=row.language,
        single_key_shortcuts=row.single_key_shortcuts,
        grants=tuple(Granted(**grant) for grant in row.grants),
        token=token,
    )
    set_current(actor)
    return actor
