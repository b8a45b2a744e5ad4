"""Every address, asked by everybody who may not: refused, the same as for what does not exist, and silent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from intake.settings import Settings
from tests.access.planted import CANARY, Ids, plant
from tests.browser import Browser
from tests.world import World

STRANGERS = ("stranger", "other_attorney", "cocounsel", "analyst", "auditor", "admin", "second_intake")
REFUSED = {403, 404, 405}
# Which record fills an address's argument; `id` is an item of evidence and nothing else.
ARGUMENTS = {
    "incident_id": "incident",
    "person_id": "person",
    "tag_id": "tag",
    "share_id": "share",
    "id": "item",
    "declaration_id": "declaration",
    "comment_id": "comment",
    "paragraph_id": "paragraph",
    "source_id": "source",
    "search_id": "search",
    "export_id": "export",
    "user_id": "user",
}
STEPS = ("consent", "person", "story", "when-where", "who", "injuries", "files", "check")
# Addresses without an argument of their own that name a record behind the question mark.
QUERIES = {"declarations.new": ("account",), "exports.new": ("search",)}
_FILE = {"name": "a.jpg", "size": 9, "type": "image/jpeg", "last_modified": 0, "once_key": str(uuid.uuid4())}
_PART = {"action": "part", "part_number": 1, "size": 9, "sha256": "A" * 43 + "="}
JSON: dict[str, dict[str, Any]] = {
    "evidence.start": _FILE,
    "evidence.sign": _PART,
    "evidence.complete": {},
    "evidence.abort": {},
    "incidents.places": {"typed": "Main"},
}
# A valid form for every address that takes one, so that nothing but access can be the reason of a refusal.
# {words in braces} are filled with the identifiers.
FORMS: dict[str, dict[str, str]] = {
    "people.unseal": {"reason": "call back"},
    "people.withdraw": {"scope": "CN.COCOUNSEL", "incident": "{incident}"},
    "incidents.start": {"mode": "field", "language": "en", "interpreter": "no"},
    "incidents.add_account": {"language": "en"},
    "incidents.suggest_claim": {"code": "CL.4A.ARREST", "reason": "x"},
    "incidents.decide_claim": {"decision": "confirm"},
    "incidents.write_note": {"text": "x", "language": "en"},
    "incidents.share": {"organisation": "{third}"},
    "incidents.end_share": {},
    "incidents.step": {},
    "evidence.describe": {"made_by": "not_asked", "may_be_shown": "not_asked", "description": "x"},
    "evidence.check": {},
    "declarations.new": {"in_support_of": "x"},
    "declarations.move": {"to": "DS.REVIEW"},
    "declarations.details": {"name_style": "pseudonym", "oath_form": "OA.UNIVERSAL"},
    "declarations.certificate": {"interpreter": "x"},
    "declarations.add_comment": {"text": "x", "paragraph": "{paragraph}"},
    "declarations.resolve": {},
    "declarations.confirm": {},
    "declarations.edit_paragraph": {"text": "x", "basis": "KB.DID"},
    "declarations.add_first": {},
    "declarations.shape": {"act": "remove"},
    "declarations.tie": {"item": "{item}", "locator": "0:01"},
    "declarations.untie": {},
    "search.index": {"words": "zebra"},
    "exports.new": {"format": "csv", "profile": "records"},
    "exports.approve": {},
    "admin.role": {"role": "RO.AUDITOR"},
    "admin.active": {"active": "no"},
    "access.switch_language": {"language": "en"},
    "access.account": {"language": "en"},
    "access.sign_in": {"email": "nobody@example.org", "password": "x"},
    "access.sign_out": {},
}


@dataclass(frozen=True)
class Ask:
    """One request: method, endpoint, address and form with the identifiers still in braces."""

    method: str
    endpoint: str
    address: str

    @property
    def names_a_record(self) -> bool:
        return "{" in self.address


def asks_of(app: Flask) -> list[Ask]:
    """Return every request that the program takes. Fails with the name of an address that cannot be filled."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or {"GET"}) - {"HEAD", "OPTIONS"}):
                known = method == "GET" or rule.endpoint in FORMS or rule.endpoint in JSON
                assert known, f"this walk has no form for {method} {rule.rule} ({rule.endpoint}): add one to FORMS"
                found += [Ask(method, rule.endpoint, address) for address in _addresses(rule)]
    return found


def _addresses(rule: Rule) -> Iterator[str]:
    def fill(found: re.Match[str]) -> str:
        name = found[1]
        good = name in ARGUMENTS and (name != "id" or rule.endpoint.startswith("evidence."))
        assert good, f"this walk cannot fill <{name}> of {rule.rule} ({rule.endpoint}): add it to ARGUMENTS"
        return "{" + ARGUMENTS[name] + "}"

    if rule.endpoint == "incidents.step":
        yield from (f"/incidents/{{incident}}/intake/{step}" for step in STEPS)
        yield "/incidents/{incident}/intake/story?account={account}"
    elif rule.endpoint in QUERIES:
        yield from (f"{rule.rule}?{name}={{{name}}}" for name in QUERIES[rule.endpoint])
    else:
        yield re.sub(r"<(?:[^:<>]*:)?(\w+)>", fill, rule.rule)


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


def unknown(ids: Ids) -> Ids:
    """Identifiers of the same shape that nobody has."""
    return {name: uuid.uuid4() if isinstance(each, uuid.UUID) else 900 + each for name, each in ids.items()}


def ask(browser: Browser, what: Ask, ids: Ids) -> TestResponse:
    """Send the request as a page would."""
    address = what.address.format(**ids)
    if what.method == "GET":
        return browser.client.get(address)
    if what.method == "DELETE":
        return browser.client.delete(address, headers={"X-CSRFToken": browser.token})
    if what.endpoint in JSON:
        return browser.send(address, JSON[what.endpoint])
    return browser.post(address, {name: text.format(**ids) for name, text in FORMS[what.endpoint].items()})


def shape(answer: TestResponse, what: Ask, ids: Ids) -> tuple[int, int]:
    """Return status and length, without the address that a page repeats: numbers have more or fewer digits."""
    return answer.status_code, len(answer.get_data(as_text=True).replace(what.address.format(**ids), ""))


def assert_silent(answer: TestResponse, what: Ask) -> None:
    """Assert that neither the body nor any header holds the planted word."""
    assert CANARY not in answer.get_data(as_text=True).lower(), what
    assert CANARY not in str(answer.headers).lower(), what


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
