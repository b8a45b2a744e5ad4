"""Showing again that it is you, before what opens a sealed name, sends out, or changes who may enter."""

from __future__ import annotations

import json
from typing import Any

from flask import g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from intake import db
from intake.access import passkeys
from intake.access.actor import current
from intake.access.browser import answered_challenge, ask, local, settings
from intake.access.forms import AgainForm
from intake.access.policy import Permission
from intake.access.sessions import PASSKEY
from intake.access.sign_in import show_code, step_up, ways
from intake.access.views import bp
from intake.web import requires

# What a kept form leaves out: its old token, and secrets, which are typed again.
_NOT_KEPT = ("csrf_token", "password", "new_password")


@bp.route("/sign-in/again", methods=["GET", "POST"])
@requires(Permission.SELF)
def again() -> ResponseReturnValue:
    """Take a code once more, and go on with what was asked. Raises TooManyAttempts: 429."""
    form = AgainForm()
    to = local(form.to.data) or local(request.args.get("next")) or url_for("incidents.today")
    fields = _fields(form.kept.data)
    if not form.validate_on_submit():
        return _page(form, to, fields, failed=False), 422 if form.errors else 200
    way = show_code(current(), form.code.data or "", settings())
    if not way:
        return _page(form, to, fields, failed=True), 422
    session["_user_id"] = step_up(current(), way)
    return render_template("access/go_on.html", to=to, fields=fields) if fields else redirect(to)


@bp.post("/sign-in/again/options")
@requires(Permission.SELF)
def again_options() -> ResponseReturnValue:
    """Give a challenge to a passkey of the acting user."""
    return ask(passkeys.sign_in_options(settings(), current().user_id))


@bp.post("/sign-in/again/passkey")
@requires(Permission.SELF)
def again_passkey() -> ResponseReturnValue:
    """Take a passkey once more; the page then goes on by itself."""
    challenge, credential = answered_challenge()
    if passkeys.shown(challenge, credential, settings(), current().user_id) is None:
        return jsonify(error="passkey"), 422
    session["_user_id"] = step_up(current(), PASSKEY)
    return jsonify(next=local(request.args.get("next")) or url_for("incidents.today"))


def ask_again() -> str:
    """Return the page that a request gets which needs a fresh sign-in; what was sent with it stays on the page."""
    sent = [(name, text) for name, text in request.form.items(multi=True) if name not in _NOT_KEPT]
    to = request.full_path.rstrip("?") if request.method == "GET" else request.path
    with db.transaction(g.actor.user_id):
        return _page(AgainForm(formdata=None), to, sent if request.method == "POST" else [], failed=False)


def _page(form: AgainForm, to: str, fields: list[tuple[str, str]], *, failed: bool) -> str:
    form.to.data, form.kept.data = to, json.dumps(fields)
    return render_template(
        "access/again.html", form=form, failed=failed, to=to, fields=fields, ways=ways(g.actor, settings())
    )


def _fields(kept: str | None) -> list[tuple[str, str]]:
    try:
        pairs: Any = json.loads(kept or "[]")
    except ValueError:
        return []
    good = isinstance(pairs, list) and all(
        isinstance(p, list) and len(p) == 2 and all(isinstance(t, str) for t in p)  # noqa: PLR2004
        for p in pairs
    )
    return [(name, text) for name, text in pairs] if good else []
