"""The board of recordings and the page of copies in a browser: calm, readable, and worked with keys or a pointer."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from intake.access.actor import Actor
from intake.copies import making, services
from intake.evidence.sealing import keep
from intake.media.derive import derive
from intake.preservation import services as preservation
from intake.preservation.clock import ZONE
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.copies.test_burning import _paper, _photo
from tests.factories import an_account, an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def _look(page: Page, name: str) -> None:
    """Keep a picture where SHOTS names a folder, to be looked at."""
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
    assert violations(page) == []
    assert overflow(page) <= 0


def _board(acting: Acting) -> str:
    today = dt.datetime.now(ZONE).date()
    with acting("attorney"):
        for days, code, what in (
            (6, "PS.STORE", "Camera over the exit"),
            (2, "PS.BUS", "Bus 18, rear door"),
            (20, "PS.911", ""),
        ):
            day = today - dt.timedelta(days=days)
            incident = an_incident(
                earliest=day,
                latest=day + dt.timedelta(days=1),
                place="Westlake, Los Angeles",
                date_precision="DP.RANGE",
            )
            source = preservation.suspect(
                incident, code, what=what, holder="Example Hardware", quote="hay una sobre la puerta"
            )
        preservation.suspect(an_incident(), "PS.HOME")
        return str(source.id)


@pytest.mark.parametrize(
    ("size", "language"),
    [(WIDE, "en"), (PHONE, "es"), (PHONE, "en"), (WIDE, "es")],
    ids=["wide_en", "phone_es", "phone_en", "wide_es"],
)
def test_the_board_and_a_letter_are_readable(
    acting: Acting, open_page: OpenPage, size: tuple[int, int], language: str
) -> None:
    source = _board(acting)
    page = open_page("/recordings", "attorney", size, language)
    expect(page.locator(".b-die > li").first).to_be_visible()
    _look(page, f"board-{size[0]}-{language}")
    page.goto(f"/recordings/{source}")
    expect(page.locator(".b-letter")).to_be_visible()
    _look(page, f"recording-{size[0]}-{language}")


def _item(acting: Acting, world: World, app: Flask, body: bytes, name: str) -> str:
    store, user = app.extensions["storage"], world.users["attorney"]
    with acting("attorney"):
        account = an_account()
        place = (account.incident_id, account.id)
    item = keep(*place, user, filename=name, media_type="", body=body, store=store, made_here=True)
    derive(item, user, store)
    return str(item)


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_boxes_are_drawn_with_a_pointer_or_typed_and_a_copy_is_made(
    acting: Acting, world: World, app: Flask, open_page: OpenPage, size: tuple[int, int]
) -> None:
    item = _item(acting, world, app, _photo(6), "IMG_1.jpg")
    page = open_page(f"/evidence/{item}/copies", "attorney", size)
    sheet = page.locator("[data-sheet] svg")
    expect(page.locator("[data-sheet] img")).to_have_js_property("complete", value=True)
    area = sheet.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + area["width"] * 0.5, area["y"] + 2)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.98, area["y"] + area["height"] * 0.5, steps=4)
    page.mouse.up()
    expect(page.locator("[data-count]")).to_have_text("1")
    page.get_by_role("button", name="Add a box by numbers").click()
    row = page.locator("[data-boxes] li").nth(1)
    row.get_by_label("Left %").fill("5")
    row.get_by_label("Left %").press("Tab")
    _look(page, f"copies-{size[0]}")
    row.get_by_role("button", name="Take this box off").click()
    page.get_by_role("button", name="Make a redacted copy").click()
    expect(page.get_by_text("Being made", exact=True)).to_be_visible()
    with acting("attorney"):
        copy = services.copies_of(item)[0]  # type: ignore[arg-type]
        box, copy_id = copy.boxes[0], copy.id
    assert (round(box["x"], 1), round(box["y"], 1), round(box["w"], 1), round(box["h"], 1)) == (0.5, 0.0, 0.5, 0.5)
    assert making.make(copy_id, world.users["attorney"], app.extensions["storage"]) == "made"
    page.reload()
    expect(page.get_by_text("nothing survives")).to_be_visible()


def test_the_pages_of_a_paper_are_each_drawn_on(acting: Acting, world: World, app: Flask, open_page: OpenPage) -> None:
    item = _item(acting, world, app, _paper(pages=2), "letter.pdf")
    page = open_page(f"/evidence/{item}/copies", "attorney", WIDE, "es")
    expect(page.locator("[data-sheet]")).to_have_count(2)
    _look(page, "copies-paper-es")
