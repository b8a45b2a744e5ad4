"""The viewer in a browser: covered first, worked by keys, notes at moments, words that follow."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from intake import db
from intake.access.actor import Actor
from intake.evidence.models import EvidenceItem
from intake.evidence.sealing import keep
from intake.media.derive import derive, proxy
from intake.viewing import services
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.copies.test_burning import _paper, _photo
from tests.factories import an_account
from tests.media.samples import recording
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
WORDS = (
    "WEBVTT\n\n00:00.000 --> 00:00.500\nNo nos dijeron quiénes eran\n\n00:00.500 --> 00:09.000\nPregunté por la orden\n"
)


def _look(page: Page, name: str) -> None:
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"viewer-{name}.png"), full_page=True)
    assert violations(page) == []
    assert overflow(page) <= 0


def _until(page: Page, truth: str) -> None:
    """Wait for an expression of the page; the policy forbids Playwright's own way of waiting for one."""
    for _ in range(100):
        if page.evaluate(truth):
            return
        page.wait_for_timeout(50)
    raise AssertionError(truth)


@pytest.fixture
def item_of(acting: Acting, world: World, app: Flask) -> Callable[[bytes, str], uuid.UUID]:
    """A file of the attorney's with all that is made of it."""

    def make(body: bytes, name: str) -> uuid.UUID:
        store, user = app.extensions["storage"], world.users["attorney"]
        with acting("attorney"):
            account = an_account()
            place = (account.incident_id, account.id)
        item = keep(*place, user, filename=name, media_type="", body=body, store=store, made_here=True)
        derive(item, user, store)
        proxy(item, user, store)
        return item

    return make


@pytest.mark.parametrize(("size", "language"), [(WIDE, "en"), (PHONE, "es")], ids=["wide_en", "phone_es"])
def test_a_picture_is_covered_then_gray_and_turned_without_touching_the_file(
    item_of: Callable[[bytes, str], uuid.UUID],
    acting: Acting,
    open_page: OpenPage,
    size: tuple[int, int],
    language: str,
) -> None:
    item = item_of(_photo(6), "IMG_1.jpg")
    with acting("attorney"):
        services.flag(db.session.get_one(EvidenceItem, item), ["injury"])
        before = db.session.get_one(EvidenceItem, item).sha256
    page = open_page(f"/evidence/{item}/look", "attorney", size, language)
    image = page.locator("[data-stage] img")
    expect(image).not_to_have_attribute("src", "x")
    assert image.get_attribute("src") is None  # nothing is fetched before somebody opens it
    _look(page, f"covered-{size[0]}-{language}")
    page.locator('[data-do="open"]').first.focus()
    page.keyboard.press("Enter")
    expect(image).to_have_js_property("complete", value=True)
    assert "grayscale" in str(image.evaluate("e => getComputedStyle(e).filter"))
    page.keyboard.press("]")
    page.keyboard.press("+")
    assert "rotate(90deg) scale(1.25)" in str(image.evaluate("e => e.style.transform"))
    page.keyboard.press("0")
    assert "rotate(0deg) scale(1)" in str(image.evaluate("e => e.style.transform"))
    _look(page, f"picture-{size[0]}-{language}")
    page.locator('[data-do="cover"]').click()
    expect(page.locator("[data-cover]")).to_be_visible()
    with acting("attorney"):
        assert db.session.get_one(EvidenceItem, item).sha256 == before


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_film_steps_by_frames_its_words_follow_and_a_note_stands_at_its_moment(
    item_of: Callable[[bytes, str], uuid.UUID], acting: Acting, open_page: OpenPage, size: tuple[int, int]
) -> None:
    item = item_of(recording("mov"), "clip.mov")
    with acting("attorney"):
        services.keep_transcript(db.session.get_one(EvidenceItem, item), WORDS, "es", translation=False)
        english = "WEBVTT\n\n00:00.500 --> 00:09.000\nI asked for the order"
        services.keep_transcript(db.session.get_one(EvidenceItem, item), english, "en", translation=True)
    page = open_page(f"/evidence/{item}/look", "attorney", size)
    player = page.locator("video")
    assert player.get_attribute("src") is None
    page.get_by_role("button", name="Show in gray, no sound").click()
    _until(page, "document.querySelector('video').readyState >= 1")
    assert player.evaluate("v => v.muted")
    page.locator("[data-stage]").focus()
    page.keyboard.press(".")
    _until(page, "document.querySelector('video').currentTime > 0")
    stepped = float(player.evaluate("v => v.currentTime"))
    page.keyboard.press(",")
    _until(page, f"document.querySelector('video').currentTime < {stepped}")
    page.locator('[data-seek="500"]').first.click()
    expect(page.locator(".cues li[data-now] span").first).to_have_text("Pregunté por la orden")
    page.get_by_role("button", name="This moment").click()
    expect(page.get_by_label("From").last).to_have_value("0:00.5")
    page.get_by_label("Note", exact=True).last.fill("Here the door opens")
    _look(page, f"film-{size[0]}")
    page.get_by_role("button", name="Write the note").click()
    expect(page.locator(".moments li").first).to_contain_text("Here the door opens")
    expect(page.locator(".moments [data-seek]").first).to_have_text("0:00.5")


def test_a_paper_shows_its_pages_with_their_text_and_a_note_cites_a_page(
    item_of: Callable[[bytes, str], uuid.UUID], open_page: OpenPage
) -> None:
    item = item_of(_paper(pages=2), "letter.pdf")
    page = open_page(f"/evidence/{item}/look", "attorney", WIDE, "es")
    page.locator('[data-do="open"]').first.click()
    expect(page.locator("figure img")).to_have_count(2)
    page.locator("figure summary").first.click()
    expect(page.locator("figure .words-of").first).to_contain_text("Westlake")
    page.locator('[data-note-form] [name="page"]').fill("2")
    page.locator('[data-note-form] [name="text"]').fill("la firma")
    _look(page, "paper-es")
    page.locator("[data-note-form] button.btn").last.click()
    expect(page.locator(".moments a").first).to_have_text("p. 2")


def test_what_hurts_is_skipped_without_a_reason(
    item_of: Callable[[bytes, str], uuid.UUID], open_page: OpenPage
) -> None:
    page = open_page(f"/evidence/{item_of(_photo(1), 'a.jpg')}/look", "attorney", WIDE)
    page.get_by_role("link", name="Not today").click()
    expect(page).to_have_url(re.compile(r"/incidents/[0-9a-f-]{36}$"))
