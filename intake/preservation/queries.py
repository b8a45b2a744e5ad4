"""The board: every source that the actor may see, the soonest to be erased first."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Incident
from intake.preservation.clock import Clock, clock
from intake.preservation.models import OPEN, PotentialSource

MOST = 500  # lines of the board; the soonest are the first


@dataclass(frozen=True)
class Line:
    """A source with its incident and its clock; without a clock nobody knows yet when the event was."""

    source: PotentialSource
    incident: Incident
    clock: Clock | None


def board(*, closed: bool = False) -> list[Line]:
    """Return open sources, the soonest to go first, those without a day before all; or the closed, newest first."""
    wanted = PotentialSource.state.in_(OPEN)
    query = sa.select(PotentialSource, Incident).join(Incident, Incident.id == PotentialSource.incident_id)
    query = query.where(~wanted if closed else wanted).limit(MOST)
    if closed:
        query = query.order_by(PotentialSource.state_changed_at.desc())
    else:
        soonest = Incident.earliest + PotentialSource.days_low
        query = query.order_by(soonest.asc().nulls_first(), PotentialSource.id)
    return [Line(s, i, clock(s, i)) for s, i in db.session.execute(query)]


def tally() -> dict[str, int]:
    """Return how many sources the actor sees in each state."""
    query = sa.select(PotentialSource.state, sa.func.count().label("n")).group_by(PotentialSource.state)
    return {row.state: row.n for row in db.session.execute(query)}


def of_incident(incident_id: uuid.UUID) -> list[Line]:
    """Return an incident's sources in the order in which they were found."""
    query = sa.select(PotentialSource, Incident).join(Incident, Incident.id == PotentialSource.incident_id)
    query = query.where(PotentialSource.incident_id == incident_id).order_by(PotentialSource.id)
    return [Line(s, i, clock(s, i)) for s, i in db.session.execute(query)]


def line(source_id: uuid.UUID) -> Line:
    """Return one source. Raises NoResultFound for one that is not there for the actor."""
    source = db.session.get_one(PotentialSource, source_id)
    incident = db.session.get_one(Incident, source.incident_id)
    return Line(source, incident, clock(source, incident))


def soon(hours: float, now: dt.datetime) -> list[Line]:
    """Return the open sources of which something may be erased within so many hours."""
    return [each for each in board() if each.clock is not None and each.clock.hours_left(now) <= hours]


def files_of(incident_id: uuid.UUID) -> list[EvidenceItem]:
    """Return the incident's files that can be what came of a source."""
    query = sa.select(EvidenceItem).where(EvidenceItem.incident_id == incident_id, EvidenceItem.state != "failed")
    return list(db.session.scalars(query.order_by(EvidenceItem.created_at)))
