"""Valid minimal rows through the real services; a test states only what matters to it."""

from __future__ import annotations

from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.incidents.models import Account, Incident
from intake.people.models import Person


def an_incident(**values: Any) -> Incident:
    """Return an incident of the acting user, with one person and one account."""
    account = an_account(incident=_incident(**values))
    return account.incident


def an_account(incident: Incident | None = None, **values: Any) -> Account:
    """Return a person's account of `incident`, or of a new one."""
    incident = incident or _incident()
    place = {"compartment_id": incident.compartment_id, "opened_by_id": incident.opened_by_id}
    person = Person(pseudonym="", **place)
    db.session.add(person)
    db.session.flush()
    person.pseudonym = f"Declarant {person.number:04d}"
    account = Account(
        person_id=person.id,
        incident_id=incident.id,
        **{"narrative": "They stopped me.", "narrative_language": "en", **place, **values},
    )
    db.session.add(account)
    db.session.flush()
    return account


def _incident(**values: Any) -> Incident:
    me = current()
    incident = Incident(compartment_id=me.compartment_for(Permission.INTAKE_OPEN), opened_by_id=me.user_id, **values)
    db.session.add(incident)
    db.session.flush()
    return incident
