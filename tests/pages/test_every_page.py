"""Every page, wide and on a phone: no accessibility rule broken, nothing wider than the window, in the reader's language."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from intake.access.actor import Actor
from intake.declarations.services import start_declaration
from intake.incidents import claims, services
from intake.incidents.services import Seen
from intake.incidents.uncertain import about
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations

STORY = (
    "Estábamos esperando trabajo cuando entró una camioneta gris. Se bajaron cuatro. Todos traían la cara cubierta. "
    "Yo pregunté dos veces si traían una orden. Uno dijo: aquí no necesitamos orden."
)
STEPS = ("consent", "person", "story", "when-where", "who", "injuries", "files", "check")
# Address, and who reads it. {incident}, {person}, {declaration}, {account} stand for the seeded record's.
PAGES = [
    ("/", "intake"),
    ("/incidents", "attorney"),
    ("/intakes/new", "intake"),
    ("/incidents/{incident}", "attorney"),
    *((f"/incidents/{{incident}}/intake/{step}", "intake") for step in STEPS),
    ("/people/{person}/name", "attorney"),
    ("/declarations", "attorney"),
    ("/declarations/{declaration}", "attorney"),
    ("/declarations/{declaration}/read-back", "intake"),
    ("/search", "attorney"),
    ("/search?view=map", "attorney"),
    ("/search?view=timeline", "attorney"),
    ("/exports", "attorney"),
    ("/exports/new", "attorney"),
    ("/people-and-roles", "admin"),
    ("/log", "auditor"),
    ("/counts", "analyst"),
]


@dataclass(frozen=True)
class Seeded:
    """Identifiers of one record with everything on it."""

    incident: str
    person: str
    account: str
    declaration: str


@pytest.fixture(scope="module")
def record() -> dict[str, Seeded]:
    """One record for the whole module, made by the first test that asks."""
    return {}


@pytest.fixture
def seeded(record: dict[str, Seeded], acting: Callable[[str], AbstractContextManager[Actor]]) -> Seeded:
    """A record with a story, a day, a place, agents, claims, a note, a second account and a declaration."""
    if not record:
        with acting("intake"):
            account = services.open_intake("hotline", "es")
            incident = account.incident
            services.name_incident(incident, "Four men in masks, hardware store parking lot")
            services.save_story(account, STORY, "es")
            services.save_when(account, about(dt.date(2025, 6, 12)))
            services.save_where(incident, "Westlake")
            services.observe(account, "agency", [Seen("AG.DHS.ICE")])
            claims.suggest_claim(incident, "CL.4A.STOP", "Four men boxed the car in and named no reason.")
            claims.write_note(incident, "Call back after five.", "en")
            services.save_story(services.add_account(incident, "en"), "I saw a grey van and three men.", "en")
            declaration = start_declaration(account)
            record["it"] = Seeded(str(incident.id), str(account.person_id), str(account.id), str(declaration.id))
    return record["it"]


# Spanish is about a third longer, so it goes on the narrow screen.
@pytest.mark.parametrize(("path", "who"), PAGES, ids=[path for path, _ in PAGES])
@pytest.mark.parametrize("shown", [(WIDE, "en"), (PHONE, "es")], ids=["wide-en", "phone-es"])
def test_a_page_breaks_no_rule_and_fits(
    open_page: OpenPage, seeded: Seeded, path: str, who: str, shown: tuple[tuple[int, int], str]
) -> None:
    size, language = shown
    page = open_page(path.format(**vars(seeded)), who=who, size=size, language=language)
    assert page.locator("h1").count() == 1
    keep(page, path, size)
    assert overflow(page) <= 0
    assert violations(page) == []


def test_a_filter_changes_the_list_in_place_and_keeps_the_focus(open_page: OpenPage, seeded: Seeded) -> None:
    assert seeded
    page = open_page("/search", who="attorney")
    page.evaluate("window.samePage = true")
    box = page.get_by_role("checkbox", name="ICE")
    box.check()
    expect(page.locator(".pill")).to_contain_text("ICE")
    expect(page).to_have_url(re.compile("agency=AG.DHS.ICE"))
    expect(box).to_be_focused()
    box.uncheck()
    expect(page.locator(".pill")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("agency="))
    assert page.evaluate("window.samePage")
    assert violations(page) == []


def test_a_filter_works_without_scripts(open_page: OpenPage, seeded: Seeded) -> None:
    assert seeded
    page = open_page("/search", who="attorney", java_script_enabled=False)
    page.get_by_role("checkbox", name="ICE").check()
    page.get_by_role("button", name="Apply").click()
    expect(page.locator(".pill")).to_contain_text("ICE")


def test_on_a_phone_the_filters_open_over_the_list_and_close_again(open_page: OpenPage, seeded: Seeded) -> None:
    assert seeded
    page = open_page("/search", who="attorney", size=PHONE)
    page.get_by_role("link", name="Filters").click()
    expect(page.get_by_role("checkbox", name="ICE")).to_be_visible()
    assert overflow(page) <= 0
    assert violations(page) == []
    page.get_by_role("link", name="Back to the results").click()
    expect(page.get_by_role("checkbox", name="ICE")).to_be_hidden()


def keep(page: object, path: str, size: tuple[int, int]) -> None:
    """Keep a picture in the folder that TESTIGO_PICTURES names, for whoever wants to look."""
    if folder := os.environ.get("TESTIGO_PICTURES"):
        name = path.strip("/").replace("/", "_").replace("{", "").replace("}", "").replace("?", "_") or "today"
        page.screenshot(path=Path(folder) / f"{name}-{size[0]}.png", full_page=True)  # type: ignore[attr-defined]
