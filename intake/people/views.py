"""Opening a sealed name, looking for one, choosing a pseudonym, and taking back a permission."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, NotThere
from intake.incidents.models import Account
from intake.people import pseudonyms
from intake.people.forms import FindForm, StyleForm, UnsealForm
from intake.people.models import Person
from intake.people.name_search import Match, find_by_name
from intake.people.services import withdraw_consent
from intake.people.vault import unseal_identity
from intake.web import requires

bp = Blueprint("people", __name__)
OPEN_SECONDS = 120


def shown_once(template: str, **values: object) -> ResponseReturnValue:
    """Return a page of opened fields: with the reader and the moment over it, and it leaves by itself."""
    page = render_template(template, opened_at=dt.datetime.now(dt.UTC), seconds=OPEN_SECONDS, **values)
    # With or without a script.
    return page, 200, {"Refresh": f"{OPEN_SECONDS}; url={url_for('incidents.today')}"}


@bp.route("/people/<uuid:person_id>/name", methods=["GET", "POST"])
@requires(Permission.IDENTITY_READ, fresh=True)
def unseal(person_id: uuid.UUID) -> ResponseReturnValue:
    """Ask why, then show one person's sealed fields with the reader's name over them. Logged before it is shown."""
    person, form = db.session.get_one(Person, person_id), UnsealForm()
    if form.validate_on_submit():
        try:
            return shown_once("people/opened.html", person=person, opened=unseal_identity(person, form.logged))
        except NotThere:
            # Asking for it is logged all the same.
            form.form_errors.append(_("No name or contact was given for this person."))
            return render_template("people/unseal.html", person=person, form=form), 404
    return render_template("people/unseal.html", person=person, form=form), 422 if form.errors else 200


@bp.route("/people/find", methods=["GET", "POST"])
@requires(Permission.IDENTITY_READ)
def find() -> ResponseReturnValue:
    """Find people by their sealed names; shown by pseudonym. The words are in no address, title or log."""
    form, matches = FindForm(), None
    if form.validate_on_submit():
        try:
            matches = find_by_name(form.words.data or "")
        except Invalid:
            form.words.errors = [_("Type a name.")]
    return render_template("people/find.html", form=form, matches=matches, incidents=_incidents_of(matches or [])), (
        422 if form.errors else 200
    )


def _incidents_of(matches: list[Match]) -> dict[uuid.UUID, list[Account]]:
    query = sa.select(Account).where(Account.person_id.in_([match.person.id for match in matches]))
    found: dict[uuid.UUID, list[Account]] = {}
    for account in db.session.scalars(query):
        found.setdefault(account.person_id, []).append(account)
    return found


@bp.route("/people/<uuid:person_id>/pseudonym", methods=["GET", "POST"])
@requires(Permission.IDENTITY_READ, fresh=True)
def pseudonym(person_id: uuid.UUID) -> ResponseReturnValue:
    """Choose how the person is called in everything but the vault."""
    person = db.session.get_one(Person, person_id)
    form = StyleForm(style=person.pseudonym_style)
    if form.validate_on_submit():
        try:
            name = pseudonyms.choose_style(person, form.style.data)
            flash(_("From now on this person is %(name)s.", name=name))
            return redirect(url_for(".pseudonym", person_id=person.id), 303)
        except (Invalid, NotThere):
            form.style.errors = [_("No name is sealed for this person, so there are no initials.")]
    return render_template("people/pseudonym.html", person=person, form=form), 422 if form.errors else 200


@bp.post("/people/<uuid:person_id>/withdraw")
@requires(Permission.INCIDENT_EDIT)
def withdraw(person_id: uuid.UUID) -> ResponseReturnValue:
    """Take back one permission, from now on."""
    person = db.session.get_one(Person, person_id)
    if not current().may_change(person):
        raise NotAllowed
    try:
        incident_id = uuid.UUID(request.form.get("incident", ""))
    except ValueError as wrong:
        raise Invalid({"incident": "wrong"}) from wrong
    told = sa.select(Account.id).where(Account.person_id == person.id, Account.incident_id == incident_id)
    if db.session.scalar(told) is None:
        raise NotThere
    withdraw_consent(person, incident_id, request.form.get("scope", ""), str(get_locale() or "en"))
    flash(_("The permission is taken back from now on."))
    return redirect(url_for("incidents.show", incident_id=incident_id, _anchor="consents"), 303)


from intake.people import protected_views  # noqa: E402, F401  (further addresses of this blueprint)
