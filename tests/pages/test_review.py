"""The review of a declaration in a real browser: everything open on it, saving by itself, two editors."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from playwright.sync_api import expect

from intake import db
from intake.declarations import services
from tests.chromium import PHONE, WIDE, OpenPage, overflow, violations
from tests.declarations.conftest import Acting, a_declaration, an_item, load, paragraph, walk
from tests.pages.test_every_page import keep


def _at_read_back(acting: Acting) -> tuple[uuid.UUID, uuid.UUID]:
    """Return a declaration with a source, an open question and one paragraph read, and the source's id."""
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        declaration = walk(declaration_id, "DS.REVIEW", "DS.READBACK")
        item = an_item(declaration)
        item.version_id, item.sealed_at = "v1", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
        item.state, item.check_ok = "sealed", True
        source = services.tie_source(declaration.paragraphs[1], item.id, "0:08-0:31")
        services.comment(declaration, "Which arm?", declaration.paragraphs[2].id)
        services.confirm_paragraph(declaration.paragraphs[0])
        db.session.flush()
        return declaration_id, source.id


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_review_with_everything_open_breaks_no_rule_and_fits(
    open_page: OpenPage, acting: Acting, size: tuple[int, int], language: str
) -> None:
    declaration_id, source_id = _at_read_back(acting)
    page = open_page(f"/declarations/{declaration_id}?source={source_id}", who="attorney", size=size, language=language)
    for fold in page.locator("details.fold > summary").all():
        fold.click()
    expect(page.locator("#beside")).to_be_visible()
    expect(page.locator("#beside .pic")).to_be_hidden()
    keep(page, f"review-{language}", size)
    assert overflow(page) <= 0
    assert violations(page) == []


def test_a_paragraph_saves_itself_and_a_second_editor_is_shown_both_texts(open_page: OpenPage, acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    page = open_page(f"/declarations/{declaration_id}", who="intake")
    part = page.locator("#p2")
    part.locator("details.edit > summary").click()
    part.locator("textarea[name=text]").fill("I was in front of the store.")
    expect(page.locator("[data-saved]")).to_have_text(re.compile("^Saved"), timeout=15_000)
    with acting("intake"):
        assert paragraph(declaration_id, 2).text == "I was in front of the store."
    with acting("paralegal"):
        services.edit_paragraph(paragraph(declaration_id, 2), text="I was behind the store.", basis="KB.SAW")
    part.locator("textarea[name=text]").fill("I was near the store.")
    expect(part.locator(".theirs").first).to_contain_text("I was behind the store.", timeout=15_000)
    expect(part.locator("textarea[name=text]")).to_have_value("I was near the store.")
    with acting("intake"):
        assert paragraph(declaration_id, 2).text == "I was behind the store."


def test_the_keys_walk_through_paragraphs_and_open_the_one_for_editing(open_page: OpenPage, acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    page = open_page(f"/declarations/{declaration_id}", who="attorney")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#p2")).to_have_class(re.compile("cur"))
    page.keyboard.press("e")
    expect(page.locator("#p2 details.edit")).to_have_attribute("open", "")
    page.locator("#p2 textarea[name=text]").press("a")
    with acting("attorney"):
        assert load(declaration_id).state == "DS.DRAFT"


def test_a_read_back_is_gone_through_by_one_key(open_page: OpenPage, acting: Acting) -> None:
    declaration_id, _source = _at_read_back(acting)
    page = open_page(f"/declarations/{declaration_id}/read-back", who="intake")
    for number in (2, 3):
        page.keyboard.press("y")
        page.wait_for_url(re.compile(rf"n={number}"))
    keep(page, "read-back", WIDE)
    assert violations(page) == []
    page.keyboard.press("y")
    page.wait_for_url(re.compile(rf"/declarations/{declaration_id}$"))
    with acting("intake"):
        assert all(p.confirmed_at for p in load(declaration_id).paragraphs)
