"""Protected facts: recorded by one attorney, approved by another, read once at a time."""

from __future__ import annotations

import uuid

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.errors import Invalid
from intake.people import forms, protected
from intake.people.forms import AnswerForm, AskForm, ProtectForm
from intake.people.models import Person
from intake.people.views import bp, shown_once
from intake.web import requires

_WORDS = {"codes": forms.CODE_WORDS, "reasons": forms.RECORD_WORDS, "why": forms.OPEN_WORDS}


@bp.get("/protected")
@requires(Permission.PROTECTED_READ)
def protected_waiting() -> ResponseReturnValue:
    """Show what waits for a second attorney, and what may be read now."""
    return render_template(
        "people/waiting.html",
        proposals=protected.proposals(),
        requests=protected.requests(),
        form=AnswerForm(),
        pseudonyms=_pseudonyms,
        **_WORDS,
    )


@bp.route("/people/<uuid:person_id>/protected", methods=["GET", "POST"])
@requires(Permission.PROTECTED_READ, fresh=True)
def protect(person_id: uuid.UUID) -> ResponseReturnValue:
    """List a person's protected entries, without what they are, and take a new one."""
    person, form = db.session.get_one(Person, person_id), ProtectForm()
    if form.validate_on_submit():
        protected.propose(person, form.code.data, form.value.data or "", form.reason.data)
        flash(_("It is sealed. Another attorney decides whether it stays."))
        return redirect(url_for(".protect", person_id=person.id), 303)
    entries, ask = protected.entries_of(person.id), AskForm()
    page = render_template("people/protected.html", person=person, form=form, entries=entries, ask=ask, **_WORDS)
    return page, 422 if form.errors else 200


@bp.post("/protected/<uuid:entry_id>/review")
@requires(Permission.PROTECTED_READ, fresh=True)
def review_protected(entry_id: uuid.UUID) -> ResponseReturnValue:
    """Show a proposed fact to the attorney who decides on it."""
    opened, entry = protected.review(entry_id), protected.entry_of(entry_id)
    return shown_once("people/fact.html", entry=entry, opened=opened, form=AnswerForm(), decide=True, **_WORDS)


@bp.post("/protected/<uuid:entry_id>/decision")
@requires(Permission.PROTECTED_READ, fresh=True)
def decide_protected(entry_id: uuid.UUID) -> ResponseReturnValue:
    """Keep a proposed fact, or refuse it; then it is emptied."""
    protected.decide(entry_id, approve=_yes())
    flash(_("Saved."))
    return redirect(url_for(".protected_waiting"), 303)


@bp.post("/protected/<uuid:entry_id>/ask")
@requires(Permission.PROTECTED_READ, fresh=True)
def ask_protected(entry_id: uuid.UUID) -> ResponseReturnValue:
    """Ask another attorney for one reading."""
    form = AskForm()
    if not form.validate():
        raise Invalid({"reason": "unknown"})
    protected.ask(entry_id, form.reason.data)
    flash(_("Another attorney is asked. When they agree you may read it once, within an hour."))
    return redirect(url_for(".protected_waiting"), 303)


@bp.post("/openings/<uuid:opening_id>/decision")
@requires(Permission.PROTECTED_READ, fresh=True)
def answer_opening(opening_id: uuid.UUID) -> ResponseReturnValue:
    """Answer another attorney's request."""
    protected.answer(opening_id, approve=_yes())
    flash(_("Saved."))
    return redirect(url_for(".protected_waiting"), 303)


@bp.post("/openings/<uuid:opening_id>/open")
@requires(Permission.PROTECTED_READ, fresh=True)
def open_protected(opening_id: uuid.UUID) -> ResponseReturnValue:
    """Show one entry once. Logged before it is shown."""
    entry, opened = protected.open_once(opening_id)
    return shown_once("people/fact.html", entry=entry, opened=opened, decide=False, **_WORDS)


def _yes() -> bool:
    form = AnswerForm()
    if not form.validate():
        raise Invalid({"answer": "unknown"})
    return bool(form.answer.data == "yes")


def _pseudonyms(entry: protected.Entry) -> str:
    person = db.session.get(Person, entry.person_id) if entry.person_id else None
    return person.pseudonym if person else ""
