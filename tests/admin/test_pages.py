"""The pages of people, grants, walls and closed records: accessible, no wider than a phone, and usable in a browser."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from intake.access.models import BreakGlass, Grant, Notice, User, Wall
from intake.incidents.models import Incident
from tests.access.reaching import Acting
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.factories import an_incident
from tests.world import World

PAGES = [
    ("people", "/people-and-roles", "admin"),
    ("new", "/people-and-roles/new", "admin"),
    ("person", "/people-and-roles/{person}", "admin"),
    ("grants", "/grants", "attorney"),
    ("closed", "/closed-records", "attorney"),
    ("asked", "/closed-records", "second_intake"),
    ("record", "/incidents/{incident}", "second_intake"),
    ("tier", "/incidents/{incident}", "attorney"),
    ("today", "/", "attorney"),
]


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    return {}


@pytest.fixture
def at(acting: Acting, owner: sa.Connection, world: World, told: dict[str, str]) -> dict[str, str]:
    """A record, a walled colleague with a waiting grant, broken glass in each of its states, notices."""
    if not told:
        with acting("intake"):
            incident: Incident = an_incident(title="Car wash, two workers taken")
            told["incident"], number = str(incident.id), incident.number
        add = lambda model, **values: owner.execute(sa.insert(model).values(**values).returning(model.id)).scalar_one()  # noqa: E731
        here = {"compartment_id": world.compartment}
        person = add(
            User,
            organisation_id=world.organisation,
            email="nadia.ruiz@example.org",
            display_name="Nadia Ruiz",
            password_hash="x",
        )
        told["person"] = str(person)
        soon = sa.text("now() + interval '9 days'")
        add(
            Grant,
            user_id=person,
            role="RO.PARALEGAL",
            tier=1,
            expires_at=soon,
            granted_by_id=world.users["admin"],
            **here,
        )
        add(
            Grant, user_id=person, role="RO.SUPATT", tier=2, expires_at=sa.text("now() + interval '90 days'"),
            awaits_confirmation=True, granted_by_id=world.users["admin"], **here,
        )  # fmt: skip
        add(Wall, user_id=person, incident_id=told["incident"], reason="Acted for the employer before", **here)
        asked = {
            "incident_id": told["incident"],
            "number": number,
            "reason": "The family calls: he was taken again",
            **here,
        }
        one, two = world.users["second_intake"], world.users["attorney"]
        ago = lambda hours: sa.text(f"now() - interval '{hours} hours'")  # noqa: E731
        add(BreakGlass, asked_by_id=world.users["paralegal"], **asked)
        hour = {"allowed_by_id": two, "allowed_at": ago(0), "ends_at": sa.text("now() + interval '60 minutes'")}
        add(BreakGlass, asked_by_id=one, **hour, **asked)
        past = {"allowed_by_id": two, "allowed_at": ago(80), "ends_at": ago(79), "created_at": ago(81)}
        add(BreakGlass, asked_by_id=one, **past, **asked)
        for who, code in (("attorney", "glass.asked"), ("attorney", "grant.waits"), ("admin", "glass.opened")):
            add(Notice, user_id=world.users[who], code=code, record_id="x")
    return told


def _shot(page: Page, name: str) -> None:
    # For looking at them: TESTIGO_PICTURES names a folder.
    if folder := os.environ.get("TESTIGO_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize(("name", "path", "who"), PAGES, ids=[page[0] for page in PAGES])
def test_each_page_is_accessible_and_no_wider_than_its_window(
    open_page: OpenPage, at: dict[str, str], name: str, path: str, who: str, size: tuple[int, int]
) -> None:
    page = open_page(path.format(**at), who, size)
    for fold in page.locator("main details.fold > summary").all():
        fold.click()
    _shot(page, f"{name}-{size[0]}")
    assert violations(page) == []
    assert overflow(page) <= 0


def test_in_a_browser_a_person_is_added_confirmed_and_walled(
    open_page: OpenPage, at: dict[str, str], owner: sa.Connection
) -> None:
    page = open_page("/people-and-roles/new", "admin")
    page.get_by_label("Name", exact=True).fill("Omar Vega")
    page.get_by_label("E-mail").fill("omar.vega@example.org")
    page.get_by_label("Role").select_option("RO.PARALEGAL")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Omar Vega")).to_be_visible()
    expect(page.get_by_text("waits for an attorney")).to_be_visible()
    attorney = open_page("/grants", "attorney")
    attorney.get_by_role("button", name="Confirm Omar Vega").click()
    expect(attorney.get_by_text("Confirmed. It holds from their next page.")).to_be_visible()
    page.reload()
    expect(page.get_by_text("waits for an attorney")).to_have_count(0)
    page.get_by_text("Put up a wall").click()
    page.get_by_label("Why").last.fill("A cousin of the declarant")
    page.get_by_role("button", name="Put up").click()
    expect(page.get_by_text("A cousin of the declarant")).to_be_visible()
    assert re.search(r"/people-and-roles/\d+(#walls)?$", page.url)


def test_the_role_form_says_beside_the_field_what_cannot_be(open_page: OpenPage, at: dict[str, str]) -> None:
    page = open_page(f"/people-and-roles/{at['person']}", "admin")
    page.get_by_text("Change the role, tier or date").click()
    page.get_by_label("Role").select_option("RO.INTAKE")
    page.get_by_label("Highest tier").select_option("3")
    page.get_by_role("button", name="Give").click()
    expect(page.get_by_role("alert")).to_contain_text("only attorneys read")
    assert violations(page) == []
