"""The pages of custody, wide and on a phone: no accessibility rule broken, nothing wider than the window."""

from __future__ import annotations

import datetime as dt
import os
import uuid
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from intake import db
from intake import storage as stores
from intake.evidence import holds, origins
from intake.evidence.models import EvidenceItem
from intake.incidents.models import Incident
from intake.storage import Storage
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.evidence.conftest import Acting
from tests.evidence.kept import sealed
from tests.world import World

PAGES = {
    "item": "/evidence/{item}",
    "report": "/evidence/{item}/custody",
    "certificate": "/evidence/certificate?incident={incident}",
    "hold": "/incidents/{incident}/hold",
    "holds": "/holds",
}


@pytest.fixture(scope="module")
def kept() -> dict[str, str]:
    """Identifiers of what the first test made."""
    return {}


@pytest.fixture
def seeded(kept: dict[str, str], app: Flask, world: World, acting: Acting) -> dict[str, str]:
    """Two sealed files of one record, one that was not read lately; an origin, a hold on the matter, an order."""
    if not kept:
        store: Storage = app.extensions["storage"]
        stores.use(store)
        bodies = (b"\xff\xd8\xff a photo", b"a text")
        first, second = sealed(
            world.users["intake"], store, *bodies, name="van at the hardware store, seen from the bus.jpg"
        )
        with acting("attorney"):
            item = db.session.get_one(EvidenceItem, first)
            origins.tell_origin(item, None, dt.date(2026, 6, 20), from_whom="OF.WITNESS", method="OM.CHAT")
            holds.ask_destruction(
                item, "C.D. Cal., 2:25-cv-00000, Dkt. 77", dt.date(2026, 11, 2), lock_mode="GOVERNANCE"
            )
            incident = db.session.get_one(Incident, item.incident_id)
            holds.place_hold(incident, "HC.LIT", "Letter of November 2")
            db.session.get_one(EvidenceItem, second).checked_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
            kept |= {"item": str(first), "other": str(second), "incident": str(incident.id)}
    return kept


@pytest.mark.parametrize("page", list(PAGES))
@pytest.mark.parametrize("shown", [(WIDE, "en"), (PHONE, "es")], ids=["wide-en", "phone-es"])
def test_a_page_of_custody_breaks_no_rule_and_fits(
    open_page: OpenPage, seeded: dict[str, str], page: str, shown: tuple[tuple[int, int], str]
) -> None:
    size, language = shown
    opened = open_page(PAGES[page].format(**seeded), who="attorney", size=size, language=language)
    assert overflow(opened) == 0
    assert violations(opened) == []
    expect(opened.locator("h1")).to_have_count(1)
    if folder := os.environ.get("TESTIGO_SHOTS"):
        for fold in opened.locator("details").all():
            fold.evaluate("each => { each.open = true }")
        opened.screenshot(path=str(Path(folder) / f"{page}-{size[0]}.png"), full_page=True)


def test_files_are_chosen_certified_and_the_red_one_is_named(
    open_page: OpenPage, seeded: dict[str, str], tmp_path: Path
) -> None:
    page = open_page(PAGES["certificate"].format(**seeded), who="attorney", size=PHONE, language="en")
    page.locator(f"input[value='{seeded['other']}']").check()
    page.get_by_role("button", name="Draft the certificate").click()
    expect(page.get_by_role("alert")).to_contain_text("a check of at least one file is red")
    expect(page.locator(f"input[value='{seeded['other']}']")).to_be_checked()
    page.locator(f"input[value='{seeded['other']}']").uncheck()
    page.locator(f"input[value='{seeded['item']}']").check()
    with page.expect_download() as given:
        page.get_by_role("button", name="Draft the certificate").click()
    assert given.value.suggested_filename.startswith("certificate-902-14-")
    given.value.save_as(tmp_path / "c.pdf")
    assert (tmp_path / "c.pdf").read_bytes().startswith(b"%PDF")
    assert uuid.UUID(seeded["item"])
