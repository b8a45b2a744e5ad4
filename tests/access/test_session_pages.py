"""Sessions as a browser lives them: the warning, another tab, signing in again with a half-written form, Back."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from intake import db
from intake.access import sessions
from intake.access.models import User
from intake.app import create_app
from intake.settings import Settings
from tests.access.steps import code_of, forget_tries, give_app
from tests.chromium import PHONE, OpenPage, overflow, session_cookie, violations
from tests.world import PASSWORD, World

IDLE, LONGEST = (int(each.total_seconds()) for each in (sessions.IDLE, sessions.ABSOLUTE))


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    forget_tries(owner)
    yield
    owner.execute(sa.text("update authenticator set removed_at = now() where removed_at is null"))
    owner.execute(sa.text("update app_user set language = 'en'"))


Writing = Callable[..., Page]


@pytest.fixture
def writing(app: Flask, address: str, open_page: OpenPage, world: World) -> Writing:
    """`writing("intake")`: that user's page of an account form, with a session of its own and a clock to move."""

    def open_(who: str, *, clock: bool = True) -> Page:
        page = open_page("about:blank")
        page.context.add_cookies(session_cookie(app, world.emails[who], "en", address))
        if clock:
            page.clock.install()
        page.goto("/account")
        return page

    return open_


def end(owner: sa.Connection) -> None:
    """Let every session run out."""
    owner.execute(sa.text("update user_session set seen_at = now() - interval '31 minutes' where ended_at is null"))


def sign_in_again(page: Page, email: str, secret: str) -> None:
    """Sign in with password and app on another page of the same browser, and close it."""
    other = page.context.new_page()
    other.goto(f"{page.url.partition('/account')[0]}/sign-in")
    other.fill("[name=email]", email)
    other.fill("[name=password]", PASSWORD)
    other.get_by_role("button", name="Sign in", exact=True).click()
    other.fill("[name=code]", code_of(secret))
    other.get_by_role("button", name="Continue").click()
    other.wait_for_url(lambda url: "/sign-in" not in url)
    other.close()


def test_after_signing_in_on_another_page_the_same_form_is_sent_and_nothing_typed_is_lost(
    writing: Writing, world: World, owner: sa.Connection
) -> None:
    secret = give_app(world.users["intake"])
    page = writing("intake", clock=False)
    page.check("main [name=language][value=es]", force=True)
    end(owner)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    dialog = page.locator("#session")
    expect(dialog.get_by_text("You are signed out")).to_be_visible()
    assert violations(page) == []
    sign_in_again(page, world.emails["intake"], secret)
    dialog.get_by_role("button", name="I am signed in again").locator("visible=true").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("main [name=language][value=es]")).to_be_checked()
    page.locator("main form button").click()
    expect(page.locator("html")).to_have_attribute("lang", "es")
    with db.transaction():
        assert db.session.get_one(User, world.users["intake"]).language == "es"


def test_a_form_is_not_sent_under_the_name_of_another_who_signed_in_meanwhile(
    writing: Writing, world: World, owner: sa.Connection
) -> None:
    secret = give_app(world.users["second_intake"])
    page = writing("intake", clock=False)
    end(owner)
    sign_in_again(page, world.emails["second_intake"], secret)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    dialog = page.locator("#session")
    expect(dialog.get_by_text("Somebody else is signed in now")).to_be_visible()
    expect(dialog.get_by_text("This page belongs to Intake")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()


def test_the_warning_says_how_long_is_left_and_staying_keeps_what_was_typed(writing: Writing) -> None:
    page = writing("intake")
    page.check("main [name=language][value=es]", force=True)
    page.clock.fast_forward((IDLE - 110) * 1000)
    dialog = page.locator("#session")
    expect(dialog.get_by_role("heading", name="Do you want to stay signed in?")).to_be_visible()
    expect(dialog.locator("[data-clock]")).to_have_text("1:50")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("main [name=language][value=es]")).to_be_checked()


def test_typing_is_activity_and_no_warning_comes(writing: Writing, owner: sa.Connection) -> None:
    page = writing("intake")
    owner.execute(sa.text("update user_session set seen_at = now() - interval '20 minutes' where ended_at is null"))
    page.clock.fast_forward((IDLE - 600) * 1000)
    with page.expect_response("**/sign-in/here") as told:
        page.check("main [name=language][value=es]", force=True)
    assert told.value.status == 204
    page.clock.fast_forward(600 * 1000)
    expect(page.locator("#session")).to_be_hidden()
    newest = "select extract(epoch from now() - max(seen_at)) from user_session where ended_at is null"
    assert owner.execute(sa.text(newest)).scalar_one() < 600


