"""The own account's sign-in: passkeys, app, recovery codes, password, sessions."""

from __future__ import annotations

import uuid

from flask import flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake.access import authenticator, factors, passkeys, sessions
from intake.access.actor import current
from intake.access.browser import answered_challenge, ask, sent_name, settings
from intake.access.forms import AuthenticatorForm, NameForm, PasswordForm
from intake.access.policy import Permission
from intake.access.sign_in import needs_passkey
from intake.access.views import bp
from intake.access.words import why_not
from intake.errors import NotAllowed, NotNow, NotThere
from intake.web import requires


@bp.get("/account/sign-in")
@requires(Permission.SELF)
def factors_page() -> ResponseReturnValue:
    """Show how the user signs in, and where they are signed in now."""
    me = current()
    return render_template(
        "access/factors.html",
        passkeys=passkeys.of(me.user_id),
        app=authenticator.of(me.user_id),
        codes_left=authenticator.recovery_codes_left(me.user_id),
        needs_passkey=needs_passkey(me),
        sessions=sessions.open_of(me.user_id),
        form=NameForm(),
    )


@bp.get("/account/passkeys/new")
@requires(Permission.SELF, fresh=True)
def new_passkey() -> ResponseReturnValue:
    """Show the page on which a further passkey is made."""
    return render_template("access/new_passkey.html", form=NameForm())


@bp.post("/account/passkeys/options")
@requires(Permission.SELF, fresh=True)
def passkey_options() -> ResponseReturnValue:
    """Give a challenge for a new passkey of the acting user."""
    return ask(passkeys.enrol_options(factors.me(), settings()))


@bp.post("/account/passkeys")
@requires(Permission.SELF, fresh=True)
def add_passkey() -> ResponseReturnValue:
    """Keep a further passkey of the acting user."""
    challenge, credential = answered_challenge()
    made = passkeys.enrol(factors.me(), challenge, credential, sent_name(), settings())
    if made is None:
        return jsonify(error="passkey"), 422
    factors.added("passkey", made.id)
    flash(_("The passkey was added."))
    return jsonify(next=url_for(".factors_page"))


@bp.post("/account/passkeys/<uuid:passkey_id>/name")
@requires(Permission.SELF, fresh=True)
def name_passkey(passkey_id: uuid.UUID) -> ResponseReturnValue:
    """Rename an own passkey."""
    factors.rename_passkey(passkey_id, request.form.get("name", ""))
    flash(_("Saved."))
    return redirect(url_for(".factors_page"), 303)


@bp.post("/account/passkeys/<uuid:passkey_id>/remove")
@requires(Permission.SELF, fresh=True)
def remove_passkey(passkey_id: uuid.UUID) -> ResponseReturnValue:
    """Remove an own passkey, unless it is the last factor."""
    try:
        factors.remove_passkey(passkey_id)
    except NotNow:
        flash(_("This is your last way to sign in. Add another one first."))
    else:
        flash(_("Removed. Other places where you were signed in are signed out."))
    return redirect(url_for(".factors_page"), 303)


@bp.route("/account/authenticator", methods=["GET", "POST"])
@requires(Permission.SELF, fresh=True)
def new_authenticator() -> ResponseReturnValue:
    """Set up an authenticator app; a working code of it makes it the user's one."""
    if needs_passkey(current()):
        raise NotAllowed
    user, form, failed = factors.me(), AuthenticatorForm(), False
    secret = authenticator.offered(form.offer.data or "", user, settings()) or authenticator.new_secret()
    if form.validate_on_submit():
        if authenticator.enrol(user, secret, form.code.data or ""):
            factors.added("authenticator", user.id)
            codes = authenticator.new_recovery_codes(user.id)
            return render_template("access/recovery_codes.html", codes=codes, goes_on=url_for(".factors_page"))
        failed = True
    form.offer.data = authenticator.offer(secret, user, settings())
    picture = authenticator.picture(secret, user.email)
    page = render_template("access/authenticator.html", form=form, failed=failed, secret=secret, picture=picture)
    return page, 422 if failed or form.errors else 200


@bp.post("/account/authenticator/remove")
@requires(Permission.SELF, fresh=True)
def remove_authenticator() -> ResponseReturnValue:
    """Remove the own app, unless it is the last factor."""
    try:
        factors.remove_authenticator()
    except NotNow:
        flash(_("This is your last way to sign in. Add another one first."))
    else:
        flash(_("Removed. Other places where you were signed in are signed out."))
    return redirect(url_for(".factors_page"), 303)


@bp.post("/account/recovery-codes")
@requires(Permission.SELF, fresh=True)
def recovery_codes() -> ResponseReturnValue:
    """Make ten new recovery codes and show them this once."""
    codes = authenticator.new_recovery_codes(factors.me().id)
    factors.added("recovery_code", current().user_id)
    return render_template("access/recovery_codes.html", codes=codes, goes_on=url_for(".factors_page"))


@bp.route("/account/password", methods=["GET", "POST"])
@requires(Permission.SELF, fresh=True)
def password() -> ResponseReturnValue:
    """Change the own password."""
    form = PasswordForm()
    if form.validate_on_submit():
        why = factors.change_password(form.password.data or "", form.new_password.data or "")
        if not why:
            flash(_("The password was changed. Other places where you were signed in are signed out."))
            return redirect(url_for(".factors_page"), 303)
        field = form.password if why == "wrong" else form.new_password
        field.errors = [*field.errors, why_not(why)]
    return render_template("access/password.html", form=form), 422 if form.errors else 200


@bp.post("/account/sessions/<uuid:session_id>/end")
@requires(Permission.SELF)
def end_session(session_id: uuid.UUID) -> ResponseReturnValue:
    """End one of the user's own sessions. Raises NotThere for another's."""
    if not sessions.end_one(current().user_id, session_id):
        raise NotThere
    flash(_("Signed out there."))
    return redirect(url_for(".factors_page"), 303)


@bp.post("/account/sessions/end")
@requires(Permission.SELF)
def end_other_sessions() -> ResponseReturnValue:
    """End all own sessions but this one."""
    sessions.end_all(current().user_id, but=current().token)
    flash(_("Signed out everywhere else."))
    return redirect(url_for(".factors_page"), 303)
