"""Sessions: how long they last, whose they are, how they end, and what the browser keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from intake.access import sessions
from intake.app import create_app
from intake.settings import Settings
from tests.access.steps import code_of, give_app, show_code, show_password, signed_in
from tests.browser import Browser
from tests.world import World


def age(owner: sa.Connection, **columns: str) -> None:
    """Move the rows' times into the past: age(owner, seen_at="31 minutes")."""
    for column, interval in columns.items():
        owner.execute(sa.text(f"update user_session set {column} = now() - interval '{interval}'"))


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    yield
    owner.execute(sa.text("update user_session set ended_at = now()"))


def test_a_session_ends_after_thirty_idle_minutes_and_not_before(as_intake: Browser, owner: sa.Connection) -> None:
    age(owner, seen_at="29 minutes")
    assert signed_in(as_intake)
    age(owner, seen_at="31 minutes")
    assert not signed_in(as_intake)


def test_a_session_ends_after_twelve_hours_however_busy(as_intake: Browser, owner: sa.Connection) -> None:
    age(owner, started_at="11 hours 59 minutes")
    assert signed_in(as_intake)
    age(owner, started_at="12 hours 1 minute")
    assert not signed_in(as_intake)


def test_showing_again_who_one_is_does_not_make_the_twelve_hours_longer(
    app: Flask, world: World, owner: sa.Connection
) -> None:
    secret = give_app(world.users["intake"])
    browser = Browser(app).sign_in(world.emails["intake"], sessions.TOTP)
    age(owner, started_at="11 hours 59 minutes", proved_at="1 hour")
    browser.get("/sign-in/again")
    assert browser.post("/sign-in/again", {"to": "/account", "kept": "[]", "code": code_of(secret)}).status_code == 302
    started = owner.execute(sa.text("select min(now() - started_at) from user_session")).scalar_one()
    assert started > sessions.ABSOLUTE - sessions.IDLE
    assert signed_in(browser)


def test_typing_counts_as_activity_and_looking_does_not(as_intake: Browser, owner: sa.Connection) -> None:
    idle = sa.text("select extract(epoch from now() - max(seen_at)) from user_session where ended_at is null")
    age(owner, seen_at="20 minutes")
    seen = as_intake.get("/sign-in/state").get_json()
    assert 590 <= seen["idle"] <= 600
    assert owner.execute(idle).scalar_one() >= 1200
    assert as_intake.send("/sign-in/here", None).status_code == 204
    assert owner.execute(idle).scalar_one() < 60
    assert as_intake.get("/sign-in/state").get_json()["idle"] > 1700


def test_the_state_says_nothing_of_a_session_that_is_over_or_half(
    app: Flask, client: Browser, world: World, owner: sa.Connection
) -> None:
    assert client.get("/sign-in/state").get_json()["idle"] == 0
    show_password(client, world.emails["intake"])
    assert client.get("/sign-in/state").get_json() | {"token": ""} == {"idle": 0, "longest": 0, "who": "", "token": ""}
    ended = Browser(app).sign_in(world.emails["intake"])
    age(owner, seen_at="31 minutes")
    assert ended.get("/sign-in/state").get_json()["who"] == ""


def test_pages_that_open_a_sealed_name_rest_after_ten_minutes(
    app: Flask, as_paralegal: Browser, owner: sa.Connection
) -> None:
    sealed = "/people/00000000-0000-0000-0000-000000000007/name"
    age(owner, seen_at="9 minutes", proved_at="4 minutes")
    assert as_paralegal.get(sealed).status_code == 404
    age(owner, seen_at="11 minutes", proved_at="11 minutes")
    answer = as_paralegal.get(sealed)
    assert answer.status_code == 403
    assert "show again that it is you" in answer.get_data(as_text=True)


def test_a_user_sees_their_sessions_and_ends_one(app: Flask, world: World, owner: sa.Connection) -> None:
    here, there = (Browser(app).sign_in(world.emails["auditor"]) for _ in range(2))
    page = here.get("/account/sign-in").get_data(as_text=True)
    others = re.findall(r'action="(/account/sessions/[0-9a-f-]{36}/end)"', page)
    assert page.count("This one") == 1
    assert len(others) == 1
    assert here.post(others[0]).status_code == 303
    assert signed_in(here)
    assert not signed_in(there)


def test_a_user_ends_all_other_sessions(app: Flask, world: World) -> None:
    here, *others = (Browser(app).sign_in(world.emails["auditor"]) for _ in range(3))
    here.post("/account/sessions/end")
    assert [signed_in(each) for each in (here, *others)] == [True, False, False]


def test_an_administrator_ends_all_sessions_of_a_person(app: Flask, as_admin: Browser, world: World) -> None:
    theirs = [Browser(app).sign_in(world.emails["auditor"]) for _ in range(2)]
    as_admin.get("/account")
    assert as_admin.post(f"/people-and-roles/{world.users['auditor']}/sessions/end").status_code in {302, 303}
    assert not any(signed_in(each) for each in theirs)


def test_the_sessions_list_shows_the_kind_of_browser_and_no_address(
    client: Browser, world: World, owner: sa.Connection
) -> None:
    secret = give_app(world.users["intake"])
    show_password(client, world.emails["intake"])
    client.get("/sign-in/code")
    firefox = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
    client.post("/sign-in/code", {"code": code_of(secret)}, headers=firefox)
    assert "Firefox, Linux" in client.get("/account/sign-in").get_data(as_text=True)
    assert "127.0.0.1" not in str(owner.execute(sa.text("select user_session::text from user_session")).scalars().all())


def test_the_cookie_is_bound_to_the_host_and_closed_to_scripts(settings: Settings, world: World) -> None:
    secret = give_app(world.users["second_intake"])
    browser = Browser(create_app(settings.with_(secure_cookies=True)))
    show_password(browser, world.emails["second_intake"])
    header = show_code(browser, code_of(secret)).headers["Set-Cookie"]
    assert header.startswith("__Host-testigo=")
    parts = {part.strip().partition("=")[0].lower() for part in header.split(";")}
    assert {"secure", "httponly", "samesite", "path"} <= parts
    assert "domain" not in parts
    assert "expires" not in parts
    assert re.search(r"SameSite=(Lax|Strict)", header)


def test_signing_out_needs_a_token_and_clears_what_the_site_kept(as_intake: Browser) -> None:
    assert as_intake.client.get("/sign-out").status_code == 405
    assert as_intake.client.post("/sign-out").status_code == 400
    assert signed_in(as_intake)
    answer = as_intake.post("/sign-out", once=None)
    assert '"cache"' in answer.headers["Clear-Site-Data"]
    assert not signed_in(as_intake)


def test_half_a_sign_in_can_be_given_up(client: Browser, world: World, owner: sa.Connection) -> None:
    show_password(client, world.emails["intake"])
    client.get("/sign-in/code")
    assert client.post("/sign-out").status_code == 302
    open_ = "select count(*) from user_session where ended_at is null and method = 'password' and user_id = :id"
    assert owner.execute(sa.text(open_), {"id": world.users["intake"]}).scalar_one() == 0
