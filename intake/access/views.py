"""Sign in, sign out, language, own account."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import login_user, logout_user

from intake import db
from intake.access import sessions
from intake.access.actor import current
from intake.access.forms import AccountForm, SignInForm
from intake.access.models import User
from intake.access.policy import Permission
from intake.access.sign_in import sign_in as prove
from intake.audit.trail import record
from intake.web import requires

bp = Blueprint("access", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Let a user in. Wrong, unknown and disabled answer alike. Raises TooManyAttempts: 429."""
    form = SignInForm()
    if not form.validate_on_submit():
        return render_template("access/sign_in.html", form=form, failed=False), 422 if form.errors else 200
    token = prove(form.email.data or "", form.password.data or "", request.remote_addr or "")
    if token is None:
        return render_template("access/sign_in.html", form=form, failed=True), 422
    language = session.get("language")
    session.clear()
    g.actor = sessions.enter(token)
    login_user(g.actor)
    if language:
        session["language"] = language
    return redirect(_local(request.args.get("next")) or url_for("incidents.today"))


@bp.post("/sign-out")
@requires(Permission.SELF)
def sign_out() -> ResponseReturnValue:
    """End the session here and on the server, and clear what the browser keeps."""
    record("sign_out", subject="app_user", record_id=str(current().user_id))
    sessions.end_session(current().token)
    logout_user()
    session.clear()
    answer = redirect(url_for(".sign_in"))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@bp.post("/language")
def switch_language() -> ResponseReturnValue:
    """Change the language of the screens for this browser, and for the user when one is signed in."""
    chosen = request.form.get("language", "en")
    if chosen in {"en", "es"}:
        session["language"] = chosen
        if g.get("actor"):
            db.session.execute(sa.update(User).where(User.id == g.actor.user_id).values(language=chosen))
    return redirect(_local(request.form.get("next")) or url_for("incidents.today"))


@bp.route("/account", methods=["GET", "POST"])
@requires(Permission.SELF)
def account() -> ResponseReturnValue:
    """Show and change the own language and shortcuts."""
    form = AccountForm(data={"language": current().language, "single_key_shortcuts": current().single_key_shortcuts})
    if form.validate_on_submit():
        db.session.execute(sa.update(User).where(User.id == current().user_id).values(**form.values))
        session["language"] = form.language.data
        flash(_("Saved."))
        return redirect(url_for(".account"))
    return render_template("access/account.html", form=form), 422 if form.errors else 200


def _local(path: str | None) -> str | None:
    """Return `path` when it is a path of this site; never follow an address that a link brought along."""
    return path if path and path.startswith("/") and not path.startswith(("//", "/\\")) else None
