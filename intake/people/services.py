"""People and their permissions: pseudonyms, consents that are added and never changed."""

from __future__ import annotations

import uuid
from typing import Any

from intake import db
from intake.access.actor import current
from intake.errors import Invalid, NotAllowed
from intake.people.models import Consent, Person
from intake.people.queries import consents_of
from intake.taxonomy import taxonomy

ANSWERS = ("answered", "unknown", "declined", "not_asked")
AGE_BANDS = ("under_12", "12_17", "18_24", "25_44", "45_64", "65_up", "declined", "unknown", "not_asked")


def new_person(compartment_id: int, opened_by_id: int) -> Person:
    """Record a person by a pseudonym that is stable within the matter and never used again."""
    person = Person(compartment_id=compartment_id, opened_by_id=opened_by_id, pseudonym="")
    db.session.add(person)
    db.session.flush()
    person.pseudonym = f"Declarant {person.number:04d}"
    return person


def describe_person(person: Person, **values: Any) -> None:  # noqa: ANN401
    """Change what is not sealed: age_band, language, reads_language, variant_town, city, answers. Raises Invalid."""
    if not current().may_change(person):
        raise NotAllowed
    if values.get("age_band", "not_asked") not in AGE_BANDS:
        raise Invalid({"age_band": "unknown"})
    answers = values.pop("answers", None)
    for name, value in values.items():
        setattr(person, name, value)
    if answers:
        person.answers = {**person.answers, **answers}
    db.session.flush()


def record_consent(person: Person, incident_id: uuid.UUID, scope: str, answer: str, language: str) -> Consent:
    """Add the answer to one scope (CN.*): yes, no or withdrawn. Withdrawing CN.COCOUNSEL ends shares at once
    (a trigger of access/rows.py).

    Raises Invalid for an unknown scope or answer.
    """
    taxonomy("consent_scope").term(scope)
    if answer not in {"yes", "no", "withdrawn"}:
        raise Invalid({"answer": "unknown"})
    consent = Consent(
        person_id=person.id,
        incident_id=incident_id,
        compartment_id=person.compartment_id,
        opened_by_id=person.opened_by_id,
        scope=scope,
        answer=answer,
        language=language,
        explained_by_id=current().user_id,
    )
    db.session.add(consent)
    db.session.flush()
    return consent


def withdraw_consent(person: Person, incident_id: uuid.UUID, scope: str, language: str) -> Consent:
    """Take back a permission that was given. Raises Invalid when it was not."""
    if not consents_of(person.id).allows(scope):
        raise Invalid({"scope": "not_given"})
    return record_consent(person, incident_id, scope, "withdrawn", language)
