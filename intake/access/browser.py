"""What the pages of sign-in do with the browser: its cookie, its kind, the challenge it carries, where it goes next."""

from __future__ import annotations

import re
from typing import Any

from flask import current_app, jsonify, request, session
from flask.typing import ResponseReturnValue

from intake.errors import Invalid
from intake.settings import Settings

_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def settings() -> Settings:
    """Return the settings of the running program."""
    found: Settings = current_app.extensions["settings"]
    return found


def let_in(token: str) -> None:
    """Give the browser a new session's token; of what it carried before only the language stays."""
    language = session.get("language")
    session.clear()
    session["_user_id"] = token
    if language:
        session["language"] = language


def agent() -> str:
    """Return the browser's kind for the user's own list of sessions, as "Firefox, Linux"; never the whole header."""
    sent = request.headers.get("User-Agent", "")
    names = [next((name for mark, name in table if mark in sent), "") for table in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in names if name)


def local(path: str | None) -> str | None:
    """Return `path` when it is a path of this site; never follow an address that a link brought along."""
    # Browsers drop tabs and line ends inside an address and read a backslash as a slash.
    return path if path and re.fullmatch(r"/(?!/)[^\x00-\x20\\]*", path) else None


def ask(options: dict[str, Any]) -> ResponseReturnValue:
    """Answer with a passkey's options; the browser carries the challenge, the server counts that it is used once."""
    session["challenge"] = options["challenge"]
    return jsonify(options)


def answered_challenge() -> tuple[str, dict[str, Any]]:
    """Return the challenge that this browser was given and the credential it sent. Raises Invalid without one."""
    body = request.get_json(silent=True)
    credential = body.get("credential") if isinstance(body, dict) else None
    if not isinstance(credential, dict):
        raise Invalid({"credential": "wrong"})
    return str(session.pop("challenge", "")), credential


def sent_name() -> str:
    """Return the name that came beside a credential."""
    body = request.get_json(silent=True)
    return str(body.get("name", "")) if isinstance(body, dict) else ""
