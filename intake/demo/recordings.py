"""Recordings that others hold, for the demonstration: some asked for, one obtained, one lost, some still running."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.demo import progress
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Incident
from intake.preservation import services
from intake.preservation.models import PotentialSource

PART = "recordings"
_TWO_YEARS: dict[str, str | int] = {
    "days_low": 700,
    "days_high": 730,
    "days_basis": "They answered: two years.",
}
# incident: (kind, which, who keeps it, what is known of the time, how it stands)
_SOURCES: dict[int, tuple[tuple[str, str, str, dict[str, str | int], str], ...]] = {
    2: (("PS.BWC", "Officer who held the corner", "Example Police Department", _TWO_YEARS, "asked"),),
    5: (
        ("PS.STORE", "Camera over the parking lot exit", "Example Hardware", {}, "obtained"),
        ("PS.BUS", "Bus 18, rear door camera", "Example Transit", {}, "lost"),
    ),
    9: (("PS.911", "Call of a neighbor", "Example Dispatch Center", _TWO_YEARS, "promised"),),
    14: (
        ("PS.PHONE", "Young man at the bus stop filmed it", "", {"days_low": 540, "days_high": 1000}, "suspected"),
        ("PS.HOME", "Doorbell across the street", "", {}, "refused"),
    ),
}


def write(incidents: dict[int, uuid.UUID], users: dict[str, int]) -> None:
    """Write every source of the matter, each through the services that the pages use. Runs its own transaction."""
    with db.transaction():
        sessions.act_for(users["attorney@harbor.example"])
        for number, sources in _SOURCES.items():
            incident = db.session.get(Incident, incidents[number])
            if incident is None:  # another organisation's
                continue
            for code, what, holder, known, state in sources:
                source = services.suspect(incident, code, what=what, holder=holder)
                if known:
                    services.describe(source, source.version, **known)
                _move(incident, source, state)
        progress.done(PART)


def _move(incident: Incident, source: PotentialSource, state: str) -> None:
    item = db.session.scalar(sa.select(EvidenceItem.id).where(EvidenceItem.incident_id == incident.id).limit(1))
    if state == "obtained" and item is None:
        state = "promised"
    sent = None if state in {"suspected", "lost"} or incident.latest is None else incident.latest + dt.timedelta(days=3)
    services.move(source, state, sent_on=sent, item_id=item if state == "obtained" else None)
