"""A user's own factors: seen, added, renamed and removed by their owner alone, and never the last one."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from intake import db
from intake.access import authenticator, passkeys, sessions
from intake.access.actor import Actor, current
from intake.access.invitations import context_of
from intake.access.models import User
from intake.access.passwords import hash_password, matches, weakness
from intake.access.proofs import Passkey
from intake.access.sign_in import needs_passkey
from intake.audit.trail import record
from intake.errors import NotNow, NotThere

_NAME = 60  # characters


def me() -> User:
    """Return the acting user's row, locked: changes of one's factors take turns."""
    return db.session.scalars(sa.select(User).where(User.id == current().user_id).with_for_update()).one()


def rename_passkey(passkey_id: uuid.UUID, name: str) -> None:
    """Give an own passkey another name. Raises NotThere for one that is not."""
    _own(passkey_id).name = " ".join(name.split())[:_NAME] or "Passkey"
    db.session.flush()


def remove_passkey(passkey_id: uuid.UUID) -> None:
    """Remove an own passkey and end the other sessions. Raises NotThere, NotNow('last_factor')."""
    me()
    passkey, actor = _own(passkey_id), current()
    others = len(passkeys.of(actor.user_id)) - 1
    if not others and (needs_passkey(actor) or authenticator.of(actor.user_id) is None):
        raise NotNow("last_factor")
    passkey.removed_at = sa.func.clock_timestamp()
    _changed("factor_removed", "passkey", passkey_id)


def remove_authenticator() -> None:
    """Remove the own app and end the other sessions. Raises NotThere without one, NotNow('last_factor')."""
    me()
    app = authenticator.of(current().user_id)
    if app is None:
        raise NotThere
    if not passkeys.of(current().user_id):
        raise NotNow("last_factor")
    authenticator.remove(current().user_id)
    _changed("factor_removed", "authenticator", app.id)


def change_password(old: str, new: str) -> str:
    """Take a new password for the old one and end the other sessions; returns why not, or ''.

    'wrong': the old one is not; else as passwords.weakness.
    """
    user = me()
    if not matches(user.password_hash, old):
        record("sign_in_refused", subject="app_user", record_id=str(user.id), step="password change")
        return "wrong"
    why = weakness(new, context_of(user))
    if why:
        return why
    user.password_hash = hash_password(new)
    _changed("password_changed", "app_user", user.id)
    return ""


def added(kind: str, factor_id: object) -> None:
    """Log that the acting user added a factor of this kind."""
    record("factor_added", subject=kind, record_id=str(factor_id))


def _own(passkey_id: uuid.UUID) -> Passkey:
    mine = sa.select(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == current().user_id)
    found = db.session.scalars(mine.where(Passkey.removed_at.is_(None))).one_or_none()
    if found is None:
        raise NotThere
    return found


def _changed(kind: str, subject: str, record_id: object) -> None:
    actor: Actor = current()
    db.session.flush()
    record(kind, subject=subject, record_id=str(record_id))
    # A factor is taken away when it is in doubt: whoever came in with it goes out (ASVS 5.0, 7.4.3).
    sessions.end_all(actor.user_id, but=actor.token)
