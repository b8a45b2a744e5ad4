"""Invitations: the one way to a first second step, and to a new one after a loss. Handed over in person.

An invitation is good once, for 72 hours. Its address holds a random id; the code is typed, or stands behind the # of
the link, which browsers never send. Nothing is reset without both: for new factors the invitation and the password,
for a new password the invitation and a factor (ASVS 5.0, 6.4.1, 6.4.3; NIST SP 800-63B-4, 4.2).
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import secrets
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access import authenticator, sessions
from intake.access.actor import Actor, current
from intake.access.limits import Try
from intake.access.models import Grant, Organisation, User
from intake.access.passwords import hash_password, matches, weakness
from intake.access.policy import PASSKEY_ROLES
from intake.access.proofs import Authenticator, Invitation, Passkey
from intake.audit.trail import record
from intake.errors import NotAllowed, NotNow, NotThere
from intake.settings import Settings

LIFETIME = dt.timedelta(hours=72)
FIRST, FACTORS, NEW_PASSWORD = "first", "factors", "password"


@dataclass(frozen=True)
class Handed:
    """What is handed over, shown once: the link with the code behind the #, and the two apart."""

    link: str
    address: str
    code: str
    expires_at: dt.datetime


def invite(user: User, settings: Settings, *, by: int | None, password_lost: bool = False) -> Handed:
    """Make an invitation for `user` and return what to hand over. Earlier ones of the same user end.

    A user without a password or a second step enrols from the start. Otherwise the second step is replaced: the old
    one and all sessions end now, since a lost device is in somebody's hands; with `password_lost` the password is.
    """
    kind = FIRST if not user.password_hash else NEW_PASSWORD if password_lost else FACTORS
    if kind == NEW_PASSWORD and not _has_factor(user.id):
        raise NotNow("no_second_step")
    if kind == FACTORS:
        _end_factors(user.id)
    if kind != FIRST:
        sessions.end_all(user.id)
    earlier = sa.update(Invitation).where(Invitation.user_id == user.id, *_open())
    db.session.execute(earlier.values(withdrawn_at=sa.func.clock_timestamp()))
    code = base64.b32encode(secrets.token_bytes(10)).decode()
    row = Invitation(
        user_id=user.id, kind=kind, secret_hash=_hash(code), invited_by_id=by, expires_at=sa.func.now() + LIFETIME
    )
    db.session.add(row)
    db.session.flush()
    record("invited", subject="invitation", record_id=str(row.id), user=user.id, of=kind)
    address, typed = f"{settings.origin}/invitation/{row.id}", "-".join(code[i : i + 4] for i in range(0, 16, 4))
    return Handed(f"{address}#{typed}", address, typed, row.expires_at)


def invite_as_administrator(user: User, settings: Settings, *, lost: str) -> Handed:
    """Make an invitation in the acting administrator's name. lost: '' (or the second step), 'password', 'both'.

    Who lost both has nothing left to show, so the account starts over: what it was granted ends, and is given again
    with a second person's word. An administrator alone cannot get into somebody's records this way (ASVS 5.0, 2.3.5).
    Raises NotNow when there is no second step to keep, NotAllowed for grants that are not theirs to end.
    """
    if lost == "both":
        _start_over(user)
    return invite(user, settings, by=current().user_id, password_lost=lost == "password")


def colleague(user_id: int) -> User:
    """Return a user of the acting administrator's organisation. Raises NotThere, NotAllowed for oneself."""
    if user_id == current().user_id:
        raise NotAllowed
    user = db.session.get(User, user_id)
    if user is None or user.organisation_id != current().organisation_id or not user.active:
        raise NotThere
    return user


def opened(invitation_id: uuid.UUID, code: str) -> tuple[Invitation, str] | None:
    """Return the invitation and a claim for this browser when the code is right; the last to open it goes on alone.

    Unknown, used, late and wrong answer alike: None. Raises TooManyAttempts after ten codes in a quarter of an hour.
    """
    attempt = Try()
    attempt.count("invitation", invitation_id)
    row = db.session.scalars(
        sa.select(Invitation).where(Invitation.id == invitation_id, *_open()).with_for_update()
    ).one_or_none()
    if row is None or not secrets.compare_digest(row.secret_hash, _hash(_typed(code))):
        record("invitation_refused", subject="invitation", record_id=str(invitation_id))
        return None
    attempt.right()
    claim = secrets.token_urlsafe(16)
    row.claim_hash, row.password_hash = _hash(claim), ""
    db.session.flush()
    return row, claim


