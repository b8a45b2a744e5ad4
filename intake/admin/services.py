"""People and roles: administrators manage people, never content, and never themselves."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.models import Compartment, Grant, Session, User
from intake.access.policy import Role
from intake.errors import Invalid, NotAllowed, NotThere


@dataclass(frozen=True)
class Colleague:
    """A user of the administrator's organisation with the roles they hold."""

    user: User
    roles: tuple[str, ...]


def colleagues() -> list[Colleague]:
    """Return everyone of the acting administrator's organisation, by name."""
    held = sa.select(Grant.user_id, sa.func.array_agg(Grant.role).label("roles")).group_by(Grant.user_id).subquery()
    rows = db.session.execute(
        sa.select(User, held.c.roles)
        .outerjoin(held, held.c.user_id == User.id)
        .where(User.organisation_id == current().organisation_id)
        .order_by(User.display_name)
    )
    return [Colleague(user, tuple(sorted(roles or ()))) for user, roles in rows]


def set_active(user_id: int, *, active: bool) -> None:
    """Enable or disable a colleague; disabling ends their sessions at once. Raises NotThere, NotAllowed for oneself."""
    user = _colleague(user_id)
    user.active = active
    if not active:
        ended = sa.update(Session).where(Session.user_id == user.id, Session.ended_at.is_(None))
        db.session.execute(ended.values(ended_at=sa.func.clock_timestamp()))
    db.session.flush()


def set_role(user_id: int, role: str) -> None:
    """Give a colleague this one role in the organisation's compartments; their next request feels it.

    Raises Invalid for a code that is no role, NotThere for a stranger, NotAllowed for oneself.
    """
    user = _colleague(user_id)
    if role not in set(Role):
        raise Invalid({"role": "unknown"})
    own = sa.select(Compartment.id).where(Compartment.organisation_id == user.organisation_id)
    kept = None
    for grant in db.session.scalars(sa.select(Grant).where(Grant.user_id == user.id, Grant.compartment_id.in_(own))):
        if kept is None:
            kept, grant.role, grant.granted_by_id, grant.expires_at = grant, role, current().user_id, None
        else:
            grant.expires_at = sa.func.now()  # a grant is ended, not deleted: the log keeps who held what
    if kept is None:
        for compartment in db.session.scalars(own):
            db.session.add(
                Grant(user_id=user.id, compartment_id=compartment, role=role, granted_by_id=current().user_id)
            )
    db.session.flush()


def _colleague(user_id: int) -> User:
    if user_id == current().user_id:
        raise NotAllowed
    user = db.session.get(User, user_id)
    if user is None or user.organisation_id != current().organisation_id:
        raise NotThere
    return user
