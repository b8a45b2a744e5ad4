"""Grants that wait for a supervising attorney; ending one; and notices."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake.access import notices
from intake.access.actor import current
from intake.access.policy import Permission
from intake.admin import grants
from intake.admin.views import bp
from intake.web import requires

_GRANT = "/grants/<int(max=2147483647):grant_id>"


@bp.get("/grants")
@requires(Permission.GRANT_CONFIRM)
def grants_to_confirm() -> ResponseReturnValue:
    """Show whom administrators would let read records, for a supervising attorney's word."""
    return render_template("admin/grants.html", waiting=grants.to_confirm())


@bp.post(f"{_GRANT}/confirm")
@requires(Permission.GRANT_CONFIRM, fresh=True)
def confirm_grant(grant_id: int) -> ResponseReturnValue:
    """Let it hold."""
    grants.confirm(grants.grant_of(grant_id))
    flash(_("Confirmed. It holds from their next page."))
    return redirect(url_for(".grants_to_confirm"), 303)


@bp.post(f"{_GRANT}/refuse")
@requires(Permission.GRANT_CONFIRM, fresh=True)
def refuse_grant(grant_id: int) -> ResponseReturnValue:
    """Let it end before it held."""
    grants.refuse(grants.grant_of(grant_id))
    flash(_("Refused. Nothing was opened."))
    return redirect(url_for(".grants_to_confirm"), 303)


@bp.post(f"{_GRANT}/end")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def end_grant(grant_id: int) -> ResponseReturnValue:
    """End a colleague's grant now."""
    grant = grants.grant_of(grant_id)
    grants.end(grant)
    flash(_("Ended. It opens nothing from their next page on."))
    return redirect(url_for(".person", user_id=grant.user_id), 303)


@bp.post("/notices/<int(max=2147483647):notice_id>/seen")
@requires(Permission.SELF)
def notice_seen(notice_id: int) -> ResponseReturnValue:
    """Put a notice away."""
    notices.seen(notice_id)
    back = ".people" if current().may(Permission.PEOPLE_MANAGE) else "incidents.today"
    return redirect(url_for(back), 303)
