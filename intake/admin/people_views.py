"""People and roles: the list, one person, adding somebody, roles, sessions."""

from __future__ import annotations

import datetime as dt

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake.access import notices
from intake.access.policy import Permission, Role
from intake.admin import grants, services, walls
from intake.admin.forms import ActiveForm, PersonForm, ReasonForm, RoleForm, WallForm, next_year
from intake.admin.views import bp
from intake.errors import Invalid
from intake.taxonomy import taxonomy
from intake.web import CaseForm, requires

_USER = "/people-and-roles/<int(max=2147483647):user_id>"


@bp.get("/people-and-roles")
@requires(Permission.PEOPLE_MANAGE)
def people() -> ResponseReturnValue:
    """Show the organisation's people and what they hold."""
    return render_template("admin/people.html", colleagues=services.colleagues(), notices=notices.waiting())


@bp.route("/people-and-roles/new", methods=["GET", "POST"])
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def new_person() -> ResponseReturnValue:
    """Add a colleague; the invitation is the next step, on their page."""
    form = PersonForm()
    form.offer(_roles(), _places())
    if form.validate_on_submit():
        try:
            name, email = str(form.name.data), str(form.email.data)
            user = services.add_person(name, email, str(form.language.data), given(form))
        except Invalid as wrong:
            _explain(form, wrong)
        else:
            flash(_("Added. Now make an invitation and hand it over."))
            return redirect(url_for(".person", user_id=user.id), 303)
    return render_template("admin/new_person.html", form=form), 422 if form.errors else 200


@bp.get(_USER)
@requires(Permission.PEOPLE_MANAGE)
def person(user_id: int) -> ResponseReturnValue:
    """Show one person: grants, account, sessions, walls."""
    return person_page(user_id)


@bp.post(f"{_USER}/role")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def role(user_id: int) -> ResponseReturnValue:
    """Give a colleague a role."""
    user, form = services.managed(user_id), RoleForm()
    form.offer(_roles(), _places())
    if not form.validate():
        return person_page(user_id, role_form=form)
    try:
        grant = grants.give(user, given(form))
    except Invalid as wrong:
        _explain(form, wrong)
        return person_page(user_id, role_form=form)
    if grant.awaits_confirmation:
        flash(_("This waits for a supervising attorney. Until then it opens nothing."))
    else:
        flash(_("The role was changed. It holds from their next page."))
    return redirect(url_for(".person", user_id=user_id))


@bp.post(f"{_USER}/active")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def active(user_id: int) -> ResponseReturnValue:
    """Enable or disable a colleague."""
    form = ActiveForm()
    if not form.validate():
        raise Invalid({"active": "unknown"})
    services.set_active(user_id, active=form.active.data == "yes")
    flash(_("Saved."))
    return redirect(url_for(".person", user_id=user_id))


@bp.post(f"{_USER}/sessions/end")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def end_sessions(user_id: int) -> ResponseReturnValue:
    """Sign a colleague out everywhere."""
    services.end_sessions(user_id)
    flash(_("Signed out everywhere."))
    return redirect(url_for(".person", user_id=user_id))


def person_page(
    user_id: int, *, role_form: RoleForm | None = None, wall_form: WallForm | None = None
) -> ResponseReturnValue:
    """Return the person's page; with a form that was refused, that form and 422."""
    found, forms = services.colleague(user_id), (role_form, wall_form)
    role_form, wall_form = role_form or RoleForm(formdata=None), wall_form or WallForm(formdata=None)
    role_form.offer(_roles(), _places())
    role_form.until.data = role_form.until.data or next_year()
    wall_form.compartment.choices = walls.places()
    page = render_template(
        "admin/person.html",
        person=found,
        role_form=role_form,
        wall_form=wall_form,
        active_form=ActiveForm(),
        reason_form=ReasonForm(formdata=None),
        walls=walls.of_user(found.user),
    )
    return page, 422 if any(forms) else 200


def given(form: RoleForm) -> grants.Given:
    """Return what the form asks for. Left out: the first matter, the narrowest tier, a year."""
    until: dt.date = form.until.data or next_year()
    compartment = form.compartment.data or next((place for place, _matter in _places()), 0)
    return grants.Given(str(form.role.data), int(form.tier.data or 1), until, compartment)


def _roles() -> list[tuple[str, str]]:
    lang = str(get_locale() or "en")
    return [(term.code, term.label(lang)) for term in taxonomy("user_role").terms if term.code in set(Role)]


def _places() -> list[tuple[int, str]]:
    return [(compartment.id, matter) for compartment, matter in grants.compartments()]


def _explain(form: CaseForm, wrong: Invalid) -> None:
    words = {
        "unknown": _("There is no such role."),
        "attorneys_only": _("Above tier 1 only attorneys read."),
        "range": _("Choose a day between today and a year from now."),
        "administrators_apart": _("An administrator holds no other role. End the other one first."),
        "taken": _("This e-mail cannot be used here."),
    }
    for field, code in wrong.fields.items():
        getattr(form, field).errors = [words[code]]
