"""The steps of an intake: what each shows, and what it keeps. Pages (views) call load() and save()."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from intake.errors import Invalid, StaleVersion
from intake.incidents import services
from intake.incidents.models import Account, Incident
from intake.incidents.queries import seen_of
from intake.incidents.services import Seen
from intake.incidents.uncertain import from_form, with_time
from intake.people import vault
from intake.people.models import Person
from intake.people.queries import consents_of
from intake.people.services import describe_person, record_consent
from intake.taxonomy import taxonomy

Values = dict[str, Any]


@dataclass(frozen=True)
class Open:
    """An intake as a step sees it: the incident, one account of it, and its person."""

    incident: Incident
    account: Account
    person: Person

    @property
    def version(self) -> int:
        """Rises with every save of any of the three: what an editor saw is compared with it."""
        return self.incident.version + self.account.version + self.person.version


def check_version(intake: Open, step: str, seen: int | None, typed: Values) -> None:
    """Raise StaleVersion with what others saved meanwhile, field by field, where it differs from what was typed."""
    if seen is None or seen == intake.version:
        return
    stands = LOAD[step](intake)
    theirs = {k: v for k, v in stands.items() if isinstance(v, str) and v and v != (typed.get(k) or "")}
    raise StaleVersion(theirs)


def _load_consent(intake: Open) -> Values:
    return {**_plain(intake.account.answers, "safe_now", "represented"), "safe_contact": _value(intake.account.answers, "safe_contact") or []}


def _save_consent(intake: Open, values: Values) -> None:
    services.answer(intake.account, {k: _answered(values.get(k)) for k in ("safe_now", "safe_contact", "represented")})
    standing = consents_of(intake.person.id)
    language = intake.incident.interview_language or "en"
    for term in taxonomy("consent_scope").terms:
        given = values.get(consent_field(term.code))
        if given in {"yes", "no"} and given != standing.state(term.code):
            record_consent(intake.person, intake.incident.id, term.code, given, language)


def consent_field(code: str) -> str:
    """Return the form's name for a scope: cn_intake for CN.INTAKE."""
    return code.replace(".", "_").lower()


def _load_person(intake: Open) -> Values:
    person = intake.person
    return {"age_band": person.age_band, "city": person.city, "language": person.language or intake.incident.interview_language,
            "reads_language": person.reads_language, "variant_town": person.variant_town,
            "role_in_incident": intake.account.role_in_incident}


def _save_person(intake: Open, values: Values) -> None:
    names = {f: str(values[f]).strip() for f in vault.FIELDS if values.get(f)}
    described = {f: values[f] or "" for f in ("age_band", "city", "language", "reads_language", "variant_town")}
    describe_person(intake.person, **described)
    services.answer(intake.account, {}, role_in_incident=values["role_in_incident"] or "")
    if names:
        vault.seal_identity(intake.person, names)


def _load_story(intake: Open) -> Values:
    account = intake.account
    return {"narrative": account.narrative, "narrative_language": account.narrative_language, "title": intake.incident.title}


def _save_story(intake: Open, values: Values) -> None:
    services.save_story(intake.account, values["narrative"], values["narrative_language"] or "")
    services.name_incident(intake.incident, values["title"] or "")


def _load_when_where(intake: Open) -> Values:
    when, incident = services.when_of(intake.account), intake.incident
    first = when.middle if when.kind == "about" else when.earliest
    values: Values = {"kind": when.kind, "part_of_day": when.part_of_day or "", "clock": when.clock, "when_words": when.words}
    for prefix, day in (("", first), ("to_", when.latest if when.kind == "range" else None)):
        parts = (day.day, day.month, day.year) if day else ("", "", "")
        values |= {f"{prefix}{name}": str(part) for name, part in zip(("day", "month", "year"), parts, strict=True)}
    if when.kind in {"month", "year"}:
        values["day"] = ""
    for name in ("place", "site_name", "cross_streets", "location_type"):
        values[name] = getattr(incident, name)
    return values


def _save_when_where(intake: Open, values: Values) -> None:
    when = from_form(values["kind"], {k: str(v or "") for k, v in values.items()})
    services.save_when(intake.account, with_time(when, values["part_of_day"], values["clock"], values["when_words"] or ""))
    places = {name: values[name] or "" for name in ("site_name", "cross_streets", "location_type")}
    services.save_where(intake.incident, values["place"] or "", **places)