def test_the_end_of_twelve_hours_is_warned_of_though_it_cannot_be_put_off(
    app: Flask, address: str, open_page: OpenPage, world: World, owner: sa.Connection
) -> None:
    page = open_page("about:blank")
    page.context.add_cookies(session_cookie(app, world.emails["intake"], "en", address))
    late = f"update user_session set started_at = now() - interval '{LONGEST - 90} seconds' where ended_at is null"
    owner.execute(sa.text(late))
    page.goto("/account")
    dialog = page.locator("#session")
    expect(dialog.get_by_text("a sign-in lasts 12 hours")).to_be_visible()
    expect(dialog.get_by_role("button", name="Stay signed in")).to_be_hidden()
    owner.execute(sa.text("update user_session set ended_at = now()"))


def test_signing_out_in_one_tab_covers_the_others(writing: Writing) -> None:
    page = writing("auditor", clock=False)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("details.account summary").click()
    other.locator("details.account").get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/sign-in")
    expect(page.locator("#session").get_by_text("You are signed out")).to_be_visible()


def test_after_signing_out_back_shows_nothing(writing: Writing) -> None:
    page = writing("auditor", clock=False)
    page.locator("details.account summary").click()
    page.locator("details.account").get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.go_back()
    page.wait_for_load_state()
    expect(page.locator("[name=email]")).to_be_visible()
    expect(page.get_by_text("auditor@example.org")).to_have_count(0)


@pytest.fixture
def guarded(settings: Settings, world: World) -> Iterator[tuple[Flask, str]]:
    """The program with secure cookies, on http://localhost, which browsers trust like https."""
    listener = socket.create_server(("127.0.0.1", 0))
    app = create_app(settings.with_(secure_cookies=True, port=listener.getsockname()[1]))
    server = make_server("127.0.0.1", listener.getsockname()[1], app, threaded=True, fd=listener.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield app, f"http://localhost:{listener.getsockname()[1]}"
    server.shutdown()
    thread.join()
    listener.close()


def test_secure_cookies_work_on_localhost_without_https(
    chromium: Browser, guarded: tuple[Flask, str], world: World
) -> None:
    secret = give_app(world.users["paralegal"])
    context = chromium.new_context(base_url=guarded[1])
    page = context.new_page()
    page.goto("/sign-in?next=/account")
    page.fill("[name=email]", world.emails["paralegal"])
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.fill("[name=code]", code_of(secret))
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/account")
    cookie = context.cookies()[0]
    assert cookie["name"] == "__Host-testigo"
    assert cookie["secure"]
    assert cookie["httpOnly"]
    context.close()


PAGES = ["/account/sign-in", "/account/passkeys/new", "/account/authenticator", "/account/password", "/sign-in/again"]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("path", PAGES)
def test_the_pages_of_the_own_sign_in_are_accessible_and_fit_a_phone(
    open_page: OpenPage, world: World, path: str, language: str
) -> None:
    give_app(world.users["intake"])
    page = open_page(path, who="intake", size=PHONE, language=language)
    assert page.locator("h1").count() == 1
    assert overflow(page) <= 0
    assert violations(page) == []


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_page_of_the_second_step_is_accessible_also_when_refusing(
    open_page: OpenPage, world: World, owner: sa.Connection, language: str
) -> None:
    give_app(world.users["intake"])
    owner.execute(sa.text("insert into demonstration_user values (:id)"), {"id": world.users["intake"]})
    page = open_page("/sign-in", size=PHONE)
    page.click(f"button[name=language][value={language}]")
    page.wait_for_selector(f"html[lang={language}]")
    page.fill("[name=email]", world.emails["intake"])
    page.fill("[name=password]", PASSWORD)
    page.click("main form button:not([type=button])")
    expect(page.locator("[name=code]")).to_be_visible()
    assert violations(page) == []
    page.fill("[name=code]", "000000")
    page.click("main form button >> nth=0")
    expect(page.locator(".errs")).to_be_focused()
    assert violations(page) == []
    assert overflow(page) <= 0
    owner.execute(sa.text("delete from demonstration_user"))
