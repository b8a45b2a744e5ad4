"""People and roles, and the log."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from intake.access.policy import Permission
from intake.admin.queries import log_lines
from intake.audit.trail import record
from intake.web import requires

bp = Blueprint("admin", __name__)


@bp.get("/log")
@requires(Permission.AUDIT_READ)
def log() -> ResponseReturnValue:
    """Show the log without payloads, newest first, 50 at a time. Reading it is itself logged."""
    before = request.args.get("before", type=int)
    lines = log_lines(before=before, kind=request.args.get("kind", "")[:40], limit=51)
    record("log_read", subject="event")
    return render_template("admin/log.html", lines=lines[:50], more=len(lines) > 50)  # noqa: PLR2004


from intake.admin import glass_views, grant_views, people_views, wall_views  # noqa: E402, F401  (pages of the same blueprint)
