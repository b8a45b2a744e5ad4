"""Invitations: once, for 72 hours, for one browser, with a good password."""

from __future__ import annotations

import re
import threading
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import authenticator
from intake.access.invitations import Handed
from intake.access.models import User
from tests.access.enrolling import GOOD, Invite, calm, open_it, set_up_app, type_password  # noqa: F401
from tests.access.steps import code_of, show_code, show_password, signed_in
from tests.browser import Browser
from tests.world import World


def test_a_newcomer_enrols_with_password_and_app_and_gets_recovery_codes(
    app: Flask, client: Browser, newcomer: int, invite: Invite, owner: sa.Connection
) -> None:
    assert open_it(client, invite(newcomer)) == 303
    assert type_password(client) == 303
    status, page = set_up_app(client)
    assert status == 200
    codes = re.findall(r"<li>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})</li>", page)
    assert len(codes) == 10
    assert signed_in(client)
    email = owner.execute(sa.text("select email from app_user where id = :id"), {"id": newcomer}).scalar_one()
    later = Browser(app)
    show_password(later, email, GOOD)
    assert show_code(later, codes[4]).status_code == 302


def test_an_invitation_works_once(app: Flask, client: Browser, newcomer: int, invite: Invite) -> None:
    handed = invite(newcomer)
    open_it(client, handed)
    type_password(client)
    set_up_app(client)
    assert open_it(Browser(app), handed) == 422


def test_an_invitation_ends_after_72_hours_and_when_a_newer_one_is_made(
    app: Flask, client: Browser, newcomer: int, invite: Invite, owner: sa.Connection
) -> None:
    first = invite(newcomer)
    second = invite(newcomer)
    assert open_it(client, first) == 422
    lasts = owner.execute(sa.text("select max(expires_at) - now() from invitation where used_at is null")).scalar_one()
    assert 71.9 < lasts.total_seconds() / 3600 <= 72
    owner.execute(sa.text("update invitation set expires_at = now() - interval '1 second' where withdrawn_at is null"))
    assert open_it(Browser(app), second) == 422


def test_wrong_unknown_and_used_codes_answer_alike_and_ten_of_them_rest(
    app: Flask, client: Browser, newcomer: int, invite: Invite
) -> None:
    handed = invite(newcomer)
    nobodys = Handed("", f"x/{uuid.uuid4()}", "AAAA", handed.expires_at)
    pages = []
    for each, code in ((handed, "AAAA-AAAA-AAAA-AAAA"), (nobodys, "AAAA-AAAA-AAAA-AAAA")):
        assert open_it(client, each, code) == 422
        path = "/invitation/" + each.address.rpartition("/")[2]
        page = client.post(path, {"code": code}).get_data(as_text=True)
        pages.append(re.sub(r'value="[^"]*"|content="[^"]*"|nonce="[^"]*"', "", page).replace(path, ""))
    assert pages[0] == pages[1]
    for _ in range(8):
        open_it(client, handed, "BBBB")
    assert open_it(client, handed) == 429
    assert open_it(Browser(app), nobodys) == 422


def test_of_two_browsers_that_opened_one_invitation_the_last_goes_on_alone(
    app: Flask, newcomer: int, invite: Invite, owner: sa.Connection
) -> None:
    handed, first, second = invite(newcomer), Browser(app), Browser(app)
    for each in (first, second):
        assert open_it(each, handed) == 303
    assert first.get("/invitation/password").status_code == 403
    assert type_password(second) == 303
    assert set_up_app(second)[0] == 200
    held = "select count(*) from authenticator where user_id = :id and removed_at is null"
    assert owner.execute(sa.text(held), {"id": newcomer}).scalar_one() == 1


def test_of_two_enrolments_at_once_with_one_invitation_one_wins(
    app: Flask, client: Browser, newcomer: int, invite: Invite, owner: sa.Connection
) -> None:
    open_it(client, invite(newcomer))
    type_password(client)
    page = client.get("/invitation/second-step")
    with client.client.session_transaction() as kept:
        cookie = dict(kept)
    answers, start = [], threading.Barrier(2)
    secrets = [authenticator.new_secret() for _ in range(2)]
    with app.app_context(), db.transaction():
        user = db.session.get_one(User, newcomer)
        offers = [authenticator.offer(secret, user, app.extensions["settings"]) for secret in secrets]
    assert page.status_code == 200

    def enrol(number: int) -> None:
        mine = Browser(app)
        with mine.client.session_transaction() as kept:
            kept.update(cookie)
        mine.get("/invitation/second-step")
        start.wait()
        answer = mine.post("/invitation/second-step", {"offer": offers[number], "code": code_of(secrets[number])})
        answers.append(answer.status_code)

    both = [threading.Thread(target=enrol, args=(number,)) for number in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(answers) == [200, 403]
    held = "select count(*) from authenticator where user_id = :id and removed_at is null"
    assert owner.execute(sa.text(held), {"id": newcomer}).scalar_one() == 1


def test_a_password_session_cannot_enrol_anything(client: Browser, world: World) -> None:
    show_password(client, world.emails["analyst"])
    client.get("/sign-in/code")
    for address in ("/account/passkeys/options", "/account/passkeys", "/account/recovery-codes"):
        assert client.send(address, {"credential": {}}).status_code == 403
    assert client.post("/account/authenticator", {"code": "000000"}).status_code == 403
    assert client.send("/invitation/passkey/options", {}).status_code == 403


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("short but nice", "at least 15"),
        ("x" * 129, "at most 128"),
        ("passwordpassword", "easy to guess"),
        ("qwertyuiopasdfgh", "easy to guess"),
        ("111111111111111111", "easy to guess"),
        ("abcabcabcabcabcabc", "easy to guess"),
        ("1qaz2wsx3edc4rfv", "easy to guess"),
        ("NoorExample2025!!", "Leave out your name"),
        ("Example Legal Aid 1", "Leave out your name"),
        ("testigo-testigo-1", "Leave out your name"),
    ],
)
def test_a_password_that_others_would_guess_is_refused(
    client: Browser, newcomer: int, invite: Invite, password: str, said: str
) -> None:
    open_it(client, invite(newcomer))
    client.get("/invitation/password")
    answer = client.post("/invitation/password", {"password": password})
    assert answer.status_code == 422
    assert said.lower() in answer.get_data(as_text=True).lower()
    assert password not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "ñandú águila cóndor",
        "all lower case and no digit",
        "y" * 40 + " kite over the long wall " + "z" * 60,
        "長い文字列でも使えるはずの合言葉です",
    ],
    ids=["four words", "accents", "lower case", "long", "japanese"],
)
def test_no_rule_asks_for_kinds_of_characters(client: Browser, newcomer: int, invite: Invite, password: str) -> None:
    open_it(client, invite(newcomer))
    assert type_password(client, password) == 303


def test_whose_role_still_waits_for_confirmation_enrols_the_passkey_that_it_will_ask_for(
    client: Browser, newcomer: int, invite: Invite, owner: sa.Connection
) -> None:
    waits = "update access_grant set role = 'RO.SUPATT', awaits_confirmation = true where user_id = :i"
    owner.execute(sa.text(waits), {"i": newcomer})
    open_it(client, invite(newcomer))
    type_password(client)
    assert "Your role opens much" in client.get("/invitation/second-step").get_data(as_text=True)
    assert client.post("/invitation/second-step", {"code": "000000"}).status_code == 403
