"""The frame of every page: reachable, readable, at every width, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from intake.access import sessions
from tests.chromium import NARROWEST, PHONE, WIDE, OpenPage, overflow, violations

ROOT = Path(__file__).resolve().parent.parent.parent
LANGUAGES = ["en-US", "es-MX"]


@pytest.mark.parametrize("size", [WIDE, (800, 900), PHONE, NARROWEST], ids=["wide", "tablet", "phone", "narrowest"])
@pytest.mark.parametrize("path", ["/account", "/not-there"])
def test_no_page_scrolls_sideways_or_breaks_an_accessibility_rule(
    open_page: OpenPage, path: str, size: tuple[int, int]
) -> None:
    page = open_page(path, who="attorney", size=size)
    assert overflow(page) <= 0
    assert violations(page) == []


def test_a_refused_sign_in_says_so_on_top_and_takes_the_focus(open_page: OpenPage) -> None:
    page = open_page("/sign-in")
    page.fill("[name=email]", "nobody@example.org")
    page.fill("[name=password]", "wrong")
    page.click("main button:not([type=button])")
    expect(page.locator(".errs")).to_be_focused()
    expect(page).to_have_title(re.compile("^Error: "))
    assert violations(page) == []


def test_the_password_can_be_shown_only_where_scripts_run(open_page: OpenPage) -> None:
    page = open_page("/sign-in")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("[name=password]")).to_have_attribute("type", "text")
    plain = open_page("/sign-in", java_script_enabled=False)
    expect(plain.get_by_role("button", name="Show")).to_have_count(0)


def test_the_language_of_the_screens_changes_in_place(open_page: OpenPage) -> None:
    page = open_page("/account", who="intake")
    page.get_by_role("button", name="Español").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    assert page.url.endswith("/account?") or page.url.endswith("/account")


def test_the_question_mark_lists_the_keys_and_typing_never_does(open_page: OpenPage) -> None:
    page = open_page("/account", who="attorney")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#key-help")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.locator("#key-help")).to_be_hidden()


def test_a_reader_can_skip_to_the_content_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/account", who="attorney")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_the_page_warns_two_minutes_before_the_session_ends_and_hides_itself_after(
    open_page: OpenPage, owner: sa.Connection
) -> None:
    page = open_page("about:blank", who="attorney")
    page.clock.install()
    page.goto("/account")
    page.clock.fast_forward(int(sessions.IDLE.total_seconds() - 100) * 1000)
    dialog = page.locator("#session")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_focused()
    dialog.get_by_role("button", name="Stay signed in").click()
    expect(dialog).to_be_hidden()
    owner.execute(sa.text("update user_session set seen_at = now() - interval '31 minutes'"))
    page.clock.fast_forward(int(sessions.IDLE.total_seconds() + 1) * 1000)
    expect(dialog.get_by_text("You are signed out")).to_be_visible()


def test_the_warning_counts_the_same_idle_time_as_the_server() -> None:
    said = re.search(r'data-idle="(\d+)"', (ROOT / "templates/_dialogs.html").read_text())
    assert said
    assert int(said[1]) == sessions.IDLE.total_seconds()


def test_styles_use_logical_sides_and_stay_short() -> None:
    for sheet in (ROOT / "intake/static/css").glob("*.css"):
        text = sheet.read_text()
        assert len(text.splitlines()) <= 300, sheet.name
        assert not re.search(r"(?<![-\w])(?:left|right|(?:margin|padding|border)-(?:left|right))\s*:", text), sheet.name


def test_every_linked_sheet_exists_and_none_is_forgotten() -> None:
    layout = (ROOT / "templates/layout.html").read_text()
    listed = re.findall(r'"([\w-]+)"', layout.partition("{% set sheets = ")[2].partition("%}")[0])
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "intake/static/css").glob("*.css"))


def test_no_template_has_inline_style_or_script() -> None:
    for template in (ROOT / "templates").rglob("*.html"):
        text = template.read_text()
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", text), template.name
