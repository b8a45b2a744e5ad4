"""A form takes what its page shows: every form of every page is accepted as it stands, and nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.datastructures import MultiDict

from intake.settings import Settings
from intake.web import CaseForm
from tests.access.asking import asks_of
from tests.access.matrix import undone
from tests.access.planted import Ids, plant
from tests.browser import Browser
from tests.world import World


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


class Forms(HTMLParser):
    """Collects the forms that post: where to, and which names they send."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here, self.open = here, False
        self.found: list[tuple[str, MultiDict[str, str]]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag == "form":
            self.open = (told.get("method") or "get").lower() == "post"
            if self.open:
                self.found.append((told.get("action") or self.here, MultiDict()))
        elif self.open and tag in {"input", "select", "textarea", "button"} and told.get("name"):
            self.found[-1][1].add(told["name"] or "", told.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self.open = self.open and tag != "form"


@pytest.mark.parametrize("who", ["attorney", "intake", "paralegal", "admin", "analyst"])
def test_every_form_of_every_page_sends_only_what_its_address_takes(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser, whole = browser_of(who), CaseForm.unlisted
    strange: set[tuple[str, str]] = set()
    kept, sent = dict(browser.client._cookies or {}), 0

    def noted(form: CaseForm) -> set[str]:
        strange.update((type(form).__name__, name) for name in whole(form))
        return set()

    monkeypatch.setattr(CaseForm, "unlisted", noted)
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for what in (each for each in asks_of(app) if each.method == "GET"):
        address = what.address.format(**ids)
        with undone():
            page = browser.client.get(address)
        browser.client._cookies = dict(kept)
        if page.mimetype != "text/html":
            continue
        forms = Forms(address)
        forms.feed(page.get_data(as_text=True))
        for action, fields in forms.found:
            shape = (re.sub(r"[0-9a-f-]{36}", "", action), tuple(sorted(set(fields))))
            if shape not in seen:
                seen.add(shape)
                sent += 1
                fields.setlist("csrf_token", [browser.token])
                with undone():
                    browser.client.post(action, data=fields)
                browser.client._cookies = dict(kept)
    assert sent > 5
    assert strange == set()


def test_a_field_that_no_page_sends_is_refused_and_nothing_is_changed(
    app: Flask, ids: Ids, as_attorney: Browser, owner: sa.Connection
) -> None:
    row = sa.text("select to_jsonb(d)::text from declaration d where id = :id")
    before = owner.execute(row, {"id": ids["declaration"]}).scalar_one()
    details = {"name_style": "pseudonym", "oath_form": "OA.UNIVERSAL", "in_support_of": "changed"}
    for name in ("state", "reviewer_id", "opened_by_id", "__class__", "csrf_tokens"):
        answer = as_attorney.post(f"/declarations/{ids['declaration']}/details", {**details, name: "x"}, once=None)
        assert answer.status_code == 422, name
    assert owner.execute(row, {"id": ids["declaration"]}).scalar_one() == before
