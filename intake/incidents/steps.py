"""The steps of an intake: what each shows, and what it keeps. Pages (views) call load() and save()."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from intake.errors import Invalid, StaleVersion
from intake.incidents import services
from intake.incidents.answers import Values, answered, choice_of, chosen, reason, state_of, texts_of, value_of
from intake.incidents.models import Account, Incident
from intake.incidents.queries import seen_of
from intake.incidents.services import Seen
from intake.incidents.uncertain import from_form, with_time
from intake.people import vault
from intake.people.models import Person
from intake.people.queries import consents_of
from intake.people.services import describe_person, record_consent
from intake.taxonomy import label, taxonomy


@dataclass(frozen=True)
class Open:
    """An intake as a step sees it: the incident, one account of it, and its person."""

    incident: Incident
    account: Account
    person: Person


def version_of(intake: Open, step: str) -> int:
    """Return a number that stands for what this step holds now; an editor's page carries the one it was made from.

    Only this step's content counts: two people may fill two steps of one intake at the same time.
    """
    stands = repr(sorted(LOAD[step](intake).items()))
    return int.from_bytes(hashlib.sha256(stands.encode()).digest()[:6])


def check_version(intake: Open, step: str, seen: int | None, typed: Values, language: str) -> None:
    """Raise StaleVersion with what others saved meanwhile, field by field, where it differs from what was typed.

    What equals the typed text is no conflict: the same words sent twice are saved once.
    """
    if seen is None or seen == version_of(intake, step):
        return
    theirs = {
        name: _shown(value, language)
        for name, value in LOAD[step](intake).items()
        if name in typed and _shown(value, language) != _shown(typed[name], language)
    }
    if theirs:
        raise StaleVersion(theirs)


def may_write(intake: Open, step: str) -> None:
    """Raise Invalid when the person said no to keeping the report: nothing more is written after that."""
    if step != "consent" and consents_of(intake.person.id).state("CN.INTAKE") in {"no", "withdrawn"}:
        raise Invalid({"consent": "refused"})


def _shown(value: Any, language: str) -> str:  # noqa: ANN401
    if isinstance(value, (list, tuple)):
        return ", ".join(label(code, language, plain=True) for code in sorted(value))
    return "" if value is None else str(value)


_CONSENT_ANSWERS = ("safe_now", "safe_contact", "urgent", "represented", "criminal_case")


def _load_consent(intake: Open) -> Values:
    answers, standing = intake.account.answers, consents_of(intake.person.id)
    asked = {consent_field(term.code): standing.state(term.code) for term in taxonomy("consent_scope").terms}
    return {
        "safe_now": choice_of(answers, "safe_now"),
        "represented": choice_of(answers, "represented"),
        "safe_contact": value_of(answers, "safe_contact") or [],
        "urgent": value_of(answers, "urgent") or [],
        "criminal_case": choice_of(answers, "criminal_case"),
        **{field: state if state in {"yes", "no"} else None for field, state in asked.items()},
    }


def _save_consent(intake: Open, values: Values) -> None:
    services.answer(intake.account, {k: chosen(values.get(k)) for k in _CONSENT_ANSWERS})
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
    return {
        "age_band": person.age_band,
        "city": person.city,
        "language": person.language or intake.incident.interview_language,
        "reads_language": person.reads_language,
        "variant_town": person.variant_town,
        "role_in_incident": intake.account.role_in_incident,
        "city_state": state_of(person.answers, "city"),
        "remove": [],
    }


def _save_person(intake: Open, values: Values) -> None:
    names = {f: str(values[f]).strip() for f in vault.FIELDS if values.get(f)}
    names |= {f: "" for f in values.get("remove") or () if f not in names}
    described = {f: values[f] or "" for f in ("age_band", "city", "language", "reads_language", "variant_town")}
    answers = {"city": reason(values["city"], values.get("city_state"))}
    describe_person(intake.person, answers=answers, **described)
    services.answer(intake.account, {}, role_in_incident=values["role_in_incident"] or "")
    if names:
        vault.seal_identity(intake.person, names)


def _load_story(intake: Open) -> Values:
    account = intake.account
    return {
        "narrative": account.narrative,
        "narrative_language": account.narrative_language,
        "title": intake.incident.title,
    }


def _save_story(intake: Open, values: Values) -> None:
    services.save_story(intake.account, values["narrative"], values["narrative_language"] or "")
    services.name_incident(intake.incident, values["title"] or "")


def _load_when_where(intake: Open) -> Values:
    when, incident = services.when_of(intake.account), intake.incident
    first = when.middle if when.kind == "about" else when.earliest
    values: Values = {
        "kind": when.kind,
        "part_of_day": when.part_of_day or "",
        "clock": when.clock,
        "when_words": when.words,
    }
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
    services.save_when(
        intake.account, with_time(when, values["part_of_day"], values["clock"], values["when_words"] or "")
    )
    places = {name: values[name] or "" for name in ("site_name", "cross_streets", "location_type")}
    services.save_where(intake.incident, values["place"] or "", **places)


_WHO_SETS = ("agency", "appearance", "identification", "vehicle", "question_asked", "tro_factor", "force")
_WHO_TEXTS = ("agency_told", "text_on_clothing", "first_words")
# Sets whose emptiness has a reason of its own; the others hold "not known" as one of their codes.
_WHO_REASONS = ("identification", "tro_factor", "force", *_WHO_TEXTS)
FACTORS = tuple(term.code for term in taxonomy("tro_factor").terms)


def factor_field(code: str) -> str:
    """Return the stem of a factor's form fields: tf_race for TF.RACE, as in tf_race_how and tf_race_words."""
    return code.replace(".", "_").lower()


