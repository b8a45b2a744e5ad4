"""One request: one transaction, one permission check, one set of headers."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar, cast

import sqlalchemy as sa
from flask import Flask, Response, g, redirect, request, session
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from wtforms import HiddenField, ValidationError

from intake import db
from intake.access import sessions
from intake.access.actor import Actor
from intake.access.models import OnceKey
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotSignedIn, SameKeyOtherContent, SecondStepNeeded, StepUpNeeded
from intake.front import is_foreign
from intake.pages import GuardedEnvironment

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])
# What answers without a session. Everything else declares a permission, or the program does not start.
OPEN_ENDPOINTS = frozenset(
    {
        "static",
        "front.policy_reports",
        "access.sign_in",
        "access.sign_in_options",
        "access.sign_in_passkey",
        "access.sign_in_state",
        "access.invited",
        "access.invited_password",
        "access.invited_second_step",
        "access.invited_passkey_options",
        "access.invited_passkey",
        "access.switch_language",
        "health.live",
        "health.ready",
    }
)
# Looking whether the session is still open is no activity of its user.
_ONLY_LOOKS = "access.sign_in_state"


def requires(permission: Permission, *, fresh: bool = False, half: bool = False) -> Callable[[View], View]:
    """Declare the permission that a view needs; fresh: also a sign-in shown again within the last five minutes.

    half: the view goes on with a sign-in that only showed a password, and finds its actor in g.pending.
    """

    def mark(view: View) -> View:
        view.permission = permission  # type: ignore[attr-defined]
        view.fresh = fresh  # type: ignore[attr-defined]
        view.half = half  # type: ignore[attr-defined]
        return view

    return mark


def undeclared(app: Flask) -> list[str]:
    """Return endpoints that are neither open nor declare a permission."""
    return sorted(
        name
        for name, view in app.view_functions.items()
        if name not in OPEN_ENDPOINTS and not hasattr(view, "permission")
    )


class IntakeApp(Flask):
    """One request, one transaction, one permission check.

    dispatch_request is overridden, rather than after_request used, so that an error raised by the commit itself
    still reaches the error handlers.
    """

    jinja_environment = GuardedEnvironment

    def dispatch_request(self) -> Response:
        """Answer the request inside its transaction. Raises NotSignedIn, NotAllowed and whatever the view raises."""
        endpoint = request.endpoint
        if (
            request.routing_exception is not None
            or endpoint == "static"
            or endpoint is None
            or endpoint.startswith(("health.", "front."))
        ):
            return cast("Response", super().dispatch_request())
        _refuse_strange_input()
        with db.transaction():
            entered = self._enter(endpoint)
            actor = g.actor = entered if entered and entered.complete else None
            g.pending = entered if entered and not entered.complete else None
            if endpoint not in OPEN_ENDPOINTS:
                self._permit(actor, endpoint)
            return (
                self._once(actor) if actor and request.method == "POST" and "once_key" in request.form else self._view()
            )

    @staticmethod
    def _enter(endpoint: str) -> Actor | None:
        token = session.get("_user_id")
        return sessions.enter(token) if token and endpoint != _ONLY_LOOKS else None

    def _permit(self, actor: Actor | None, endpoint: str) -> None:
        view: Any = self.view_functions[endpoint]
        if g.pending is not None:
            if view.half:
                return
            raise SecondStepNeeded
        if actor is None:
            raise NotSignedIn
        if not actor.may(view.permission):
            raise NotAllowed
        rested = view.permission is Permission.IDENTITY_READ and actor.quiet > sessions.SEALED_IDLE
        if (view.fresh and not actor.is_fresh) or (rested and not actor.is_fresh):
            raise StepUpNeeded

    def _view(self) -> Response:
        return self.make_response(super().dispatch_request())

    def _once(self, actor: Actor) -> Response:
        """Give a creating form one effect: the same key again gets the first answer, other content a 409."""
        key, content = _once_key(), _content_hash()
        table = OnceKey.__table__
        added = db.session.execute(
            sa.dialects.postgresql.insert(OnceKey)
            .values(user_id=actor.user_id, key=key, content_hash=content)
            .on_conflict_do_nothing()
            .returning(table.c.key)
        ).scalar_one_or_none()
        mine = (table.c.user_id == actor.user_id) & (table.c.key == key)
        if added is None:
            first = db.session.execute(sa.select(table.c.content_hash, table.c.answer).where(mine)).one()
            if first.content_hash != content:
                raise SameKeyOtherContent
            return self.make_response(redirect(first.answer, code=303))
        answer = self._view()
        if 300 <= answer.status_code < 400:  # noqa: PLR2004
            db.session.execute(sa.update(OnceKey).where(mine).values(answer=answer.location))
        else:
            db.session.execute(sa.delete(OnceKey).where(mine))
        return answer


def _once_key() -> uuid.UUID:
    try:
        return uuid.UUID(request.form["once_key"])
    except ValueError as wrong:
        raise Invalid({"once_key": "wrong"}) from wrong


def _content_hash() -> bytes:
    fields = sorted((k, v) for k, v in request.form.items(multi=True) if k != "csrf_token")
    return hashlib.sha256(repr((request.path, fields)).encode()).digest()


def _refuse_strange_input() -> None:
    # PostgreSQL text cannot hold NUL: refuse it once, here, whichever form or JSON it comes in.
    values = [*request.args.values(), *(request.view_args or {}).values()]
    if any("\x00" in str(value) for value in values):
        raise Invalid({"": "nul"})
    if request.is_json:
        _refuse_strange_json()
    # A page of another site cannot post here even with a stolen token.
    if is_foreign(request):
        raise NotAllowed


def _refuse_strange_json() -> None:
    if b"\\u0000" in request.get_data():
        raise Invalid({"": "nul"})
    try:
        request.get_json(silent=True)
    except RecursionError as deep:
        raise Invalid({"": "too_deep"}) from deep


# What any form may carry beside its fields: its token, which button was pressed, and where to go from there.
BUTTONS = frozenset({"csrf_token", "once_key", "version", "go", "back", "next", "looked"})


class CaseForm(FlaskForm):  # type: ignore[misc]
    """The base of every form: CSRF, a once key for creating, the version that the editor saw."""

    also: ClassVar[frozenset[str]] = frozenset()  # names that the page sends and the view reads, or nobody does
    once_key = HiddenField(default=lambda: str(uuid.uuid4()))
    version = HiddenField()

    @property
    def seen_version(self) -> int | None:
        """The version of the record that was on the screen, or None."""
        text = str(self.version.data or "")
        return int(text) if text.isascii() and text.isdigit() else None

    def unlisted(self) -> set[str]:
        """Return the names of what was sent and is no field of this form: a page never sends them."""
        if type(self) is CaseForm:
            return set()  # it only guards the token: its view reads what was sent by itself
        known, parts = {field.name for field in self} | BUTTONS | self.also, tuple(f"{field.name}-" for field in self)
        return {name for name in request.form if name not in known and not name.startswith(parts)}

    @property
    def values(self) -> dict[str, Any]:
        """What was submitted, without the form's own fields."""
        return {name: value for name, value in self.data.items() if name not in {"csrf_token", "once_key", "version"}}

    def validate(self, extra_validators: Any = None) -> bool:  # noqa: ANN401
        """Check shapes; NUL, which PostgreSQL cannot hold, is an error beside its field.

        Raises Invalid for a field that the form does not list (ASVS 5.0, 15.3.3).
        """
        if strange := self.unlisted():
            raise Invalid(dict.fromkeys(sorted(strange), "unlisted"))
        good = super().validate(extra_validators)
        for field in self:
            if isinstance(field.data, str) and "\x00" in field.data:
                field.errors = [*field.errors, ValidationError(_nul()).args[0]]
                good = False
        return bool(good)


def _nul() -> str:
    from flask_babel import gettext  # noqa: PLC0415

    return cast("str", gettext("This has a character that cannot be stored. Please type it again."))


def record_refusal(error: NotAllowed) -> None:
    """Log a refusal in a transaction of its own: the request's was rolled back."""
    actor = g.get("actor")
    with db.transaction(actor.user_id if actor else None):
        record("refused", subject=request.endpoint or "", error=type(error).__name__)
