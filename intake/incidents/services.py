"""What may be done with an intake: open it, fill its steps, add another account, finish."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm.attributes import flag_modified

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.incidents.gazetteer import place as known_place
from intake.incidents.models import Account, Incident, Observation
from intake.incidents.uncertain import When, hull
from intake.people.services import new_person
from intake.taxonomy import taxonomy

MODES = ("hotline", "clinic", "field", "detention", "video")
# Sets that a person's account may be tagged with, and what the answers mean is left to attorneys.
OBSERVED_SETS = (
    "agency",
    "vehicle",
    "appearance",
    "identification",
    "tro_factor",
    "force",
    "question_asked",
    "outcome",
    "warrant",
    "consent_search",
    "work_type",
    "interpreter_encounter",
)


@dataclass(frozen=True)
class Seen:
    """One code seen or told: its basis (KB.*), how (stated, seen, inferred) and the words used."""

    code: str
    basis: str = ""
    confidence: str = "stated"
    quote: str = ""


def open_intake(mode: str, language: str, interpreter: str = "not_asked") -> Account:
    """Open an incident with one person and their account, in the actor's own compartment.

    Raises Invalid for an unknown mode or language, NotAllowed.
    """
    taxonomy("language").term(language)
    if mode not in MODES:
        raise Invalid({"mode": "unknown"})
    me = current()
    incident = Incident(
        compartment_id=me.compartment_for(Permission.INTAKE_OPEN),
        opened_by_id=me.user_id,
        mode=mode,
        interview_language=language,
        interpreter=interpreter,
    )
    db.session.add(incident)
    db.session.flush()
    return add_account(incident, language)


def add_account(incident: Incident, language: str, role: str = "") -> Account:
    """Add another person's account of the same incident; nobody's account is changed by it. Raises NotAllowed."""
    _may_change(incident)
    person = new_person(incident.compartment_id, incident.opened_by_id)
    account = Account(
        incident_id=incident.id,
        person_id=person.id,
        compartment_id=incident.compartment_id,
        opened_by_id=incident.opened_by_id,
        narrative_language=language,
        role_in_incident=role,
    )
    db.session.add(account)
    db.session.flush()
    return account


def save_story(account: Account, narrative: str, language: str, version: int | None = None) -> None:
    """Keep the person's words exactly as typed, with their language. Raises StaleVersion with the other's words."""
    _may_change(account)
    _check_version(account, version, {"narrative": account.narrative})
    account.narrative = narrative
    account.narrative_language = language
    if narrative and account.narrative_at is None:
        account.narrative_at = dt.datetime.now(dt.UTC)
    db.session.flush()


def save_when(account: Account, when: When, version: int | None = None) -> None:
    """Keep when it was, in this account; the incident's own interval becomes the hull of all accounts."""
    _may_change(account)
    _check_version(account, version, {"when_words": account.when_words})
    _write_when(account, when)
    db.session.flush()
    others = db.session.scalars(sa.select(Account).where(Account.incident_id == account.incident_id))
    incident = db.session.get_one(Incident, account.incident_id)
    _write_when(incident, hull(when_of(each) for each in others))
    db.session.flush()


def save_where(incident: Incident, typed: str, **values: str) -> None:
    """Keep the place as typed; a place that the gazetteer knows adds city, county, an approximate point and its radius.

    values: site_name, cross_streets, location_type (LT.*). Raises Invalid for an unknown location type.
    """
    _may_change(incident)
    if code := values.get("location_type"):
        taxonomy("location_type").term(code)
    incident.place = typed.strip()
    known = known_place(typed)
    incident.city = known.city if known else ""
    incident.county = known.county if known else ""
    incident.latitude = known.latitude if known else None
    incident.longitude = known.longitude if known else None
    incident.radius_m = known.radius_m if known else None
    incident.location_precision = known.precision if known else "LP.UNK"
    for name in ("site_name", "cross_streets", "location_type"):
        if name in values:
            setattr(incident, name, values[name])
    db.session.flush()


def name_incident(incident: Incident, title: str) -> None:
    """Give the incident a short neutral title; no names in it."""
    _may_change(incident)
    incident.title = title.strip()
    db.session.flush()


def observe(account: Account, term_set: str, seen: Iterable[Seen]) -> None:
    """Make `seen` the codes of this set in this account. Raises Invalid for a set or code that does not exist."""
    _may_change(account)
    if term_set not in OBSERVED_SETS:
        raise Invalid({"set": "unknown"})
    wanted = {each.code: each for each in seen}
    for code in wanted:
        taxonomy(term_set).term(code)
    here = db.session.scalars(
        sa.select(Observation).where(Observation.account_id == account.id, Observation.term_set == term_set)
    )
    for observation in here:
        new = wanted.pop(observation.code, None)
        if new is None:
            db.session.delete(observation)
        else:
            observation.basis, observation.confidence, observation.quote = new.basis, new.confidence, new.quote
    for new in wanted.values():
        db.session.add(
            Observation(
                incident_id=account.incident_id,
                account_id=account.id,
                compartment_id=account.compartment_id,
                opened_by_id=account.opened_by_id,
                term_set=term_set,
                code=new.code,
                basis=new.basis,
                confidence=new.confidence,
                quote=new.quote,
            )
        )
    # Two editors of the same step must notice each other: the account's version rises with its codes.
    flag_modified(account, "answers")
    db.session.flush()


def answer(account: Account, answers: Mapping[str, Any], **columns: Any) -> None:  # noqa: ANN401
    """Keep answers of the interview: {field: {"state": answered|unknown|declined|not_asked, "value": ...}}.

    columns: agents_low, agents_high, role_in_incident. Raises Invalid when low is above high.
    """
    _may_change(account)
    for name, value in columns.items():
        setattr(account, name, value)
    if account.agents_low is not None and account.agents_high is not None and account.agents_low > account.agents_high:
        raise Invalid({"agents_high": "below_low"})
    if answers:
        account.answers = {**account.answers, **answers}
    db.session.flush()


def finish_intake(incident: Incident) -> None:
    """Hand the intake to the team: stage SG1 from now on."""
    _may_change(incident)
    if incident.intake_finished_at is None:
        incident.intake_finished_at = dt.datetime.now(dt.UTC)
    if incident.stage == "SG0":
        incident.stage = "SG1"
    db.session.flush()


def when_of(record: Account | Incident) -> When:
    """Return the uncertain time that a row holds."""
    return When(
        record.earliest,
        record.latest,
        record.date_precision,
        record.edtf,
        record.part_of_day,
        record.clock_time,
        record.when_words,
    )


def _write_when(record: Account | Incident, when: When) -> None:
    record.earliest, record.latest, record.date_precision, record.edtf = (
        when.earliest,
        when.latest,
        when.precision,
        when.edtf,
    )
    record.part_of_day, record.clock_time, record.when_words = when.part_of_day, when.clock, when.words


def _may_change(record: Account | Incident) -> None:
    if not current().may_change(record):
        raise NotAllowed


def _check_version(record: Account, seen: int | None, theirs: dict[str, str]) -> None:
    if seen is not None and seen != record.version:
        raise StaleVersion(theirs)
