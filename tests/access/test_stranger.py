"""Every address, asked by everybody who may not: refused, the same as for what does not exist, and silent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from intake.settings import Settings
from tests.access.asking import Ask, ask, asks_of, shape, unknown
from tests.access.planted import CANARY, STEM, Ids, plant
from tests.browser import Browser
from tests.world import World

STRANGERS = ("stranger", "other_attorney", "cocounsel", "analyst", "auditor", "admin", "second_intake")
REFUSED = {403, 404, 405}


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


def assert_silent(answer: TestResponse, what: Ask) -> None:
    """Assert that neither the body nor any header holds the planted word."""
    assert STEM not in answer.get_data(as_text=True).lower(), what
    assert STEM not in str(answer.headers).lower(), what


@pytest.mark.parametrize("who", STRANGERS)
def test_what_is_somebody_elses_is_refused_like_what_does_not_exist(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser, absent = browser_of(who), unknown(ids)
    wrong: list[tuple[Ask, object]] = []
    for what in (each for each in asks_of(app) if each.names_a_record):
        hidden, nothing = ask(browser, what, ids), ask(browser, what, absent)
        assert_silent(hidden, what)
        if hidden.status_code not in REFUSED:
            wrong.append((what, hidden.status_code))
        elif shape(hidden, what, ids) != shape(nothing, what, absent):
            wrong.append((what, (shape(hidden, what, ids), shape(nothing, what, absent))))
    assert not wrong, wrong


@pytest.mark.parametrize("who", ["admin", "attorney"])
def test_a_number_that_no_record_can_have_is_not_there(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser, huge = (
        browser_of(who),
        {name: 10**20 for name, each in ids.items() if isinstance(each, int)} | {"third": 1},
    )
    for what in asks_of(app):
        if what.names_a_record and set(re.findall(r"{(\w+)}", what.address)) <= set(huge):
            assert ask(browser, what, huge).status_code in REFUSED, what


@pytest.mark.parametrize("who", STRANGERS)
def test_pages_that_list_say_nothing_of_somebody_elses(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser = browser_of(who)
    hidden = [str(ids[name]) for name in ("incident", "declaration", "item", "person", "search", "export")]
    for what in (each for each in asks_of(app) if not each.names_a_record and each.endpoint != "access.sign_out"):
        answer = ask(browser, what, ids)
        assert answer.status_code < 500, (what, answer.status_code)
        assert_silent(answer, what)
        if what.endpoint != "admin.log":  # the log names records by identifier, never by content
            assert not [each for each in hidden if each in answer.get_data(as_text=True)], what


@pytest.mark.parametrize("who", ["stranger", "other_attorney", "cocounsel", "second_intake"])
def test_a_search_for_the_very_word_finds_nothing(ids: Ids, browser_of: Callable[[str], Browser], who: str) -> None:
    browser = browser_of(who)
    found = browser.post("/search", {"words": CANARY})
    assert found.status_code == 303
    assert CANARY not in found.location
    assert str(ids["incident"]) not in browser.get(found.location).get_data(as_text=True)


def test_who_is_not_signed_in_is_sent_to_sign_in(app: Flask, client: Browser, ids: Ids) -> None:
    client.get("/sign-in")
    for what in asks_of(app):
        answer = ask(client, what, ids)
        assert_silent(answer, what)
        if what.names_a_record:
            there = answer.status_code == 302 and answer.location.startswith("/sign-in")
            assert there or answer.status_code == 401, (what, answer.status_code)


@pytest.mark.parametrize("who", ["attorney", "intake"])
def test_whose_it_is_gets_it(ids: Ids, browser_of: Callable[[str], Browser], who: str) -> None:
    browser = browser_of(who)
    for page in ("/incidents/{incident}", "/declarations/{declaration}", "/evidence/{item}"):
        assert CANARY in browser.get(page.format(**ids)).get_data(as_text=True)


def test_every_address_is_walked_and_a_new_one_is_named(app: Flask) -> None:
    assert {each.endpoint for each in asks_of(app)} == set(app.view_functions) - {"static"}
    for rule, named in (
        (Rule("/things/<uuid:thing_id>", endpoint="things.show"), "things.show"),
        (Rule("/things", endpoint="things.make", methods=["POST"]), "things.make"),
        (Rule("/things/<uuid:id>", endpoint="things.open"), "things.open"),
    ):
        strange = Flask("strange")
        strange.url_map.add(rule)
        with pytest.raises(AssertionError, match=named):
            asks_of(strange)
