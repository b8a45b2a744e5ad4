"""Ethical walls: putting up, taking down."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake import db
from intake.access.models import Wall
from intake.access.policy import Permission
from intake.admin import services, walls
from intake.admin.forms import ReasonForm, WallForm
from intake.admin.people_views import person_page
from intake.admin.views import bp
from intake.errors import Invalid
from intake.web import requires


@bp.post("/people-and-roles/<int(max=2147483647):user_id>/walls")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def build_wall(user_id: int) -> ResponseReturnValue:
    """Put up a wall; it holds from the person's next page, and in what runs for them."""
    user, form = services.managed(user_id), WallForm()
    if not form.validate():
        return person_page(user_id, wall_form=form)
    try:
        walls.build(user, form.compartment.data, form.number.data or "", form.reason.data or "")
    except Invalid as wrong:
        form.number.errors = [_("There is no such record there.")] if "number" in wrong.fields else form.number.errors
        return person_page(user_id, wall_form=form)
    flash(_("The wall stands. It is stronger than any grant."))
    return redirect(url_for(".person", user_id=user_id, _anchor="walls"), 303)


@bp.post("/walls/<int(max=2147483647):wall_id>/end")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def end_wall(wall_id: int) -> ResponseReturnValue:
    """Take a wall down, with a reason; the attorneys whose records it guarded are told."""
    wall, form = db.session.get_one(Wall, wall_id), ReasonForm()
    services.managed(wall.user_id)
    if not form.validate():
        raise Invalid({"reason": "missing"})
    walls.take_down(wall, form.reason.data or "")
    flash(_("The wall is down."))
    return redirect(url_for(".person", user_id=wall.user_id, _anchor="walls"), 303)