def claimed(kept: object, *, lock: bool = False) -> tuple[Invitation, User] | None:
    """Return the open invitation that this browser claimed and its user, or None. kept: [id, claim]."""
    if not (isinstance(kept, list) and len(kept) == 2 and all(isinstance(each, str) for each in kept)):  # noqa: PLR2004
        return None
    query = sa.select(Invitation, User).join(User, User.id == Invitation.user_id).where(User.active)
    query = query.where(Invitation.id == uuid.UUID(kept[0]), Invitation.claim_hash == _hash(kept[1]), *_open())
    found = db.session.execute(query.with_for_update(of=Invitation) if lock else query).one_or_none()
    return (found[0], found[1]) if found else None


def set_password(row: Invitation, user: User, password: str) -> str:
    """Keep the password with the invitation until the enrolment is whole; return why not, or ''.

    New accounts and lost passwords choose one; who only lost a factor shows the one they have ('wrong').
    """
    if row.kind == FACTORS:
        attempt = Try()
        attempt.count("invitation password", user.id)
        if not matches(user.password_hash, password):
            record("invitation_refused", subject="invitation", record_id=str(row.id), step="password")
            return "wrong"
        attempt.right()
        row.password_hash = user.password_hash
    else:
        why = weakness(password, context_of(user))
        if why:
            return why
        row.password_hash = hash_password(password)
    db.session.flush()
    return ""


def finish(row: Invitation, user: User) -> None:
    """Use the invitation up: the chosen password holds from now on, older sessions end. Call it with the row locked."""
    row.used_at = sa.func.clock_timestamp()
    user.password_hash = row.password_hash
    row.password_hash = ""
    sessions.end_all(user.id)
    db.act_as(user.id)
    db.session.flush()
    record("enrolled", subject="invitation", record_id=str(row.id), user=user.id, of=row.kind)


def context_of(user: User) -> list[str]:
    """Return the words that a guesser of this user's password knows."""
    organisation = db.session.get_one(Organisation, user.organisation_id)
    return [user.display_name, user.email, organisation.name, organisation.short_name]


def as_actor(user: User) -> Actor:
    """Return the user as far as a factor is asked of them in an invitation: without a session, so without rights."""
    described = db.session.execute(sa.text("select * from access.describe(:id)"), {"id": user.id}).one()
    return sessions.described(described, complete=False)


def passkey_only(user: User) -> bool:
    """Tell whether this user must enrol a passkey: a role that they hold, or that waits for confirmation, asks so."""
    held = sa.select(Grant.id).where(Grant.user_id == user.id, Grant.role.in_(PASSKEY_ROLES), _live())
    return db.session.scalar(held.limit(1)) is not None


def _start_over(user: User) -> None:
    ended = sa.update(Grant).where(Grant.user_id == user.id, _live())
    db.session.execute(ended.values(expires_at=sa.func.now()))
    _end_factors(user.id)
    sessions.end_all(user.id)
    user.password_hash = ""
    db.session.flush()
    record("started_over", subject="app_user", record_id=str(user.id))


def _live() -> sa.ColumnElement[bool]:
    return sa.or_(Grant.expires_at.is_(None), Grant.expires_at > sa.func.now())


def _has_factor(user_id: int) -> bool:
    held = (
        sa.select(Passkey.id).where(Passkey.user_id == user_id, Passkey.removed_at.is_(None)),
        sa.select(Authenticator.id).where(Authenticator.user_id == user_id, Authenticator.removed_at.is_(None)),
    )
    return any(db.session.execute(each.limit(1)).first() for each in held)


def _end_factors(user_id: int) -> None:
    ended = sa.update(Passkey).where(Passkey.user_id == user_id, Passkey.removed_at.is_(None))
    db.session.execute(ended.values(removed_at=sa.func.clock_timestamp()))
    authenticator.remove(user_id)
    authenticator.void_recovery_codes(user_id)


def _open() -> tuple[sa.ColumnElement[bool], ...]:
    return (Invitation.used_at.is_(None), Invitation.withdrawn_at.is_(None), Invitation.expires_at > sa.func.now())


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _typed(code: str) -> str:
    """Return a code as it was made: people type small letters, spaces and other lines between."""
    return "".join(each for each in code.upper() if each.isalnum())
