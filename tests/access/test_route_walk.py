"""What holds at every address: headers, tokens, origins, hosts, limits, strange input; found by walking the routes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake.app import create_app
from intake.front import YEAR
from intake.settings import Settings
from tests.access.asking import ask, asks_of, send, unsafe
from tests.access.matrix import undone
from tests.access.planted import Ids, plant
from tests.browser import Browser
from tests.world import World

# A browser's report about our own pages comes without a token, and changes nothing.
WITHOUT_TOKEN = {"front.policy_reports"}


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


def assert_headers(answer: TestResponse, what: object) -> None:
    held = answer.headers
    policy = held["Content-Security-Policy"]
    for part in (
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "report-uri ",
    ):
        assert part in policy, what
    assert "unsafe" not in policy, what
    assert held["X-Content-Type-Options"] == "nosniff", what
    assert held["Referrer-Policy"] == "no-referrer", what
    assert held["Cross-Origin-Opener-Policy"] == held["Cross-Origin-Resource-Policy"] == "same-origin", what
    assert held["Cache-Control"] == "no-store", what
    assert "Cookie" in held["Vary"], what


@pytest.mark.parametrize("who", ["attorney", "auditor", None], ids=str)
def test_every_answer_has_every_header(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], client: Browser, who: str | None
) -> None:
    browser = browser_of(who) if who else client
    kept = dict(browser.client._cookies or {})
    for what in asks_of(app):
        with undone():
            assert_headers(ask(browser, what, ids), what)
        browser.client._cookies = dict(kept)


@pytest.mark.parametrize(
    ("status", "method", "address", "options"),
    [
        (404, "GET", "/nowhere", {}),
        (405, "PUT", "/incidents", {}),
        (413, "POST", "/sign-in", {"data": b"x" * (5 * 2**20), "content_type": "text/plain"}),
        (400, "POST", "/sign-in", {"data": {"email": "x"}}),
        (302, "GET", "/incidents", {}),
        (400, "GET", "/", {"headers": {"Host": "evil.example"}}),
    ],
    ids=lambda value: str(value)[:20],
)
def test_errors_have_every_header_too(client: Browser, status: int, method: str, address: str, options: Any) -> None:
    answer = client.client.open(address, method=method, **options)
    assert answer.status_code == status
    assert_headers(answer, address)


def test_a_fault_of_ours_is_told_by_its_number_alone_and_with_every_header(
    app: Flask, as_attorney: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_told: object, **_named: object) -> None:
        raise ZeroDivisionError("zorzalfault")

    fail.permission, fail.fresh, fail.half = app.view_functions["incidents.index"].permission, False, False  # type: ignore[union-attr,attr-defined]
    monkeypatch.setitem(app.view_functions, "incidents.index", fail)
    answer = as_attorney.get("/incidents")
    assert answer.status_code == 500
    text = answer.get_data(as_text=True)
    assert not re.search(r"zorzalfault|ZeroDivision|Traceback|File \"|line \d+", text)
    assert_headers(answer, "500")


def test_a_file_of_our_own_that_did_not_change_keeps_its_headers(app: Flask, client: Browser) -> None:
    static = f"{app.static_url_path}/css/base.css"
    first = client.get(static)
    again = client.get(static, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    for answer in (first, again):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Content-Security-Policy" in answer.headers


def test_behind_tls_cookies_are_bound_to_the_host_and_the_browser_stays_on_tls(
    settings: Settings, world: World
) -> None:
    secure = Browser(create_app(settings.with_(secure_cookies=True)))
    answer = secure.client.get("/sign-in", base_url="https://localhost")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-testigo=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert answer.headers["Strict-Transport-Security"] == f"max-age={YEAR}; includeSubDomains"


@pytest.mark.parametrize("token", [None, "", "wrong", "IjEi.aaaa.bbbb"], ids=str)
def test_no_unsafe_request_is_taken_without_its_token(
    app: Flask, ids: Ids, as_attorney: Browser, token: str | None
) -> None:
    headers = {} if token is None else {"X-CSRFToken": token}
    for what in unsafe(app):
        if what.endpoint not in WITHOUT_TOKEN:
            data = {"csrf_token": token} if token is not None else {}
            answer = send(as_attorney, what, ids, data=data, headers=headers)
            assert answer.status_code == 400, what


def test_a_token_of_another_session_is_not_taken(
    app: Flask, ids: Ids, as_attorney: Browser, as_paralegal: Browser
) -> None:
    foreign = as_paralegal.token
    assert foreign != as_attorney.token
    for what in unsafe(app):
        if what.endpoint not in WITHOUT_TOKEN:
            as_attorney.token = foreign  # each answer brings a good one
            assert ask(as_attorney, what, ids).status_code == 400, what


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_no_unsafe_request_of_another_site_is_taken_even_with_a_token(
    app: Flask, ids: Ids, as_attorney: Browser, headers: dict[str, str]
) -> None:
    for what in unsafe(app):
        if what.endpoint not in WITHOUT_TOKEN:
            sent = {**headers, "X-CSRFToken": as_attorney.token}
            answer = send(as_attorney, what, ids, data={"csrf_token": as_attorney.token}, headers=sent)
            assert answer.status_code == 403, (what, answer.status_code)


def test_our_own_pages_may_send_with_and_without_an_origin(as_attorney: Browser) -> None:
    for headers in ({}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}):
        answer = as_attorney.post("/language", {"language": "en"}, once=None, headers=headers)
        assert answer.status_code == 302, headers


# Looking at a file is a step in its custody; a search notes when it was run; a passkey's question is kept once.
# Asking which parts of an upload arrived tells that its sender is still there.
LOGGED_BY_LOOKING = re.compile(r"custody_event|saved_search|passkey_challenge|upload_lease")


@pytest.mark.parametrize("who", ["intake", "attorney", "auditor", "admin", "analyst"])
def test_nothing_is_changed_by_getting_a_page(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser, changes = browser_of(who), []
    for what in asks_of(app):
        if what.method == "GET":
            with undone(), watched() as statements:
                ask(browser, what, ids)
            changes += [(what.address, each) for each in statements if not LOGGED_BY_LOOKING.search(each)]
    assert changes == []


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the statements that change rows."""
    found: list[str] = []

    def look(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if re.match(r"\s*(insert|update|delete|truncate)\b", statement, re.IGNORECASE):
            found.append(" ".join(statement.split())[:120])

    sa.event.listen(sa.Engine, "before_cursor_execute", look)
    try:
        yield found
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", look)


def test_no_address_takes_a_body_above_the_limit(app: Flask, ids: Ids, as_attorney: Browser) -> None:
    large = {"data": b"x" * (4 * 2**20 + 1), "content_type": "application/x-www-form-urlencoded"}
    for what in unsafe(app):
        answer = send(as_attorney, what, ids, headers={"X-CSRFToken": as_attorney.token}, **large)
        assert answer.status_code in {413, 204}, what


def test_a_form_of_more_than_a_thousand_parts_is_refused(as_attorney: Browser) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="'
    body = b"".join(head + f'p{number}"\r\n\r\n1\r\n'.encode() for number in range(1001)) + b"--b--\r\n"
    headers = {"X-CSRFToken": as_attorney.token}
    sent = {"data": body, "content_type": "multipart/form-data; boundary=b", "headers": headers}
    assert as_attorney.client.post("/search", **sent).status_code == 413


def test_a_report_of_a_browser_is_logged_without_an_address_of_a_page(
    client: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    told = {
        "violated-directive": "img-src",
        "blocked-uri": "https://evil.example/zorzalpath?x",
        "document-uri": "zorzal",
    }
    assert client.client.post("/policy-reports", json={"csp-report": told}).status_code == 204
    assert "https://evil.example" in caplog.text
    assert "zorzal" not in caplog.text
    for body in (b"", b"[]", b"{}", b"\xff", b'{"csp-report": []}', b"x" * 9000):
        assert client.client.post("/policy-reports", data=body).status_code == 204


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:80", "", "localhost@evil.example"]
)
def test_a_request_for_another_host_gets_nothing(client: Browser, host: str) -> None:
    answer = client.client.get("/sign-in", headers={"Host": host})
    assert (answer.status_code, answer.get_data()) == (400, b"")


def test_a_public_name_is_answered_and_only_that(settings: Settings, world: World) -> None:
    served = create_app(settings.with_(public_url="https://intake.example.org")).test_client()
    assert served.get("/sign-in", headers={"Host": "intake.example.org"}).status_code == 200
    assert served.get("/sign-in", headers={"Host": "other.example.org"}).status_code == 400


def test_forwarded_headers_say_nothing_unless_proxies_are_counted(app: Flask, client: Browser) -> None:
    forwarded = {
        "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/evil",
        "Forwarded": "host=evil.example", "X-Forwarded-For": "203.0.113.9", "X-Original-URL": "/log",
    }  # fmt: skip
    answer = client.get("/incidents", headers=forwarded)
    assert answer.status_code == 302
    assert "evil" not in answer.location
    assert "evil" not in client.get("/sign-in", headers=forwarded).get_data(as_text=True)


def test_no_answer_leads_to_another_site(app: Flask, as_attorney: Browser) -> None:
    for there in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
    ):
        answer = as_attorney.post("/language", {"language": "es", "next": there}, once=None)
        assert "evil" not in answer.location, there
        assert "script" not in answer.location, there
