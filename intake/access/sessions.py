"""Sessions on the server: one call lets a browser's token in, sets row access, and returns the actor."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
import uuid
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor, Granted, set_current
from intake.access.models import Session

IDLE = dt.timedelta(minutes=30)
SEALED_IDLE = dt.timedelta(minutes=10)  # pages that open a sealed name
ABSOLUTE = dt.timedelta(hours=12)
PASSWORD, TOTP, RECOVERY, PASSKEY, DEMONSTRATION = "password", "totp", "recovery", "passkey", "demonstration"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def open_session(user_id: int, method: str, agent: str = "") -> str:
    """Start a session for a user who proved who they are by `method`; returns its 256-bit token.

    method 'password' is half a sign-in. agent: the browser's kind, for the user's own list ("Firefox, Linux").
    """
    token = secrets.token_urlsafe(32)
    proved = None if method == PASSWORD else sa.func.clock_timestamp()
    db.session.add(Session(token_hash=_hash(token), user_id=user_id, method=method, proved_at=proved, agent=agent[:80]))
    db.session.flush()
    return token


def renew(token: str) -> str:
    """Note that the session's user showed again who they are; returns its new token, the old one opens nothing."""
    fresh = secrets.token_urlsafe(32)
    values = {"token_hash": _hash(fresh), "proved_at": sa.func.clock_timestamp(), "seen_at": sa.func.clock_timestamp()}
    db.session.execute(sa.update(Session).where(Session.token_hash == _hash(token)).values(values))
    return fresh


def end_session(token: str) -> None:
    """End the session of `token`; its row stays, closed."""
    _end(Session.token_hash == _hash(token))


def end_one(user_id: int, session_id: uuid.UUID) -> bool:
    """End one session of this user; False when it is not theirs or over."""
    return _end(Session.user_id == user_id, Session.id == session_id) == 1


def end_all(user_id: int, *, but: str = "") -> int:
    """End every session of a user, except that of the token `but`; returns how many."""
    return _end(Session.user_id == user_id, Session.token_hash != _hash(but))


def _end(*which: Any) -> int:  # noqa: ANN401
    ended = sa.update(Session).where(Session.ended_at.is_(None), *which).values(ended_at=sa.func.clock_timestamp())
    done = db.session.execute(ended.returning(Session.id), execution_options={"synchronize_session": False})
    return len(done.all())


def open_of(user_id: int) -> list[Session]:
    """Return the user's open sessions, the one used last first."""
    now = sa.func.now()
    return list(
        db.session.scalars(
            sa.select(Session)
            .where(Session.user_id == user_id, Session.ended_at.is_(None), Session.method != PASSWORD)
            .where(Session.seen_at > now - IDLE, Session.started_at > now - ABSOLUTE)
            .order_by(Session.seen_at.desc())
        )
    )


def left(token: str) -> tuple[int, int]:
    """Return for how many seconds the session stays open when idle, and at the longest; 0 when it is over.

    Looking does not count as activity: a page left open does not keep its own session alive.
    """
    row = db.session.execute(
        sa.select(
            sa.func.extract("epoch", Session.seen_at + IDLE - sa.func.now()),
            sa.func.extract("epoch", Session.started_at + ABSOLUTE - sa.func.now()),
        ).where(Session.token_hash == _hash(token), Session.ended_at.is_(None), Session.method != PASSWORD)
    ).one_or_none()
    if row is None or min(row) <= 0:
        return 0, 0
    return int(row[0]), int(row[1])


def mark_of(token: str) -> str:
    """Return a short mark of whose session this is, to see whether another user signed in meanwhile; '' when over."""
    row = db.session.execute(sa.select(Session.user_id).where(Session.token_hash == _hash(token))).one_or_none()
    return str(row.user_id) if row else ""


def enter(token: str) -> Actor | None:
    """Let the session in, or return None when it is unknown, ended, idle for 30 minutes or older than 12 hours.

    Sets the transaction's user, so that row-level security applies from here on. Half a sign-in comes back as an
    actor that is not `complete`: the transaction stays nobody's.
    """
    row = db.session.execute(
        sa.text("select * from access.enter(:hash, :idle, :absolute)"),
        {"hash": _hash(token), "idle": IDLE, "absolute": ABSOLUTE},
    ).one_or_none()
    if row is None:
        return None
    return _become(
        row,
        token=token,
        session_id=row.session_id,
        method=row.method,
        complete=row.complete,
        proved=row.proved,
        quiet=row.quiet,
        open_for=row.open_for,
    )


def act_for(user_id: int) -> Actor:
    """Act as a user without a browser (a job, the command line): same grants, same row access.

    Raises NoResultFound when the user is unknown or disabled.
    """
    db.act_as(user_id)
    row = db.session.execute(sa.text("select * from access.describe(:id)"), {"id": user_id}).one()
    return _become(row)


def _become(row: Any, **session: Any) -> Actor:  # noqa: ANN401
    actor = described(row, **session)
    if actor.complete:
        set_current(actor)
    return actor


def described(row: Any, **session: Any) -> Actor:  # noqa: ANN401
    """Return the actor of a row of access.describe, acting in nothing yet."""
    return Actor(
        user_id=row.user_id,
        display_name=row.display_name,
        email=row.email,
        organisation_id=row.organisation_id,
        language=row.language,
        single_key_shortcuts=row.single_key_shortcuts,
        grants=tuple(Granted(**grant) for grant in row.grants),
        **session,
    )
