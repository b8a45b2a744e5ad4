"""What may be done with a source: name it, correct its guess, ask for it, write down what became of it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, NotNow, NotThere, StaleVersion
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Incident
from intake.preservation.kinds import kind
from intake.preservation.models import STATES, PotentialSource

DESCRIBED = ("what", "holder", "holder_address", "quote", "days_low", "days_high", "days_basis")


def suspect(incident: Incident, code: str, **told: str) -> PotentialSource:
    """Write down that a recording may exist. told: what, holder, holder_address, quote.

    The clock starts with the kind's usual days. Raises NotAllowed, Invalid for an unknown kind.
    """
    _may_add(incident.compartment_id)
    usual = kind(code)
    source = PotentialSource(
        incident_id=incident.id,
        compartment_id=incident.compartment_id,
        opened_by_id=incident.opened_by_id,
        kind=code,
        days_low=usual.days_low,
        days_high=usual.days_high,
        days_basis=usual.source,
        **told,
    )
    db.session.add(source)
    db.session.flush()
    return source


def suspect_each(incident: Incident, codes: Iterable[str]) -> list[PotentialSource]:
    """Write down one source for each kind of the quick questions that the incident does not have yet."""
    known = sa.select(PotentialSource.kind).where(PotentialSource.incident_id == incident.id)
    there = set(db.session.scalars(known))
    return [suspect(incident, code) for code in dict.fromkeys(codes) if code not in there]


def describe(source: PotentialSource, version: int | None, **told: str | int) -> None:
    """Correct what is known. told: names of DESCRIBED; days are whole days.

    Raises NotAllowed, StaleVersion when somebody else saved first, Invalid when the longest time is the shorter one.
    """
    _may_add(source.compartment_id)
    if version != source.version:
        raise StaleVersion({name: str(getattr(source, name)) for name in told})
    low, high = told.get("days_low", source.days_low), told.get("days_high", source.days_high)
    if not 0 < int(low) <= int(high):
        raise Invalid({"days_high": "below_low"})
    for name, value in told.items():
        setattr(source, name, value)
    db.session.flush()


def move(
    source: PotentialSource, state: str, *, sent_on: dt.date | None = None, item_id: uuid.UUID | None = None
) -> None:
    """Write down what became of it. sent_on: the day a letter went out; item_id: the file that came of it.

    A source is obtained only with its file. Raises NotAllowed, Invalid, NotThere for a file of another incident.
    """
    _may_add(source.compartment_id)
    if state not in STATES:
        raise Invalid({"state": "unknown"})
    if state == "obtained" and item_id is None:
        raise NotNow("file_missing")
    if item_id is not None and db.session.get_one(EvidenceItem, item_id).incident_id != source.incident_id:
        raise NotThere
    source.state, source.item_id = state, item_id if state == "obtained" else None
    source.state_changed_at = sa.func.clock_timestamp()
    if sent_on is not None:
        source.sent_on = sent_on
    db.session.flush()


def _may_add(compartment_id: int) -> None:
    if not current().may(Permission.EVIDENCE_ADD, compartment_id):
        raise NotAllowed
