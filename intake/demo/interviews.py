"""The intake workers' part: each incident through the same services that the pages use, in one transaction."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.models import Organisation
from intake.demo import progress
from intake.demo.facts import SHARED, Facts, Told
from intake.incidents import services
from intake.incidents.claims import decide_claim, suggest_claim, write_note
from intake.incidents.models import Account, Incident
from intake.incidents.sharing import share_incident
from intake.people.models import Person
from intake.people.services import describe_person, record_consent
from intake.people.vault import seal_identity

_ALWAYS = ("CN.INTAKE", "CN.INTERNAL", "CN.COURT_SEAL", "CN.RECONTACT")
_NOTES = (
    ("en", "Consistent on a second call. Prefers to be reached after work."),
    ("es", "Llamar después de las seis. Dice que hay otra persona que también lo vio."),
    ("en", "Ask for the original file of the video; the copy came through a messaging app."),
    ("es", "Falta preguntar por el color de los chalecos."),
)


def write(facts: Facts, users: dict[str, int]) -> uuid.UUID:
    """Write one incident with every account of it, and return its id. Runs its own transaction."""
    with db.transaction():
        sessions.act_for(users[facts.by])
        account = services.open_intake(facts.mode, facts.language)
        incident = db.session.get_one(Incident, account.incident_id)
        for turn, told in enumerate(facts.told):
            if turn:
                account = services.add_account(incident, told.story.language)
            _interview(facts, incident, account, told)
        _where(facts, incident)
        codes = _claims(facts) if facts.finished else ()
        tags = [suggest_claim(incident, code, "fits what was told") for code in codes]
        if facts.finished:
            services.finish_intake(incident)
            if facts.number % 4 == 0:
                language, text = _NOTES[facts.number // 4 % len(_NOTES)]
                write_note(incident, text, language)
        if facts.by.endswith("harbor.example"):
            _review(facts, incident, tags, users)
        progress.done(f"incident {facts.number}", incident.id)
        return uuid.UUID(str(incident.id))


def _interview(facts: Facts, incident: Incident, account: Account, told: Told) -> None:
    person = db.session.get_one(Person, account.person_id)
    _consents(facts, incident, person, told)
    fields = {"legal_name": told.name, "phone": f"(555) 010-{100 + facts.number:04d}"}
    if facts.number % 3:
        fields["safe_hours"] = "after 6 p.m." if told.story.language == "en" else "después de las 6"
    if facts.finished or facts.number % 2:
        seal_identity(person, fields)
    describe_person(person, age_band=told.age_band, language=told.story.language,
                    reads_language="yes" if facts.number % 4 else "some")  # fmt: skip
    # An unfinished intake stops in the middle of the story.
    words = told.story.words if facts.finished else told.story.words.partition("\n\n")[0]
    services.save_story(account, words, told.story.language)
    if not facts.finished:
        return
    services.save_when(account, told.when)
    for term_set, seen in told.seen.items():
        services.observe(account, term_set, seen)
    low, high = told.story.agents
    services.answer(account, _answers(facts, told), agents_low=low, agents_high=high, role_in_incident=told.role)


def _consents(facts: Facts, incident: Incident, person: Person, told: Told) -> None:
    language = told.story.language
    for scope in _ALWAYS if facts.finished else _ALWAYS[:1]:
        record_consent(person, incident.id, scope, "yes", language)
    if not facts.finished:
        return
    together = facts.number in SHARED or facts.number % 2 == 0
    record_consent(person, incident.id, "CN.COCOUNSEL", "yes" if together else "no", language)
    record_consent(person, incident.id, "CN.PRESS", "no", language)
    if facts.number % 5 == 0:
        record_consent(person, incident.id, "CN.COURT_PUBLIC", "yes", language)


def _answers(facts: Facts, told: Told) -> dict[str, Any]:
    open_states = ("unknown", "not_asked", "declined")
    missing = {"state": open_states[facts.number % 3], "value": None}
    return {
        "safe_now": _answered("yes"),
        "safe_contact": _answered(["SC.CALL"] if facts.number % 2 else ["SC.WHATSAPP", "SC.SMS"]),
        "represented": _answered("RP.NONE"),
        "agents": _answered(None),
        "minutes_held": _answered(told.story.minutes) if facts.number % 6 else missing,
        "harm": _answered(told.harm) if told.harm else missing,
        "losses": _answered(told.losses) if told.losses else missing,
        **{name: _answered(None) for name in ("force", "tro_factor", "identification", "outcome", "warrant")
           if name in told.seen},
    }  # fmt: skip


def _answered(value: object) -> dict[str, object]:
    return {"state": "answered", "value": value}


def _where(facts: Facts, incident: Incident) -> None:
    first = facts.told[0]
    services.save_where(incident, facts.place, cross_streets=facts.cross_streets,
                        location_type=first.story.location_type)  # fmt: skip
    services.name_incident(incident, facts.title)


def _claims(facts: Facts) -> tuple[str, ...]:
    seen = {each.code for told in facts.told for group in told.seen.values() for each in group}
    codes = ["CL.4A.STOP"]
    if seen & {"UF.PUSH", "UF.GRAB"} and facts.number % 2:
        codes.append("CL.4A.FORCE")
    if seen & {"TF.LANG", "TF.RACE"}:
        codes.append("CL.5A.EP")
    if "ID.NONE" in seen:
        codes.append("CL.REG.287_8C2III_ID")
    return tuple(codes)


def _review(facts: Facts, incident: Incident, tags: list[Any], users: dict[str, int]) -> None:
    """The supervising attorney decides some of the claims, and shows some incidents to the other organisation."""
    sessions.act_for(users["attorney@harbor.example"])
    for turn, tag in enumerate(tags):
        if (facts.number + turn) % 3 != 0:
            decide_claim(tag, confirm=(facts.number + turn) % 7 != 0)
    if facts.number in SHARED:
        valley = db.session.scalars(sa.select(Organisation.id).where(Organisation.short_name == "Valley")).one()
        share_incident(incident, valley)
