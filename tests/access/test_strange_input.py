"""Input of any shape, at every address: refused in words (4xx), never an error of ours."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict

from intake.access.policy import Permission, Role, permitted
from intake.settings import Settings
from intake.web import OPEN_ENDPOINTS
from tests.access.asking import FORMS, JSON, asks_of, send, unsafe
from tests.access.matrix import undone
from tests.access.planted import Ids, plant
from tests.browser import Browser
from tests.world import World

# Somebody of each kind of work, asked in this order for whoever may.
# Names that url_for() takes for itself: no address of the browser may reach it under these.
_OF_FLASK = ("_external", "_scheme", "_anchor", "_method", "endpoint", "values", "self")
ROLES = {
    "attorney": Role.SUPERVISING_ATTORNEY,
    "intake": Role.INTAKE,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMINISTRATOR,
    "analyst": Role.ANALYST,
}


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


_SHAPES: list[Any] = [
    None, True, 0, -1, 10**30, 1.5, "", "x" * 100_000, [], [[]], {}, {"a": {"b": [None] * 50}}, [{}] * 100,
    "\u202e\u0000", "2e400", {"$ne": 1},
]  # fmt: skip


def test_json_of_any_shape_is_refused_in_words_and_never_breaks(app: Flask, ids: Ids, as_attorney: Browser) -> None:
    broken = []
    for what in (each for each in unsafe(app) if each.endpoint in JSON):
        address = what.address.format(**ids)
        valid = JSON[what.endpoint]
        bodies = [*_SHAPES, *({**valid, name: shape} for name in valid for shape in _SHAPES)]
        for body in bodies:
            with undone():
                answer = as_attorney.send(address, body, method=what.method)
            if answer.status_code >= 500:
                broken.append((what.endpoint, str(body)[:80], answer.status_code))
    assert broken == []


@pytest.mark.parametrize(
    "body", [b"{", b"\xff\xfe", b"[" * 5000, b'{"a":' * 2000], ids=["cut", "bytes", "deep", "deeper"]
)
def test_what_is_no_json_at_all_never_breaks(app: Flask, ids: Ids, as_attorney: Browser, body: bytes) -> None:
    for what in (each for each in unsafe(app) if each.endpoint in JSON):
        with undone():
            headers = {"X-CSRFToken": as_attorney.token}
            answer = send(as_attorney, what, ids, data=body, content_type="application/json", headers=headers)
        assert answer.status_code < 500, what


_TEXTS = ["", "x" * 60_000, "\u202ea\u0000b", "9" * 40, "[]", "\ud83d"]


@pytest.mark.parametrize("who", ["intake", "attorney", "admin", "analyst"])
def test_forms_of_any_shape_are_refused_in_words_and_never_break(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser, broken = browser_of(who), []
    kept = dict(browser.client._cookies or {})
    for what in (each for each in unsafe(app) if each.endpoint in FORMS and each.endpoint not in OPEN_ENDPOINTS):
        view: Any = app.view_functions[what.endpoint]
        if not permitted(frozenset({ROLES[who]}), view.permission):
            continue  # refused before the form is read: the matrix shows it
        names = [*FORMS[what.endpoint], "version", "once_key", "next", "account"]
        for number, text in enumerate(_TEXTS):
            value = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
            fields = MultiDict([("csrf_token", browser.token)])
            for name in names:
                fields.add(name, value)
                if number % 2:
                    fields.add(name, value)
            with undone():
                answer = send(browser, what, ids, data=fields)
            browser.client._cookies = dict(kept)
            if answer.status_code >= 500:
                broken.append((what.endpoint, text[:20], answer.status_code))
    assert broken == []


@pytest.mark.parametrize("value", ["%00", "%ff%fe", "-1", "9" * 40, "%5B%5D" + "x" * 3000], ids=lambda value: value[:9])
def test_arguments_of_any_shape_never_break_a_page(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], value: str
) -> None:
    names = "before after kind record_id view sort agency claim place state month from to skip figures search account"
    query = "&".join(
        f"{name}={value}" for name in (*names.split(), "rows", "columns", "page", "next", "lang", "number", *_OF_FLASK)
    )
    browsers = {who: browser_of(who) for who in ROLES}
    for what in (each for each in asks_of(app) if each.method == "GET"):
        view: Any = app.view_functions[what.endpoint]
        for who, browser in browsers.items():
            if permitted(frozenset({ROLES[who]}), getattr(view, "permission", Permission.SELF)):
                address = what.address.format(**ids)
                with undone():
                    answer = browser.client.get(f"{address}{'&' if '?' in address else '?'}{query}")
                assert answer.status_code < 500, (what, value)
                break


def test_an_identifier_of_any_shape_is_not_there(app: Flask, as_attorney: Browser) -> None:
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and "<uuid:" in rule.rule and rule.endpoint not in OPEN_ENDPOINTS:
            for strange in ("1", "x" * 500, "%00", "..%2f..%2fetc%2fpasswd", str(uuid.UUID(int=0)), "'"):
                address = re.sub(r"<[^>]+>", strange, rule.rule)
                assert as_attorney.client.get(address).status_code in {404, 403, 308, 400}, address