_WHO_SETS = ("agency", "appearance", "identification", "vehicle", "question_asked", "tro_factor", "force")
_WHO_TEXTS = ("agency_told", "text_on_clothing", "first_words")


def _load_who(intake: Open) -> Values:
    seen = seen_of(intake.account.id)
    values: Values = {name: [o.code for o in seen.get(name, [])] for name in _WHO_SETS}
    factors = seen.get("tro_factor", [])
    values |= {"factor_confidence": factors[0].confidence if factors else "stated", "factor_quote": factors[0].quote if factors else ""}
    values |= {"agents_low": intake.account.agents_low, "agents_high": intake.account.agents_high,
               "agents_state": _state(intake.account.answers, "agents")}
    return values | _plain(intake.account.answers, *_WHO_TEXTS)


def _save_who(intake: Open, values: Values) -> None:
    counted = values["agents_low"] is not None or values["agents_high"] is not None
    answers = {name: _answered(values.get(name)) for name in _WHO_TEXTS}
    answers["agents"] = {"state": "answered" if counted else values["agents_state"], "value": None}
    services.answer(intake.account, answers, agents_low=values["agents_low"], agents_high=values["agents_high"])
    for name in _WHO_SETS:
        extra: Values = {}
        if name == "tro_factor":
            extra = {"confidence": values["factor_confidence"] or "stated", "quote": values["factor_quote"] or ""}
        services.observe(intake.account, name, [Seen(code, **extra) for code in values[name] or ()])


def _load_injuries(intake: Open) -> Values:
    seen, answers = seen_of(intake.account.id), intake.account.answers
    values: Values = {name: [o.code for o in seen.get(name, [])] for name in ("outcome", "warrant")}
    values["minutes_held"] = _value(answers, "minutes_held")
    for name in ("minutes", "harm", "losses"):
        values[f"{name}_state"] = _state(answers, "minutes_held" if name == "minutes" else name)
    return values | _plain(answers, "harm", "losses")


def _save_injuries(intake: Open, values: Values) -> None:
    services.answer(intake.account, {
        "minutes_held": _answered(values["minutes_held"], values["minutes_state"]),
        "harm": _answered(values["harm"], values["harm_state"]),
        "losses": _answered(values["losses"], values["losses_state"]),
    })
    for name in ("outcome", "warrant"):
        services.observe(intake.account, name, [Seen(code) for code in values[name] or ()])


def _answered(value: Any, otherwise: str | None = None) -> Values:  # noqa: ANN401
    if value is None or value == "" or value == []:
        return {"state": otherwise or "not_asked", "value": None}
    if value == "not_asked":
        return {"state": "not_asked", "value": None}
    return {"state": "answered", "value": value}


def _value(answers: Values, name: str) -> Any:  # noqa: ANN401
    return (answers.get(name) or {}).get("value")


def _state(answers: Values, name: str) -> str:
    state = (answers.get(name) or {}).get("state", "not_asked")
    return "not_asked" if state == "answered" else str(state)


def _plain(answers: Values, *names: str) -> Values:
    return {name: _value(answers, name) or "" for name in names}


def _load_nothing(_intake: Open) -> Values:
    return {}


def _finish(intake: Open, _values: Values) -> None:
    if not consents_of(intake.person.id).allows("CN.INTAKE"):
        raise Invalid({"consent": "missing"})
    services.finish_intake(intake.incident)


def _save_nothing(_intake: Open, _values: Values) -> None:
    return


LOAD: dict[str, Callable[[Open], Values]] = {
    "consent": _load_consent,
    "person": _load_person,
    "story": _load_story,
    "when-where": _load_when_where,
    "who": _load_who,
    "injuries": _load_injuries,
    "files": _load_nothing,
    "check": _load_nothing,
}
SAVE: dict[str, Callable[[Open, Values], None]] = {
    "consent": _save_consent,
    "person": _save_person,
    "story": _save_story,
    "when-where": _save_when_where,
    "who": _save_who,
    "injuries": _save_injuries,
    "files": _save_nothing,
    "check": _finish,
}
STEPS = tuple(LOAD)
