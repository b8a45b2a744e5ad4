"""Enrolling by invitation: the code, the password, the second step; and the administrator's page that hands it over."""

from __future__ import annotations

import uuid

from flask import flash, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from intake.access import authenticator, invitations, passkeys, sessions
from intake.access.browser import agent, answered_challenge, ask, let_in, sent_name, settings
from intake.access.forms import AuthenticatorForm, CodeForm, InvitationForm, InvitedPasswordForm, InviteForm
from intake.access.models import User
from intake.access.policy import Permission
from intake.access.proofs import Invitation
from intake.access.sign_in import complete, show_code, ways
from intake.access.views import bp
from intake.access.words import why_not
from intake.errors import NotAllowed, NotNow
from intake.web import requires

_KEPT = "invitation"


@bp.route("/invitation/<uuid:invitation_id>", methods=["GET", "POST"])
def invited(invitation_id: uuid.UUID) -> ResponseReturnValue:
    """Take the code of an invitation. Unknown, used, late and wrong answer alike. Raises TooManyAttempts."""
    form, failed = InvitationForm(), False
    if form.validate_on_submit():
        found = invitations.opened(invitation_id, form.code.data or "")
        if found:
            session[_KEPT] = [str(found[0].id), found[1]]
            return redirect(url_for(".invited_password"), 303)
        failed = True
    return render_template("access/invited.html", form=form, failed=failed), 422 if failed or form.errors else 200


@bp.route("/invitation/password", methods=["GET", "POST"])
def invited_password() -> ResponseReturnValue:
    """Take the password of a new account, or the one that stays when only a factor was lost."""
    row, user = _claimed()
    form = InvitedPasswordForm()
    if form.validate_on_submit():
        why = invitations.set_password(row, user, form.password.data or "")
        if not why:
            return redirect(url_for(".invited_second_step"), 303)
        form.password.errors = [*form.password.errors, why_not(why)]
    page = render_template("access/invited_password.html", form=form, kind=row.kind, email=user.email)
    return page, 422 if form.errors else 200


@bp.route("/invitation/second-step", methods=["GET", "POST"])
def invited_second_step() -> ResponseReturnValue:
    """Set up the second step, or, after a lost password, show the one there is."""
    row, user = _claimed(with_password=True)
    return _existing(row, user) if row.kind == invitations.NEW_PASSWORD else _new(row, user)


def _new(row: Invitation, user: User) -> ResponseReturnValue:
    form, failed, only_passkey = AuthenticatorForm(), False, invitations.passkey_only(user)
    if form.is_submitted() and only_passkey:
        raise NotAllowed
    secret = authenticator.offered(form.offer.data or "", user, settings()) or authenticator.new_secret()
    if form.validate_on_submit():
        if authenticator.enrol(user, secret, form.code.data or ""):
            _enter(row, user, sessions.TOTP)
            codes = authenticator.new_recovery_codes(user.id)
            return render_template("access/recovery_codes.html", codes=codes, goes_on=url_for("incidents.today"))
        failed = True
    form.offer.data = authenticator.offer(secret, user, settings())
    page = render_template(
        "access/invited_second_step.html",
        form=form,
        failed=failed,
        secret=secret,
        picture=authenticator.picture(secret, user.email),
        only_passkey=only_passkey,
    )
    return page, 422 if failed or form.errors else 200


def _existing(row: Invitation, user: User) -> ResponseReturnValue:
    form, failed, actor = CodeForm(), False, invitations.as_actor(user)
    if form.validate_on_submit():
        way = show_code(actor, form.code.data or "", settings())
        if way:
            _enter(row, user, way)
            return redirect(url_for("incidents.today"), 303)
        failed = True
    page = render_template("access/invited_factor.html", form=form, failed=failed, ways=ways(actor, settings()))
    return page, 422 if failed or form.errors else 200


@bp.post("/invitation/passkey/options")
def invited_passkey_options() -> ResponseReturnValue:
    """Give a challenge: for a first passkey, or for one that the user has and shows beside a new password."""
    row, user = _claimed(with_password=True)
    if row.kind == invitations.NEW_PASSWORD:
        return ask(passkeys.sign_in_options(settings(), user.id))
    return ask(passkeys.enrol_options(user, settings()))


@bp.post("/invitation/passkey")
def invited_passkey() -> ResponseReturnValue:
    """Take the passkey and use the invitation up."""
    challenge, credential = answered_challenge()
    row, user = _claimed(with_password=True)
    if row.kind == invitations.NEW_PASSWORD:
        good = passkeys.shown(challenge, credential, settings(), user.id) is not None
    else:
        good = passkeys.enrol(user, challenge, credential, sent_name(), settings()) is not None
    if not good:
        return jsonify(error="passkey"), 422
    _enter(row, user, sessions.PASSKEY)
    flash(_("You are signed in. Add a second passkey, on another device, so that losing one does not shut you out."))
    return jsonify(next=url_for(".factors_page"))


@bp.post("/people-and-roles/<int(max=2147483647):user_id>/invitation")
@requires(Permission.PEOPLE_MANAGE, fresh=True)
def invite_person(user_id: int) -> ResponseReturnValue:
    """Make an invitation for a colleague and show once what to hand over."""
    form = InviteForm()
    user = invitations.colleague(user_id)
    lost = "both" if form.start_over.data == "yes" else "password" if form.password_lost.data == "yes" else ""
    try:
        handed = invitations.invite_as_administrator(user, settings(), lost=lost)
    except NotNow:
        flash(_("There is no second step that could vouch for a new password. Start the account over."))
        return redirect(url_for("admin.person", user_id=user_id), 303)
    return render_template("access/handed.html", handed=handed, user=user)


def _enter(row: Invitation, user: User, method: str) -> None:
    invitations.finish(row, user)
    let_in(complete(user.id, method, request.remote_addr or "", settings(), agent=agent()))


def _claimed(*, with_password: bool = False) -> tuple[Invitation, User]:
    """Return the invitation this browser opened, locked while posting. Raises NotAllowed without one."""
    found = invitations.claimed(session.get(_KEPT), lock=request.method == "POST")
    if found is None or (with_password and not found[0].password_hash):
        raise NotAllowed
    return found
