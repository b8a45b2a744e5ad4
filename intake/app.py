"""create_app(): the only file that knows everything."""

from __future__ import annotations

import hashlib
import importlib
import logging
from pathlib import Path
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, format_date, format_datetime, format_time, get_locale
from flask_wtf.csrf import CSRFError, CSRFProtect
from sqlalchemy.exc import NoResultFound
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

from intake import db, front, health, keys
from intake.access import authenticator
from intake.access.actor import Actor
from intake.access.again_views import ask_again
from intake.access.policy import Permission
from intake.errors import (
    DatabaseUnavailable,
    NotAllowed,
    NotSignedIn,
    SecondStepNeeded,
    StepUpNeeded,
    TestigoError,
)
from intake.people import vault
from intake.settings import Settings, project_file
from intake.storage import Storage
from intake.taxonomy import label
from intake.web import IntakeApp, record_refusal, undeclared

log = logging.getLogger("testigo")


def create_app(settings: Settings) -> Flask:
    """Build the program on running stores. Raises RuntimeError when a route declares no permission or the
    database does not guard its rows; KeyUnavailable without the key file.
    """
    app = IntakeApp(
        "intake",
        template_folder=str(project_file("templates")),
        static_folder="static",
        static_url_path=f"/static/{_static_stamp()}",
    )
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_NAME="__Host-testigo" if settings.secure_cookies else "testigo",
        SEND_FILE_MAX_AGE_DEFAULT=31536000,
        MAX_CONTENT_LENGTH=4 * 2**20,
        MAX_FORM_MEMORY_SIZE=3 * 2**20,
        WTF_CSRF_TIME_LIMIT=None,
        TRUSTED_HOSTS=settings.hosts,
        BABEL_DEFAULT_LOCALE="en",
        BABEL_TRANSLATION_DIRECTORIES="translations",
        BABEL_DEFAULT_TIMEZONE="America/Los_Angeles",
    )
    app.extensions["settings"] = settings
    if settings.proxy_hops:
        # Only what that many proxies wrote is believed; the limits on guessing count networks by it.
        app.wsgi_app = ProxyFix(app.wsgi_app, settings.proxy_hops, settings.proxy_hops)  # type: ignore[method-assign]
    engine = db.connect(settings.program_url)
    health.refuse_unguarded(engine)
    vault.use(keys.service(settings))
    authenticator.use(keys.service(settings))
    app.extensions["storage"] = Storage(settings)
    CSRFProtect(app).exempt(front.bp)  # browsers send their reports without a token
    Babel(app, locale_selector=_language)
    front.set_headers(app, lambda: settings.s3_browser_url, secure=settings.secure_cookies)
    _answer_errors(app)
    _register(app)
    _give_templates(app, settings)
    if missing := undeclared(app):
        raise RuntimeError("routes without a permission: " + ", ".join(missing))
    return app


def _static_stamp() -> str:
    # Styles and scripts are cached for a year: their address changes when any of them does.
    folder = Path(__file__).resolve().parent / "static"
    files = sorted([*folder.glob("css/*.css"), *folder.glob("js/*.js")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:10]


SLICES = (
    "access",
    "people",
    "incidents",
    "evidence",
    "media",
    "copies",
    "viewing",
    "preservation",
    "declarations",
    "search",
    "exports",
    "admin",
    "deidentified",
)


def _register(app: Flask) -> None:
    for name in SLICES:
        app.register_blueprint(importlib.import_module(f"intake.{name}.views").bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(front.bp)


def _language() -> str:
    actor: Actor | None = g.get("actor")
    chosen = session.get("language") or (actor.language if actor else None)
    if chosen in {"en", "es"}:
        return str(chosen)
    return request.accept_languages.best_match(["en", "es"]) or "en"


def _give_templates(app: Flask, settings: Settings) -> None:
    @app.context_processor
    def globals_() -> dict[str, Any]:
        actor: Actor | None = g.get("actor")
        return {
            "actor": actor,
            "can": lambda name: actor is not None and actor.may(Permission(name)),
            "language": str(get_locale() or "en"),
            "direction": getattr(get_locale(), "text_direction", "ltr"),
            "fictional": settings.fictional,
            "nonce": g.get("nonce", ""),
        }

    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters["ord_of"] = ord
    app.jinja_env.filters["term_label"] = lambda code, plain=True: label(code, str(get_locale() or "en"), plain=plain)
    app.jinja_env.filters["dateformat"] = lambda day: format_date(day, "long")
    app.jinja_env.filters["timeformat"] = lambda moment: format_time(moment, "medium")
    app.jinja_env.filters["datetimeformat"] = lambda moment: format_datetime(moment, "short")


def _answer_errors(app: Flask) -> None:
    @app.errorhandler(TestigoError)
    def ours(error: TestigoError) -> ResponseReturnValue:
        if isinstance(error, NotSignedIn) and not _wants_json():
            return redirect(url_for("access.sign_in", next=request.path if request.method == "GET" else None))
        if isinstance(error, SecondStepNeeded) and not _wants_json() and request.method == "GET":
            return redirect(url_for("access.second_step", next=request.path))
        if isinstance(error, StepUpNeeded) and not _wants_json():
            return ask_again(), error.status
        if isinstance(error, NotAllowed):
            error = _logged(error)
        if error.status >= 500:  # noqa: PLR2004
            log.warning("%s at %s", type(error).__name__, request.endpoint)
        return _say(error.status, error)

    _answer_others(app)


def _logged(refusal: NotAllowed) -> TestigoError:
    """Log a refusal; while the log cannot be written, that is the answer."""
    try:
        record_refusal(refusal)
    except DatabaseUnavailable as away:
        return away
    return refusal


def _answer_others(app: Flask) -> None:
    @app.errorhandler(NoResultFound)
    def absent(_error: NoResultFound) -> ResponseReturnValue:
        return _say(404, None)

    @app.errorhandler(CSRFError)
    def forged(_error: CSRFError) -> ResponseReturnValue:
        return _say(400, None)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:  # noqa: PLR2004
            return error.get_response()
        if isinstance(error, SecurityError):  # a host that is not ours: no page can be built for it
            return "", 400
        return _say(error.code, None)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        # The traceback's frames are logged; the message could hold a person's words.
        log.error("unexpected %s at %s", type(error).__name__, request.endpoint, exc_info=_frames_only(error))
        return _say(500, None)


def _frames_only(error: Exception) -> Any:  # noqa: ANN401
    return (RuntimeError, RuntimeError(type(error).__name__), error.__traceback__)


def _wants_json() -> bool:
    return request.is_json or request.accept_mimetypes.best == "application/json"


def _say(status: int, error: TestigoError | None) -> tuple[str | Response, int]:
    name = type(error).__name__ if error else ""
    if _wants_json():
        return jsonify(error=name or str(status), fields=getattr(error, "fields", {})), status
    return render_template("error.html", status=status, error=error, error_name=name), status
