"""The pages of an intake's steps, and place suggestions."""

from __future__ import annotations

import uuid
from typing import Any

from flask import abort, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, format_time, get_locale
from flask_babel import gettext as _
from wtforms import RadioField
from wtforms.validators import Optional

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.evidence import queries as evidence
from intake.incidents import forms, services, steps
from intake.incidents.gazetteer import suggest
from intake.incidents.models import Account, Incident
from intake.incidents.queries import accounts_of, partners_of, seen_of
from intake.incidents.steps import STEPS, Open
from intake.incidents.views import bp
from intake.incidents.when_words import recorded_as
from intake.people import sensitive
from intake.people.models import Person
from intake.people.name_search import may_be_same
from intake.people.queries import consents_of
from intake.people.vault import sealed_fields
from intake.taxonomy import interview, taxonomy
from intake.web import CaseForm, requires

_FORMS = {
    "person": forms.PersonForm,
    "story": forms.StoryForm,
    "when-where": forms.WhenWhereForm,
    "who": forms.WhoForm,
    "injuries": forms.InjuriesForm,
    "files": CaseForm,
    "check": CaseForm,
}
_LETTERS = {
    "consent": "ABC",
    "person": "D",
    "story": "E",
    "when-where": "F",
    "who": "HG",
    "injuries": "IJ",
    "files": "L",
    "check": "N",
}


@bp.route("/incidents/<uuid:incident_id>/intake/<step>", methods=["GET", "POST"])
@requires(Permission.INCIDENT_EDIT)
def step(incident_id: uuid.UUID, step: str) -> ResponseReturnValue:
    """Show or keep one step; with the header X-Autosave the answer is JSON and nothing moves on."""
    if step not in STEPS:
        abort(404)
    intake = _open(incident_id)
    if not current().may_change(intake.incident):
        raise NotAllowed
    form = _form(step, intake)
    theirs: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        try:
            if form.validate():
                steps.may_write(intake, step)
                steps.check_version(intake, step, form.seen_version, form.values, _language())
                # What turns out impossible half-way stores nothing of the step.
                with db.session.begin_nested():
                    steps.SAVE[step](intake, form.values)
                return _saved(intake, step)
            status = 422
        except Invalid as error:
            _put_errors(form, error)
            status = 422
        except StaleVersion as stale:
            theirs, status = stale.theirs, 409
        if request.headers.get("X-Autosave"):
            return jsonify(error=status, theirs=theirs, fields=form.errors), status
        db.session.expire_all()
    return _page(intake, step, form, theirs), status


def _open(incident_id: uuid.UUID) -> Open:
    incident = db.session.get_one(Incident, incident_id)
    if request.method == "POST" and current().may_change(incident):
        # One save at a time: what a button sends while an autosave still runs waits for it, then sees its words.
        db.session.refresh(incident, with_for_update=True)
    chosen = request.args.get("account")
    accounts = accounts_of(incident.id)
    pairs = [pair for pair in accounts if str(pair[0].id) == chosen] if chosen else accounts[:1]
    if not pairs:
        abort(404)
    account: Account = pairs[0][0]
    person: Person = pairs[0][1]
    return Open(incident, account, person)


def _form(step: str, intake: Open) -> CaseForm:
    kind = _consent_form() if step == "consent" else _FORMS[step]
    form = kind(data=steps.LOAD[step](intake))
    if not form.version.data:
        form.version.data = str(steps.version_of(intake, step))
    return form


def _consent_form() -> type[CaseForm]:
    # Nothing is chosen at first: not asked and no are different, and neither is a default.
    choices = [("yes", _("Yes")), ("no", _("No"))]
    fields = {
        steps.consent_field(term.code): RadioField(
            term.label(_language(), plain=True), [Optional()], choices=choices, validate_choice=False
        )
        for term in taxonomy("consent_scope").terms
    }
    return type("ConsentForm", (forms.ConsentForm,), fields)


def _saved(intake: Open, step: str) -> ResponseReturnValue:
    db.session.flush()
    if request.headers.get("X-Autosave"):
        return jsonify(saved_at=format_time(format="short"), version=steps.version_of(intake, step))
    if step == "person":
        _hint(intake)
    if step == "story" and _to_be_looked_at(intake.account.narrative):
        here = url_for(".step", incident_id=intake.incident.id, step=step, account=request.args.get("account"))
        return redirect(f"{here}#sensitive", 303)
    if request.form.get("go") == "stop" or step == STEPS[-1]:
        return redirect(url_for(".show", incident_id=intake.incident.id), 303)
    following, account = STEPS[STEPS.index(step) + 1], request.args.get("account")
    return redirect(url_for(".step", incident_id=intake.incident.id, step=following, account=account), 303)


def _hint(intake: Open) -> None:
    """Say who may be the same person: of the own organisation, and only whose names the interviewer may open."""
    if others := may_be_same(intake.person, request.form.get("legal_name", "")):
        names = ", ".join(match.person.pseudonym for match in others[:3])
        flash(_("This may be the same person as %(names)s. Please look before you go on.", names=names))


