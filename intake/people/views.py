"""Opening a sealed name, and taking back a permission."""

from __future__ import annotations

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
from intake.people.forms import UnsealForm
from intake.people.models import Person
from intake.people.services import withdraw_consent
from intake.people.vault import unseal_identity
from intake.web import requires

bp = Blueprint("people", __name__)
OPEN_SECONDS = 300


@bp.route("/people/<uuid:person_id>/name", methods=["GET", "POST"])
@requires(Permission.IDENTITY_READ)
def unseal(person_id: uuid.UUID) -> ResponseReturnValue:
    """Ask why, then show one person's sealed fields with the reader's name over them. Logged before it is shown."""
    person, form = db.session.get_one(Person, person_id), UnsealForm()
    if form.validate_on_submit():
        try:
            opened = unseal_identity(person, form.reason.data or "")
        except NotThere:
            # Asking for it is logged all the same.
            form.form_errors.append(_("No name or contact was given for this person."))
            return render_template("people/unseal.html", person=person, form=form), 404
        page = render_template("people/opened.html", person=person, opened=opened)
        # The page leaves by itself, with or without a script.
        return page, 200, {"Refresh": f"{OPEN_SECONDS}; url={url_for('incidents.today')}"}
    return render_template("people/unseal.html", person=person, form=form), 422 if form.errors else 200


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
