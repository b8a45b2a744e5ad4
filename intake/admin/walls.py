"""Ethical walls: who sees nothing of an organisation's share of a matter, or of one record, whatever they hold."""

from __future__ import annotations

import re

import sqlalchemy as sa

from intake import db
from intake.access import notices
from intake.access.actor import current
from intake.access.models import Compartment, Organisation, User, Wall
from intake.access.policy import Role
from intake.errors import Invalid, NotThere

_NUMBER = re.compile(r"(?:IN-)?0*(\d{1,18})", re.IGNORECASE)


def number_of(typed: str) -> int | None:
    """Return the number in "IN-0142" or "142", or None."""
    found = _NUMBER.fullmatch(typed.strip())
    return int(found[1]) if found else None


def places() -> list[tuple[int, str]]:
    """Return (compartment, organisation) of the actor's matters: one's own people may need a wall to a partner too."""
    matters = [g.matter_id for g in current().grants if g.role == Role.ADMINISTRATOR]
    query = sa.select(Compartment.id, Organisation.name).join(
        Organisation, Organisation.id == Compartment.organisation_id
    )
    return [(row[0], row[1]) for row in db.session.execute(query.where(Compartment.matter_id.in_(matters)))]


def build(user: User, compartment_id: int, number: str, reason: str) -> Wall:
    """Put up a wall between a colleague and a compartment, or one record of it. Raises Invalid with a code a field."""
    if compartment_id not in {place for place, _name in places()}:
        raise Invalid({"compartment": "unknown"})
    incident_id = None
    if number.strip():
        found = sa.text("select access.numbered(:compartment, :number)")
        values = {"compartment": compartment_id, "number": number_of(number)}
        incident_id = db.session.execute(found, values).scalar_one()
        if incident_id is None:
            raise Invalid({"number": "unknown"})
    if not reason.strip():
        raise Invalid({"reason": "missing"})
    here = (Wall.user_id == user.id, Wall.compartment_id == compartment_id, Wall.ended_at.is_(None))
    standing: Wall | None = db.session.scalar(
        sa.select(Wall).where(*here, Wall.incident_id.is_not_distinct_from(incident_id))
    )
    if standing is None:
        standing = Wall(user_id=user.id, compartment_id=compartment_id, incident_id=incident_id, reason=reason.strip())
        db.session.add(standing)
        db.session.flush()
    return standing


def take_down(wall: Wall, reason: str) -> None:
    """Take a wall down, and tell the attorneys whose records it guarded. Raises Invalid without a reason, NotThere."""
    if not reason.strip():
        raise Invalid({"reason": "missing"})
    if wall.ended_at is not None:
        raise NotThere
    wall.ended_at, wall.end_reason = sa.func.clock_timestamp(), reason.strip()
    db.session.flush()
    notices.alert(wall.compartment_id, "wall.down", str(wall.id), (Role.SUPERVISING_ATTORNEY,))


def of_user(user: User) -> list[tuple[Wall, str]]:
    """Return the walls that stand round a colleague, each with the organisation it guards."""
    query = (
        sa.select(Wall, Organisation.name)
        .join(Compartment, Compartment.id == Wall.compartment_id)
        .join(Organisation, Organisation.id == Compartment.organisation_id)
        .where(Wall.user_id == user.id, Wall.ended_at.is_(None))
        .order_by(Wall.id)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]
