"""A file's page in a real browser, wide and on a telephone: what the scan said, how to see it, what is like it."""

from __future__ import annotations

import io
import os
import uuid
from pathlib import Path

import pytest
from PIL import ExifTags, Image
from playwright.sync_api import Page

from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.media import samples
from tests.media.conftest import Desk
from tests.media.signatures import EICAR
from tests.media.test_alike import changed

SPANISH = "Los agentes no mostraron ninguna orden\njudicial cuando entraron en el taller"


@pytest.fixture
def items(desk: Desk, tmp_path: Path) -> dict[str, uuid.UUID]:
    """One item of each kind and each answer of the scanner."""
    held = desk.keep(samples.demo_photo(2), "held.jpg")
    desk.with_signatures(tmp_path).scan(held)
    infected = desk.keep(EICAR + b" on a page", "infected.bin")
    desk.scan(infected)
    photo = desk.work(turned(6), "IMG_0001.jpg")
    desk.work(changed(turned(6)), "IMG-WA0001.jpg")
    paper = desk.work(samples.pdf("Notice of custody", "Second page"), "notice.pdf", all_of_it=True)
    video = desk.work(samples.recording("mov"), "IMG_0002.MOV", all_of_it=True)
    print_ = desk.work(samples.written(SPANISH), "sign.png", all_of_it=True)
    return {"held": held, "infected": infected, "photo": photo, "paper": paper, "video": video, "print": print_}


def turned(orientation: int) -> bytes:
    """Return a photo of a scene as a telephone stores one that was held upright."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Model] = "A telephone"
    out = io.BytesIO()
    Image.open(io.BytesIO(samples.demo_photo(9))).save(out, "JPEG", exif=exif)
    return out.getvalue()


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page where somebody wants to look at it."""
    if folder := os.environ.get("TESTIGO_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"media-{name}.png", full_page=True)


def wait_until(page: Page, true: str) -> None:
    """Wait for a script's answer by asking; the policy forbids scripts that wait by themselves."""
    for _ in range(100):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    raise AssertionError(true)


def test_the_page_of_every_kind_of_file_breaks_no_rule_and_fits(
    open_page: OpenPage, items: dict[str, uuid.UUID], desk: Desk
) -> None:
    for name, item in items.items():
        for size, language in ((WIDE, "en"), (PHONE, "es")):
            page = open_page(f"/evidence/{item}", who="attorney", size=size, language=language)
            for more in page.locator("main details").all():
                more.evaluate("each => each.open = true")
            page.wait_for_timeout(200)
            keep(page, f"{name}-{size[0]}")
            assert overflow(page) <= 0, name
            assert violations(page) == [], name
    page = open_page(f"/incidents/{desk.incident}", who="attorney", size=PHONE)
    keep(page, "list-390")
    shown = page.locator(".up .th img").first
    shown.scroll_into_view_if_needed()
    wait_until(page, "document.querySelector('.up .th img').naturalWidth > 0")
    assert overflow(page) <= 0


def test_a_video_plays_and_a_photo_shows_from_what_was_made(open_page: OpenPage, items: dict[str, uuid.UUID]) -> None:
    page = open_page(f"/evidence/{items['photo']}", who="attorney")
    page.get_by_text("Show in gray").first.click()
    wait_until(page, "document.querySelector('img.pic').naturalHeight > document.querySelector('img.pic').naturalWidth")
    page = open_page(f"/evidence/{items['video']}", who="attorney")
    page.get_by_text("Show in gray").first.click()
    page.evaluate("document.querySelector('video.pic').play()")
    wait_until(page, "document.querySelector('video.pic').currentTime > 0.2")