def _load_who(intake: Open) -> Values:
    seen = seen_of(intake.account.id)
    values: Values = {name: [o.code for o in seen.get(name, [])] for name in _WHO_SETS}
    factors = {o.code: o for o in seen.get("tro_factor", [])}
    for code in FACTORS:
        known = factors.get(code)
        values[f"{factor_field(code)}_how"] = known.confidence if known else "stated"
        values[f"{factor_field(code)}_words"] = known.quote if known else ""
    values |= {f"{name}_state": state_of(intake.account.answers, name) for name in _WHO_REASONS}
    values |= {
        "agents_low": intake.account.agents_low,
        "agents_high": intake.account.agents_high,
        "agents_state": state_of(intake.account.answers, "agents"),
    }
    return values | texts_of(intake.account.answers, *_WHO_TEXTS)


def _save_who(intake: Open, values: Values) -> None:
    _check_factors(values)
    counted = values["agents_low"] is not None or values["agents_high"] is not None
    answers = {name: answered(values.get(name), values.get(f"{name}_state")) for name in _WHO_TEXTS}
    answers |= {
        name: reason(values.get(name), values.get(f"{name}_state")) for name in _WHO_REASONS if name not in _WHO_TEXTS
    }
    answers["agents"] = {"state": "answered" if counted else values["agents_state"], "value": None}
    services.answer(intake.account, answers, agents_low=values["agents_low"], agents_high=values["agents_high"])
    for name in _WHO_SETS:
        codes = values[name] or ()
        services.observe(intake.account, name, [_factor(c, values) if name == "tro_factor" else Seen(c) for c in codes])


def _factor(code: str, values: Values) -> Seen:
    stem = factor_field(code)
    return Seen(code, confidence=values.get(f"{stem}_how") or "stated", quote=values.get(f"{stem}_words") or "")


def _check_factors(values: Values) -> None:
    # Words that were typed for a reason nobody ticked would be lost without a sign.
    stray = [
        factor_field(c)
        for c in FACTORS
        if values.get(f"{factor_field(c)}_words") and c not in (values["tro_factor"] or ())
    ]
    if stray:
        raise Invalid({f"{stem}_words": "not_ticked" for stem in stray})


def _load_injuries(intake: Open) -> Values:
    seen, answers = seen_of(intake.account.id), intake.account.answers
    values: Values = {name: [o.code for o in seen.get(name, [])] for name in ("outcome", "warrant")}
    values["minutes_held"] = value_of(answers, "minutes_held")
    for name in ("minutes_held", "harm", "losses", "outcome", "warrant"):
        values[f"{name}_state"] = state_of(answers, name)
    return values | texts_of(answers, "harm", "losses")


def _save_injuries(intake: Open, values: Values) -> None:
    services.answer(
        intake.account,
        {
            **{name: answered(values[name], values[f"{name}_state"]) for name in ("minutes_held", "harm", "losses")},
            **{name: reason(values[name], values[f"{name}_state"]) for name in ("outcome", "warrant")},
        },
    )
    for name in ("outcome", "warrant"):
        services.observe(intake.account, name, [Seen(code) for code in values[name] or ()])


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
