"""Signing in with a password and a second step. Equal answers for unknown, wrong and closed; limits for guesses."""

from __future__ import annotations

import hashlib
import hmac

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.access import authenticator, demonstration, sessions
from intake.access.actor import Actor
from intake.access.limits import TRIES_OF_NETWORK, Try, network_of
from intake.access.models import User
from intake.access.passwords import matches
from intake.access.policy import PASSKEY_ROLES
from intake.access.proofs import KnownNetwork, Passkey
from intake.audit.trail import record
from intake.settings import Settings

_DIGITS = 6


def show_password(email: str, password: str, address: str, settings: Settings) -> User | None:
    """Return whose e-mail and password these are, or None: unknown, closed and wrong do the same work.

    address: the browser's IP address. Raises TooManyAttempts after ten wrong ones on this account within a quarter
    of an hour; a network where the user signed in before has ten of its own, so that guesses elsewhere do not shut
    the user out.
    """
    email = email.strip().lower()
    user = db.session.scalar(sa.select(User).where(User.email == email))
    attempt = Try()
    if user is None or not _known(user, address, settings):
        attempt.count("account", email)
    attempt.count("network", address, most=TRIES_OF_NETWORK)
    attempt.count("account from network", email, network_of(address))
    right = matches(user.password_hash if user else "", password)
    if user is None or not user.active or not right:
        record("sign_in_refused", subject="app_user", step="password")
        return None
    attempt.right()
    return user


def show_code(actor: Actor, code: str, settings: Settings) -> str:
    """Return by which way `code` is a right second step of this user, or ''. A code is taken and works once.

    Raises TooManyAttempts after ten wrong codes within a quarter of an hour.
    """
    attempt, code = Try(), "".join(code.split())
    attempt.count("code", actor.user_id)
    way = _way(actor, code, settings)
    if way:
        attempt.right()
    else:
        record("sign_in_refused", subject="app_user", record_id=str(actor.user_id), step="code")
    return way


def _way(actor: Actor, code: str, settings: Settings) -> str:
    shown = demonstration.code_for(actor, settings)
    if shown and hmac.compare_digest(shown.encode(), code.encode()):
        return sessions.DEMONSTRATION
    if needs_passkey(actor):
        return ""
    if len(code) == _DIGITS:
        return sessions.TOTP if authenticator.take(actor.user_id, code) else ""
    return sessions.RECOVERY if authenticator.take_recovery_code(actor.user_id, code) else ""


def complete(user_id: int, method: str, address: str, settings: Settings, *, agent: str, half: str = "") -> str:
    """Open the whole session of a user who showed all that is asked; returns its token. `half` ends."""
    if half:
        sessions.end_session(half)
    db.act_as(user_id)
    seen = insert(KnownNetwork).values(user_id=user_id, network=_keyed(address, settings))
    now = {"seen_at": sa.func.clock_timestamp()}
    db.session.execute(seen.on_conflict_do_update(index_elements=["user_id", "network"], set_=now))
    record("sign_in", subject="app_user", record_id=str(user_id), method=method)
    return sessions.open_session(user_id, method, agent)


def step_up(actor: Actor, method: str) -> str:
    """Note that the acting user showed again that it is them; returns the session's new token."""
    record("step_up", subject="app_user", record_id=str(actor.user_id), method=method)
    return sessions.renew(actor.token)


def needs_passkey(actor: Actor) -> bool:
    """Tell whether a role of the actor takes no other second step than a passkey."""
    return bool(actor.roles & PASSKEY_ROLES)


def ways(actor: Actor, settings: Settings) -> dict[str, str | bool]:
    """Return which second steps this user can take: passkey, totp, recovery, and the demonstration's code or ''."""
    plain = not needs_passkey(actor)
    held = sa.select(Passkey.id).where(Passkey.user_id == actor.user_id, Passkey.removed_at.is_(None)).limit(1)
    return {
        "passkey": db.session.scalar(held) is not None,
        "totp": plain and authenticator.of(actor.user_id) is not None,
        "recovery": plain and authenticator.recovery_codes_left(actor.user_id) > 0,
        "demonstration": demonstration.code_for(actor, settings),
        "needs_passkey": not plain,
    }


def _known(user: User, address: str, settings: Settings) -> bool:
    return db.session.get(KnownNetwork, (user.id, _keyed(address, settings))) is not None


def _keyed(address: str, settings: Settings) -> bytes:
    # Keyed, so that the table does not tell where people work or live.
    return hmac.new(settings.secret_key.encode(), f"network|{network_of(address)}".encode(), hashlib.sha256).digest()