def _to_be_looked_at(narrative: str) -> bool:
    # Once for the same words: who goes on after seeing them has decided to leave them.
    found = sensitive.scan(narrative)
    return bool(found) and request.form.get("looked") != sensitive.stamp(narrative, found)


_SAID = {
    "missing": lambda: _("Please fill this in."),
    "no_such_day": lambda: _("This month has no such day."),
    "no_such_number": lambda: _("Please type a number that can be right here."),
    "before_first": lambda: _("The last day is before the first."),
    "below_low": lambda: _("The higher number is below the lower one."),
    "not_ticked": lambda: _("Tick this reason as well, or clear the words."),
}


_CONSENT = {
    "missing": lambda: _("Without permission to keep the report, it cannot be handed on."),
    "refused": lambda: _("The person said no to keeping the report. Nothing more can be written unless they agree."),
}


def _put_errors(form: CaseForm, error: Invalid) -> None:
    for name, code in error.fields.items():
        words = _SAID.get(code, lambda: _("This cannot be used."))()
        if name == "consent":
            form.form_errors.append(_CONSENT[code]())
        elif name in form:
            form[name].errors = [*form[name].errors, words]
        else:
            form.form_errors.append(words)


def _page(intake: Open, step: str, form: CaseForm, theirs: dict[str, str]) -> str:
    language = _language()
    spoken = intake.incident.interview_language if intake.incident.interview_language in {"en", "es"} else language
    if theirs:
        form.version.data = str(
            steps.version_of(intake, step)
        )  # saving again now is a decision, made with both texts in sight
    script = interview()
    offices = ", ".join(o.name for o in partners_of(intake.incident)) if step == "consent" else ""
    with force_locale(spoken):
        none_yet = _("none yet")
    fill = {"name": current().display_name, "organizations": offices or none_yet}
    return render_template(
        f"incidents/steps/{step}.html",
        intake=intake, incident=intake.incident, account=intake.account, person=intake.person, form=form, theirs=theirs,
        step=step, steps_=STEPS, state=_states(intake), spoken=spoken,
        script=[s for s in script["step"] if s["letter"] in _LETTERS[step]],
        consents=consents_of(intake.person.id), scopes=script["consent"], consent_field=steps.consent_field,
        sealed=sealed_fields(intake.person.id), seen=seen_of(intake.account.id),
        items=evidence.of_account(intake.account.id),
        recorded=recorded_as(services.when_of(intake.account), language), fill=lambda text: _filled(text, fill),
        opening=_by_id(script["opening"])[_OPENINGS.get(intake.incident.mode, "OPEN.PHONE")],
        interrupts=_by_id(script["interrupt"]), emergency=script["emergency"], numbers=script["number"],
        common_agencies=forms.COMMON_AGENCIES,
        factors=[(code, steps.factor_field(code)) for code in steps.FACTORS],
    )  # fmt: skip


_OPENINGS = {"clinic": "OPEN.INPERSON", "field": "OPEN.INPERSON", "detention": "OPEN.DETENTION"}


def _by_id(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in entries}


def _filled(text: str, values: dict[str, str]) -> str:
    """Put names into the script's placeholders; one that nobody knows stays to be said by the interviewer."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _language() -> str:
    return str(get_locale() or "en")


def _states(intake: Open) -> dict[str, str]:
    """Return done, part or todo for each step, from what is kept."""
    account, incident = intake.account, intake.incident
    seen = seen_of(account.id)
    kept = {
        "consent": consents_of(intake.person.id).state("CN.INTAKE") != "not_asked",
        "person": intake.person.age_band != "not_asked" or bool(intake.person.city),
        "story": bool(account.narrative),
        "when-where": account.date_precision != "DP.UNK" or bool(incident.place),
        "who": bool(seen.get("agency")),
        "injuries": bool(seen.get("outcome")) or "harm" in account.answers,
        "files": bool(evidence.of_account(account.id)),
        "check": incident.intake_finished_at is not None,
    }
    return {name: "done" if kept[name] else "todo" for name in STEPS}


@bp.post("/places")
@requires(Permission.INCIDENT_EDIT)
def places() -> ResponseReturnValue:
    """Suggest places for what is typed. By POST: what a person says never stands in an address."""
    body = request.get_json()
    typed = body.get("typed") if isinstance(body, dict) else None
    if not isinstance(typed, str) or len(typed) > 200:  # noqa: PLR2004
        raise Invalid({"typed": "wrong"})
    return jsonify([{"name": p.name, "county": p.county} for p in suggest(typed)])


@bp.app_template_filter("urgent_label")
def _urgent(flag: str) -> str:
    return str(forms.URGENT.get(flag, flag))


@bp.app_template_filter("recorded_as")
def _recorded(record: Incident | Account) -> str:
    return recorded_as(services.when_of(record), str(get_locale() or "en"))
