"""People: administrators manage people, never content, and never themselves."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.actor import current
from intake.access.models import Grant, Session, User, Wall
from intake.admin import grants
from intake.errors import Invalid, NotAllowed, NotThere


@dataclass(frozen=True)
class Colleague:
    """A user of the administrator's organisation, what they hold now, and in how many places they are signed in."""

    user: User
    grants: tuple[Grant, ...]
    places: int
    walls: int

    @property
    def ends(self) -> dt.datetime | None:
        """When the first of their grants ends."""
        return min((grant.expires_at for grant in self.grants if grant.expires_at), default=None)

    @property
    def ends_soon(self) -> bool:
        """Tell whether a grant ends within 14 days."""
        return self.ends is not None and self.ends <= dt.datetime.now(dt.UTC) + grants.SOON


def colleagues() -> list[Colleague]:
    """Return everyone of the acting administrator's organisation, by name."""
    return _described(User.organisation_id == current().organisation_id)


def colleague(user_id: int) -> Colleague:
    """Return one of them. Raises NotThere for a stranger: the same answer as for nobody."""
    found = _described(User.organisation_id == current().organisation_id, User.id == user_id)
    if not found:
        raise NotThere
    return found[0]


def managed(user_id: int) -> User:
    """Return a colleague whom the actor may change. Raises NotThere, NotAllowed for oneself."""
    if user_id == current().user_id:
        raise NotAllowed
    return colleague(user_id).user


def add_person(name: str, email: str, language: str, given: grants.Given) -> User:
    """Add a colleague without any way to sign in; an invitation is the next step. Raises Invalid, NotAllowed."""
    grants.check(given)
    address = email.strip().lower()
    if db.session.scalar(sa.select(User.id).where(User.email == address)) is not None:
        raise Invalid({"email": "taken"})
    user = User(
        organisation_id=current().organisation_id,
        display_name=name.strip(),
        email=address,
        language=language,
        password_hash="",
    )
    db.session.add(user)
    db.session.flush()
    grants.give(user, given)
    return user


def set_active(user_id: int, *, active: bool) -> None:
    """Enable or disable a colleague; disabling ends their sessions at once. Raises NotThere, NotAllowed for oneself."""
    user = managed(user_id)
    user.active = active
    db.session.flush()
    if not active:
        sessions.end_all(user.id)


def end_sessions(user_id: int) -> int:
    """End every session of a colleague; returns how many. Raises NotThere, NotAllowed for oneself."""
    return sessions.end_all(managed(user_id).id)


def _described(*which: sa.ColumnElement[bool]) -> list[Colleague]:
    users = list(db.session.scalars(sa.select(User).where(*which).order_by(User.display_name, User.id)))
    ids, now = [user.id for user in users], sa.func.now()
    held: dict[int, list[Grant]] = {}
    live = sa.or_(Grant.expires_at.is_(None), Grant.expires_at > now)
    for grant in db.session.scalars(sa.select(Grant).where(Grant.user_id.in_(ids), live).order_by(Grant.id)):
        held.setdefault(grant.user_id, []).append(grant)
    signed_in = _counted(
        Session.user_id, Session.user_id.in_(ids), Session.ended_at.is_(None),
        Session.seen_at > now - sessions.IDLE, Session.started_at > now - sessions.ABSOLUTE,
    )  # fmt: skip
    walled = _counted(Wall.user_id, Wall.user_id.in_(ids), Wall.ended_at.is_(None))
    return [
        Colleague(user, tuple(held.get(user.id, ())), signed_in.get(user.id, 0), walled.get(user.id, 0))
        for user in users
    ]


def _counted(by: sa.orm.InstrumentedAttribute[int], *which: sa.ColumnElement[bool]) -> dict[int, int]:
    rows = db.session.execute(sa.select(by, sa.func.count()).where(*which).group_by(by))
    return {row[0]: row[1] for row in rows}
