"""Reads of incidents that more than one page uses."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.models import Compartment, Organisation, Share, User
from intake.incidents.models import Account, ClaimTag, Incident, Note, Observation
from intake.people.models import Consent, Person


@dataclass(frozen=True)
class ListLine:
    """One line of the list: what it needs and no more."""

    id: uuid.UUID
    label: str
    title: str
    incident: Incident
    agencies: tuple[str, ...]
    accounts: int


def newest(before: int | None = None, limit: int = 50) -> list[ListLine]:
    """Return the newest incidents that the actor may see, `limit` at most, older than number `before`."""
    query = sa.select(Incident).order_by(Incident.number.desc()).limit(limit)
    if before is not None:
        query = query.where(Incident.number < before)
    incidents = list(db.session.scalars(query))
    ids = [incident.id for incident in incidents]
    agencies: dict[uuid.UUID, list[str]] = defaultdict(list)
    for incident_id, code in db.session.execute(
        sa.select(Observation.incident_id, Observation.code)
        .where(Observation.incident_id.in_(ids), Observation.term_set == "agency")
        .distinct()
    ):
        agencies[incident_id].append(code)
    counts = {
        row[0]: row[1]
        for row in db.session.execute(
            sa.select(Account.incident_id, sa.func.count())
            .where(Account.incident_id.in_(ids))
            .group_by(Account.incident_id)
        )
    }
    return [ListLine(i.id, i.label, i.title, i, tuple(sorted(agencies[i.id])), counts.get(i.id, 0)) for i in incidents]


def accounts_of(incident_id: uuid.UUID) -> list[tuple[Account, Person]]:
    """Return every account of an incident with its person, first told first."""
    rows = db.session.execute(
        sa.select(Account, Person)
        .join(Person, Person.id == Account.person_id)
        .where(Account.incident_id == incident_id)
        .order_by(Account.created_at)
    )
    return [(row[0], row[1]) for row in rows]


def seen_of(account_id: uuid.UUID) -> dict[str, list[Observation]]:
    """Return what one account says was seen, by set."""
    found: dict[str, list[Observation]] = defaultdict(list)
    for row in db.session.scalars(
        sa.select(Observation).where(Observation.account_id == account_id).order_by(Observation.code)
    ):
        found[row.term_set].append(row)
    return found


def claims_of(incident_id: uuid.UUID) -> list[ClaimTag]:
    """Return the claims on an incident that the actor may see: confirmed, then suggested, then rejected."""
    order = sa.case((ClaimTag.status == "confirmed", 0), (ClaimTag.status == "suggested", 1), else_=2)
    return list(
        db.session.scalars(
            sa.select(ClaimTag).where(ClaimTag.incident_id == incident_id).order_by(order, ClaimTag.code)
        )
    )


def notes_of(incident_id: uuid.UUID) -> list[tuple[Note, str]]:
    """Return the notes on an incident with their authors' names, newest first."""
    rows = db.session.execute(
        sa.select(Note, User.display_name)
        .join(User, User.id == Note.author_id)
        .where(Note.incident_id == incident_id)
        .order_by(Note.created_at.desc())
    )
    return [(row[0], row[1]) for row in rows]


def shares_of(incident_id: uuid.UUID) -> list[tuple[Share, str]]:
    """Return whom an incident is shown to now, with the organisation's name."""
    rows = db.session.execute(
        sa.select(Share, Organisation.name)
        .join(Compartment, Compartment.id == Share.to_compartment_id)
        .join(Organisation, Organisation.id == Compartment.organisation_id)
        .where(Share.incident_id == incident_id, Share.revoked_at.is_(None))
    )
    return [(row[0], row[1]) for row in rows]


def partners_of(incident: Incident) -> list[Organisation]:
    """Return the other organisations of the incident's matter."""
    own = db.session.get_one(Compartment, incident.compartment_id)
    query = sa.select(Organisation).join(Compartment, Compartment.organisation_id == Organisation.id)
    return list(db.session.scalars(query.where(Compartment.matter_id == own.matter_id, Compartment.id != own.id)))


def history_of(
    incident: Incident, others: Iterable[uuid.UUID] = ()
) -> list[tuple[dt.datetime, str, str, str, tuple[str, ...]]]:
    """Return who changed which fields when, newest first; never a value. Empty for whoever may not audit it.

    others: rows of other slices that belong to the record (its files, its declarations).
    """
    trail = sa.table(
        "trail",
        *(sa.column(n) for n in ("id", "at", "actor_id", "kind", "subject", "record_id", "fields")),
        schema="audit",
    )
    own = [incident.id, *(a.id for a in incident.accounts), *(a.person_id for a in incident.accounts), *others]
    for table in (ClaimTag, Note, Consent):
        own += db.session.scalars(sa.select(table.id).where(table.incident_id == incident.id))
    ids = [str(each) for each in own]
    rows = db.session.execute(
        sa.select(trail.c.at, User.display_name, trail.c.kind, trail.c.subject, trail.c.fields)
        .outerjoin(User, User.id == trail.c.actor_id)
        .where(trail.c.record_id.in_(ids))
        .order_by(trail.c.id.desc())
        .limit(20)
    )
    return [(r[0], r[1] or "", r[2], r[3], tuple(r[4])) for r in rows]


def unfinished() -> list[Incident]:
    """Return the actor's own intakes that are not handed off yet, newest first."""
    query = sa.select(Incident).where(Incident.opened_by_id == current().user_id, Incident.intake_finished_at.is_(None))
    return list(db.session.scalars(query.order_by(Incident.number.desc()).limit(20)))


def differences(accounts: list[tuple[Account, Person]]) -> set[str]:
    """Return which points two accounts tell differently: agents, when, agencies. Silence is not disagreement."""
    differing = set()
    counts = [
        (a.agents_low, a.agents_high) for a, _ in accounts if a.agents_low is not None and a.agents_high is not None
    ]
    if len(counts) > 1 and max(c[0] for c in counts) > min(c[1] for c in counts):
        differing.add("agents")
    days = [(a.earliest, a.latest) for a, _ in accounts if a.earliest and a.latest]
    if len(days) > 1 and max(d[0] for d in days) > min(d[1] for d in days):
        differing.add("when")
    agencies = [{o.code for o in seen_of(a.id).get("agency", [])} for a, _ in accounts]
    told = [codes for codes in agencies if codes]
    if len(told) > 1 and not set.intersection(*told):
        differing.add("agency")
    return differing
