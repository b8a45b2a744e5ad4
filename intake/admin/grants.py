"""Grants: given by administrators, confirmed by a supervising attorney, ended by either; never to oneself.

Less is allowed at once; what reads records waits for the second person (security page, requirements 30 and 33). The
trigger access.weigh_grant says the same to whatever comes past this file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access import notices
from intake.access.actor import current
from intake.access.models import Compartment, Grant, Organisation, User
from intake.access.policy import Permission, Role
from intake.errors import Invalid, NotAllowed, NotThere
from intake.matters.models import Matter

LONGEST = dt.timedelta(days=366)
SOON = dt.timedelta(days=14)
HIGHEST_TIER = 3
_ATTORNEYS = frozenset({Role.SUPERVISING_ATTORNEY, Role.CO_COUNSEL})
# Neither reads a record: an administrator's own word is enough.
_AT_ONCE = frozenset({Role.ADMINISTRATOR, Role.AUDITOR})


@dataclass(frozen=True)
class Given:
    """What an administrator asks for a person: a role in a compartment, up to a tier, to the end of a day."""

    role: str
    tier: int
    until: dt.date
    compartment_id: int

    @property
    def expires_at(self) -> dt.datetime:
        """The end of the last day, in UTC."""
        return dt.datetime.combine(self.until + dt.timedelta(days=1), dt.time(), dt.UTC)


def compartments() -> list[tuple[Compartment, str]]:
    """Return the compartments whose people the actor manages, each with its matter's short name."""
    managed = [g.compartment_id for g in current().grants if g.role == Role.ADMINISTRATOR]
    query = sa.select(Compartment, Matter.short_title).join(Matter, Matter.id == Compartment.matter_id)
    rows = db.session.execute(query.where(Compartment.id.in_(managed)).order_by(Compartment.id))
    return [(row[0], row[1]) for row in rows]


def check(given: Given, user: User | None = None) -> None:
    """Raise Invalid with a code for each field that cannot be, NotAllowed for a compartment that is not managed."""
    wrong: dict[str, str] = {}
    if given.role not in set(Role):
        wrong["role"] = "unknown"
    if not 1 <= given.tier <= HIGHEST_TIER or (given.tier > 1 and given.role not in _ATTORNEYS):
        wrong["tier"] = "attorneys_only"
    today = dt.datetime.now(dt.UTC).date()
    if not today <= given.until <= today + LONGEST:
        wrong["until"] = "range"
    if user is not None and _other_kind(user.id, given.role):
        wrong["role"] = "administrators_apart"
    if wrong:
        raise Invalid(wrong)
    if given.compartment_id not in {compartment.id for compartment, _matter in compartments()}:
        raise NotAllowed


def give(user: User, given: Given) -> Grant:
    """Give a colleague a role; another role of theirs there ends now. Raises Invalid, NotAllowed.

    The same role with less holds at once, like a role that reads no records. Anything else waits for confirmation,
    and until then what they have in that role stays as it is.
    """
    if user.id == current().user_id:
        raise NotAllowed
    check(given, user)
    same = None
    for held in _live(user.id, given.compartment_id):
        if held.role != given.role or held.awaits_confirmation:
            held.expires_at = sa.func.now()  # a grant is ended, not deleted: the log keeps who held what
        else:
            same = held
    if same is not None and _less(same, given):
        same.tier, same.expires_at = given.tier, given.expires_at
        db.session.flush()
        return same
    return _add(user, given)


def end(grant: Grant) -> None:
    """End a colleague's grant now. Raises NotAllowed for one's own and outside one's compartments."""
    me = current()
    may = me.may(Permission.PEOPLE_MANAGE, grant.compartment_id) or me.may(
        Permission.GRANT_CONFIRM, grant.compartment_id
    )
    if grant.user_id == me.user_id or not may:
        raise NotAllowed
    grant.expires_at = sa.func.now()
    db.session.flush()


def confirm(grant: Grant) -> None:
    """Let a waiting grant open what it grants; the same person's older ones there end. Raises NotAllowed."""
    me = current()
    mine = me.user_id in {grant.user_id, grant.granted_by_id}
    if mine or not me.may(Permission.GRANT_CONFIRM, grant.compartment_id):
        raise NotAllowed
    if not grant.awaits_confirmation or _over(grant):
        raise NotThere
    for held in _live(grant.user_id, grant.compartment_id):
        if held.id != grant.id:
            held.expires_at = sa.func.now()
    grant.awaits_confirmation = False
    db.session.flush()


def refuse(grant: Grant) -> None:
    """Let a waiting grant end before it held. Raises NotAllowed, NotThere for one that does not wait."""
    if not grant.awaits_confirmation or _over(grant):
        raise NotThere
    end(grant)


def to_confirm() -> list[tuple[Grant, User, str]]:
    """Return the grants that wait for the actor: grant, person, and who gave it; oldest first."""
    me, giver = current(), sa.orm.aliased(User)
    mine = [g.compartment_id for g in me.grants if g.role == Role.SUPERVISING_ATTORNEY]
    query = (
        sa.select(Grant, User, giver.display_name)
        .join(User, User.id == Grant.user_id)
        .join(giver, giver.id == Grant.granted_by_id)
        .where(Grant.awaits_confirmation, Grant.compartment_id.in_(mine), User.active)
        .where(Grant.user_id != me.user_id, Grant.granted_by_id != me.user_id)
        .where(sa.or_(Grant.expires_at.is_(None), Grant.expires_at > sa.func.now()))
        .order_by(Grant.id)
    )
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


def grant_of(grant_id: int) -> Grant:
    """Return a grant in the actor's own organisation. Raises NotThere for any other: the same answer as for none."""
    query = (
        sa.select(Grant)
        .join(Compartment, Compartment.id == Grant.compartment_id)
        .join(Organisation, Organisation.id == Compartment.organisation_id)
        .where(Grant.id == grant_id, Organisation.id == current().organisation_id)
    )
    grant: Grant | None = db.session.scalar(query)
    if grant is None:
        raise NotThere
    return grant


def _add(user: User, given: Given) -> Grant:
    grant = Grant(
        user_id=user.id,
        compartment_id=given.compartment_id,
        role=given.role,
        tier=given.tier,
        expires_at=given.expires_at,
        granted_by_id=current().user_id,
        awaits_confirmation=given.role not in _AT_ONCE,
    )
    db.session.add(grant)
    db.session.flush()
    if grant.awaits_confirmation:
        notices.alert(given.compartment_id, "grant.waits", str(grant.id), (Role.SUPERVISING_ATTORNEY,))
    return grant


def _live(user_id: int, compartment_id: int | None = None) -> list[Grant]:
    query = sa.select(Grant).where(Grant.user_id == user_id)
    if compartment_id is not None:
        query = query.where(Grant.compartment_id == compartment_id)
    return list(db.session.scalars(query.where(sa.or_(Grant.expires_at.is_(None), Grant.expires_at > sa.func.now()))))


def _other_kind(user_id: int, role: str) -> bool:
    """An administrator holds no other role, in any compartment; who holds one becomes no administrator."""
    return any((held.role == Role.ADMINISTRATOR) != (role == Role.ADMINISTRATOR) for held in _live(user_id))


def _less(held: Grant, given: Given) -> bool:
    return given.tier <= held.tier and (held.expires_at is None or given.expires_at <= held.expires_at)


def _over(grant: Grant) -> bool:
    return grant.expires_at is not None and grant.expires_at <= dt.datetime.now(dt.UTC)
