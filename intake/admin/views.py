"""People and roles, and the log."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake.access.policy import Permission, Role
from intake.admin.forms import ActiveForm, RoleForm
from intake.admin.queries import log_lines
from intake.admin.services import colleagues, set_active, set_role
from intake.audit.trail import record
from intake.errors import Invalid
from intake.taxonomy import taxonomy
from intake.web import requires

bp = Blueprint("admin", __name__)


@bp.get("/people-and-roles")
@requires(Permission.PEOPLE_MANAGE)
def people() -> ResponseReturnValue:
    """Show the organisation's people and what they may do."""
    roles = [term for term in taxonomy("user_role").terms if term.code in set(Role)]
    return render_template(
        "admin/people.html", colleagues=colleagues(), roles=roles, role_form=RoleForm(), active_form=ActiveForm()
    )


@bp.post("/people-and-roles/<int(max=2147483647):user_id>/role")
@requires(Permission.PEOPLE_MANAGE)
def role(user_id: int) -> ResponseReturnValue:
    """Give a colleague another role."""
    form = RoleForm()
    if not form.validate():
        raise Invalid({"role": "unknown"})
    set_role(user_id, form.role.data or "")
    flash(_("The role was changed. It holds from their next page."))
    return redirect(url_for(".people"))


@bp.post("/people-and-roles/<int(max=2147483647):user_id>/active")
@requires(Permission.PEOPLE_MANAGE)
def active(user_id: int) -> ResponseReturnValue:
    """Enable or disable a colleague."""
    form = ActiveForm()
    if not form.validate():
        raise Invalid({"active": "unknown"})
    set_active(user_id, active=form.active.data == "yes")
    flash(_("Saved."))
    return redirect(url_for(".people"))


@bp.get("/log")
@requires(Permission.AUDIT_READ)
def log() -> ResponseReturnValue:
    """Show the log without payloads, newest first, 50 at a time. Reading it is itself logged."""
    before = request.args.get("before", type=int)
    lines = log_lines(before=before, kind=request.args.get("kind", "")[:40], limit=51)
    record("log_read", subject="event")
    return render_template("admin/log.html", lines=lines[:50], more=len(lines) > 50)  # noqa: PLR2004
