"""Passwords: Argon2id, equal answers, and limits kept in PostgreSQL so that all workers share them."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from intake import db
from intake.access.models import User
from intake.access.sessions import open_session
from intake.audit.trail import record
from intake.errors import TooManyAttempts

# OWASP's floor is 19 MiB and 2 passes; this is above it and verifies in tens of milliseconds.
_HASHER = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("a password that nobody has")
FAILURES_PER_QUARTER_HOUR = 10


def hash_password(password: str) -> str:
    """Return the Argon2id hash of `password`, with its salt and parameters."""
    return _HASHER.hash(password)


def sign_in(email: str, password: str, network: str) -> str | None:
    """Return a new session's token, or None. Unknown, disabled and wrong take the same time and answer alike.

    Raises TooManyAttempts after ten failures from this network on this account within a quarter of an hour.
    """
    subject = hashlib.sha256(f"{email.lower()}|{network}".encode()).digest()
    if _failures(subject) >= FAILURES_PER_QUARTER_HOUR:
        raise TooManyAttempts
    user = db.session.scalar(sa.select(User).where(User.email == email.strip().lower()))
    matches = _verify(user.password_hash if user else _NOBODY, password)
    if user is None or not user.active or not matches:
        _count_failure(subject)
        record("sign_in_refused", subject="app_user")
        return None
    db.act_as(user.id)
    record("sign_in", subject="app_user", record_id=str(user.id))
    return open_session(user.id)


def _verify(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _failures(subject: bytes) -> int:
    query = (
        "select coalesce(sum(failures), 0) from sign_in_attempt"
        " where subject = :s and window_start > now() - interval '15 minutes'"
    )
    return int(db.session.execute(sa.text(query), {"s": subject}).scalar_one())


def _count_failure(subject: bytes) -> None:
    db.session.execute(
        sa.text(
            "insert into sign_in_attempt (subject, window_start, failures) values (:s, date_trunc('minute', now()), 1)"
            " on conflict (subject, window_start) do update set failures = sign_in_attempt.failures + 1"
        ),
        {"s": subject},
    )
