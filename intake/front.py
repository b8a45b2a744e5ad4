"""What every request and every answer passes, whatever page it is for: hosts, origins, headers, reports of browsers."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Request, g, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

log = logging.getLogger("testigo")
bp = Blueprint("front", __name__)
YEAR = 31_536_000  # seconds
LONGEST_REPORT = 8_192  # bytes
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_foreign(asked: Request) -> bool:
    """Tell whether another site's page sent an unsafe request (Fetch Metadata and Origin; ASVS 5.0, 3.5.3).

    `Origin: null` says nothing: browsers send it from our own pages too, because of `Referrer-Policy: no-referrer`.
    """
    if asked.method in SAFE:
        return False
    origin = asked.headers.get("Origin", "null")
    another = origin != "null" and urlsplit(origin).netloc != asked.host
    return another or asked.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


def set_headers(app: Flask, s3_origin: Callable[[], str], *, secure: bool) -> None:
    """Put the security headers on every answer; no page sets its own. secure: the program is behind TLS."""

    @app.before_request
    def nonce() -> None:
        g.nonce = secrets.token_urlsafe(16)

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy(g.get("nonce", ""), s3_origin())
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        if secure:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
            response.headers["Vary"] = "Cookie"
        return response


def policy(nonce: str, store: str) -> str:
    """Return the content security policy: nothing but our own, scripts of this answer, and the store's originals."""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; "
        f"img-src 'self' blob: data: {store}; font-src 'self'; media-src 'self' blob: {store}; "
        f"connect-src 'self' {store}; worker-src 'self'; manifest-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'; object-src 'none'; report-uri /policy-reports"
    )


@bp.post("/policy-reports")
def policy_reports() -> ResponseReturnValue:
    """Take a browser's report of a broken policy: which rule and whose origin are logged, no address of a page."""
    body = request.get_data(cache=False) if (request.content_length or 0) <= LONGEST_REPORT else b""
    try:
        told = json.loads(body)["csp-report"]
        rule, blocked = str(told["violated-directive"]), str(told["blocked-uri"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", 204
    site = urlsplit(blocked)
    log.warning("browser: policy %.40r broken by %.80r", rule, f"{site.scheme}://{site.netloc}" if site.netloc else "")
    return "", 204
