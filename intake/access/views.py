"""Sign in with a password or a passkey, sign out, language, own account."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, flash, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf

from intake import db
from intake.access import passkeys, sessions
from intake.access.actor import current
from intake.access.browser import agent, answered_challenge, ask, let_in, local, settings
from intake.access.forms import AccountForm, CodeForm, SignInForm
from intake.access.models import User
from intake.access.policy import Permission
from intake.access.sign_in import complete, show_code, show_password, ways
from intake.audit.trail import record
from intake.web import requires

bp = Blueprint("access", __name__)


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """Take e-mail and password. Wrong, unknown and closed answer alike. Raises TooManyAttempts: 429."""
    form, goes_on = SignInForm(), local(request.args.get("next"))
    if not form.validate_on_submit():
        page = render_template("access/sign_in.html", form=form, failed=False, goes_on=goes_on)
        return page, 422 if form.errors else 200
    user = show_password(form.email.data or "", form.password.data or "", request.remote_addr or "", settings())
    if user is None:
        return render_template("access/sign_in.html", form=form, failed=True, goes_on=goes_on), 422
    let_in(sessions.open_session(user.id, sessions.PASSWORD, agent()))
    return redirect(url_for(".second_step", next=goes_on))


@bp.route("/sign-in/code", methods=["GET", "POST"])
@requires(Permission.SELF, half=True)
def second_step() -> ResponseReturnValue:
    """Take the second step after a password. Raises TooManyAttempts: 429."""
    goes_on = local(request.args.get("next")) or url_for("incidents.today")
    if g.pending is None:
        return redirect(goes_on)
    form, failed = CodeForm(), False
    if form.validate_on_submit():
        way = show_code(g.pending, form.code.data or "", settings())
        if way:
            address = request.remote_addr or ""
            let_in(complete(g.pending.user_id, way, address, settings(), agent=agent(), half=g.pending.token))
            return redirect(goes_on)
        failed = True
    page = render_template(
        "access/code.html", form=form, failed=failed, ways=ways(g.pending, settings()), goes_on=goes_on
    )
    return page, 422 if failed or form.errors else 200


@bp.post("/sign-in/passkey/options")
def sign_in_options() -> ResponseReturnValue:
    """Give a challenge to a passkey of whoever it is."""
    return ask(passkeys.sign_in_options(settings()))


@bp.post("/sign-in/passkey")
def sign_in_passkey() -> ResponseReturnValue:
    """Let in whose passkey answered the challenge: its user was verified, so it is both steps at once."""
    challenge, credential = answered_challenge()
    user_id = passkeys.shown(challenge, credential, settings())
    if user_id is None:
        return jsonify(error="passkey"), 422
    half = g.pending.token if g.pending else ""
    address = request.remote_addr or ""
    let_in(complete(user_id, sessions.PASSKEY, address, settings(), agent=agent(), half=half))
    return jsonify(next=local(request.args.get("next")) or url_for("incidents.today"))


@bp.get("/sign-in/state")
def sign_in_state() -> ResponseReturnValue:
    """Say for how many seconds the session stays open, to whom it belongs, and the token for its forms.

    It does not count as activity, and says nothing to another site's page.
    """
    token = session.get("_user_id") or ""
    idle, longest = sessions.left(token) if token else (0, 0)
    return jsonify(idle=idle, longest=longest, who=sessions.mark_of(token) if idle else "", token=generate_csrf())


@bp.post("/sign-in/here")
@requires(Permission.SELF)
def here() -> ResponseReturnValue:
    """Count typing as activity; the session was already touched on the way in."""
    return "", 204


@bp.post("/sign-out")
@requires(Permission.SELF, half=True)
def sign_out() -> ResponseReturnValue:
    """End the session here and on the server, and clear what the browser keeps."""
    actor = g.pending or current()
    record("sign_out", subject="app_user", record_id=str(actor.user_id))
    sessions.end_session(actor.token)
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
    return redirect(local(request.form.get("next")) or url_for("incidents.today"))


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


from intake.access import again_views, factor_views, invitation_views  # noqa: E402, F401  (more of this blueprint)
