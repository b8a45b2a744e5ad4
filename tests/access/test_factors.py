"""A user's own factors: only theirs, never the last one, and only with a fresh sign-in."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import authenticator, factors, sessions
from intake.access.proofs import Passkey
from intake.errors import NotNow
from tests.access.steps import code_of, forget_tries, give_app, give_recovery_codes, hidden, show_password, signed_in
from tests.browser import Browser
from tests.world import PASSWORD, World

NEW = "seven grey herons nest"


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    forget_tries(owner)
    yield
    for table in ("authenticator", "passkey"):
        owner.execute(sa.text(f"update {table} set removed_at = now() where removed_at is null"))


def give_passkey(owner: sa.Connection, user_id: int, name: str = "blue key") -> uuid.UUID:
    """Give the user a passkey that no device has."""
    key = {"public_key": b"k", "sign_count": 0, "backed_up": False, "transports": []}
    row = {"user_id": user_id, "name": name, "credential_id": uuid.uuid4().bytes, **key}
    made: uuid.UUID = owner.execute(sa.insert(Passkey).values(**row).returning(Passkey.id)).scalar_one()
    return made


def left(owner: sa.Connection, user_id: int) -> int:
    held = "select count(*) from passkey where user_id = :id and removed_at is null"
    return int(owner.execute(sa.text(held), {"id": user_id}).scalar_one())


@pytest.mark.parametrize("act", ["name", "remove"])
@pytest.mark.parametrize("who", ["intake", "attorney", "admin"])
def test_a_passkey_of_another_is_not_there(app: Flask, world: World, owner: sa.Connection, act: str, who: str) -> None:
    theirs = give_passkey(owner, world.users["paralegal"])
    give_passkey(owner, world.users[who], "mine")
    browser = Browser(app).sign_in(world.emails[who])
    assert browser.post(f"/account/passkeys/{theirs}/{act}", {"name": "x"}).status_code == 404
    assert browser.post(f"/account/passkeys/{uuid.uuid4()}/{act}", {"name": "x"}).status_code == 404
    assert left(owner, world.users["paralegal"]) == 1


def test_a_session_of_another_is_not_there(as_intake: Browser, as_paralegal: Browser, owner: sa.Connection) -> None:
    theirs = sa.text("select s.id from user_session s join app_user u on u.id = s.user_id where u.email like 'paral%'")
    for session_id in owner.execute(theirs).scalars().all():
        assert as_intake.post(f"/account/sessions/{session_id}/end").status_code == 404
    assert signed_in(as_paralegal)


def test_the_last_factor_stays(app: Flask, world: World, owner: sa.Connection) -> None:
    only = give_passkey(owner, world.users["intake"])
    browser = Browser(app).sign_in(world.emails["intake"])
    browser.post(f"/account/passkeys/{only}/remove")
    assert "last way to sign in" in browser.get("/account/sign-in").get_data(as_text=True)
    assert left(owner, world.users["intake"]) == 1
    give_app(world.users["intake"])
    browser.post(f"/account/passkeys/{only}/remove")
    assert left(owner, world.users["intake"]) == 0
    browser.post("/account/authenticator/remove")
    with app.app_context(), db.transaction():
        assert authenticator.of(world.users["intake"]) is not None


def test_the_last_passkey_of_a_role_that_needs_one_stays_though_there_is_an_app(
    app: Flask, world: World, owner: sa.Connection
) -> None:
    only = give_passkey(owner, world.users["attorney"])
    give_app(world.users["attorney"])
    browser = Browser(app).sign_in(world.emails["attorney"])
    browser.post(f"/account/passkeys/{only}/remove")
    assert left(owner, world.users["attorney"]) == 1


def test_of_two_last_passkeys_removed_at_once_one_stays(app: Flask, world: World, owner: sa.Connection) -> None:
    both = [give_passkey(owner, world.users["attorney"], name) for name in ("one", "two")]
    start, outcomes = threading.Barrier(2), []

    def remove(passkey_id: uuid.UUID) -> None:
        start.wait()
        try:
            with db.transaction():
                sessions.act_for(world.users["attorney"])
                factors.remove_passkey(passkey_id)
            outcomes.append("removed")
        except NotNow:
            outcomes.append("kept")

    with app.app_context():
        at_once = [threading.Thread(target=remove, args=(each,)) for each in both]
        for each in at_once:
            each.start()
        for each in at_once:
            each.join()
    assert sorted(outcomes) == ["kept", "removed"]
    assert left(owner, world.users["attorney"]) == 1


def test_removing_a_factor_ends_the_other_sessions(app: Flask, world: World, owner: sa.Connection) -> None:
    first, _second = give_passkey(owner, world.users["intake"]), give_passkey(owner, world.users["intake"], "other")
    here, there = (Browser(app).sign_in(world.emails["intake"]) for _ in range(2))
    here.post(f"/account/passkeys/{first}/remove")
    assert signed_in(here)
    assert not signed_in(there)


FRESH = [
    ("GET", "/account/passkeys/new"),
    ("POST", "/account/passkeys/options"),
    ("POST", "/account/passkeys"),
    ("POST", f"/account/passkeys/{uuid.UUID(int=7)}/remove"),
    ("POST", f"/account/passkeys/{uuid.UUID(int=7)}/name"),
    ("GET", "/account/authenticator"),
    ("POST", "/account/authenticator"),
    ("POST", "/account/authenticator/remove"),
    ("POST", "/account/recovery-codes"),
    ("GET", "/account/password"),
    ("POST", "/account/password"),
]


@pytest.mark.parametrize(("method", "address"), FRESH)
def test_every_change_of_a_factor_asks_for_a_fresh_sign_in(
    as_intake: Browser, owner: sa.Connection, method: str, address: str
) -> None:
    owner.execute(sa.text("update user_session set proved_at = now() - interval '301 seconds'"))
    answer = as_intake.get(address) if method == "GET" else as_intake.post(address, {"code": "1"})
    assert answer.status_code == 403
    assert "show again that it is you" in answer.get_data(as_text=True)


def test_a_script_is_told_that_a_fresh_sign_in_is_asked(as_intake: Browser, owner: sa.Connection) -> None:
    owner.execute(sa.text("update user_session set proved_at = now() - interval '301 seconds'"))
    answer = as_intake.send("/account/passkeys/options", {})
    assert (answer.status_code, answer.get_json()["error"]) == (403, "StepUpNeeded")


def test_a_code_shown_again_goes_on_with_the_form_without_scripts(
    app: Flask, world: World, owner: sa.Connection
) -> None:
    passkey = give_passkey(owner, world.users["intake"])
    secret = give_app(world.users["intake"])
    browser = Browser(app).sign_in(world.emails["intake"], sessions.TOTP)
    with browser.client.session_transaction() as kept:
        before = kept["_user_id"]
    owner.execute(sa.text("update user_session set proved_at = now() - interval '301 seconds'"))
    asked = browser.post(f"/account/passkeys/{passkey}/name", {"name": 'a <name> & "more"'}, once=None)
    assert asked.status_code == 403
    fields = {name: hidden(asked, name) for name in ("to", "kept")}
    wrong = browser.post("/sign-in/again", {**fields, "code": "000000"})
    assert wrong.status_code == 422
    done = browser.post("/sign-in/again", {**{name: hidden(wrong, name) for name in fields}, "code": code_of(secret)})
    page = done.get_data(as_text=True)
    assert done.status_code == 200
    assert f'action="/account/passkeys/{passkey}/name"' in page
    with browser.client.session_transaction() as kept:
        assert kept["_user_id"] != before, "the session has another id after a step-up"
    with app.app_context(), db.transaction():
        assert sessions.enter(before) is None
    sent = re.findall(r'<textarea name="(\w+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    assert dict(sent) == {"name": "a &lt;name&gt; &amp; &#34;more&#34;"}
    assert browser.post(f"/account/passkeys/{passkey}/name", {"name": "green"}).status_code == 303
    assert "green" in browser.get("/account/sign-in").get_data(as_text=True)


def test_a_page_that_was_asked_for_comes_after_the_code(app: Flask, world: World, owner: sa.Connection) -> None:
    secret = give_app(world.users["intake"])
    browser = Browser(app).sign_in(world.emails["intake"], sessions.TOTP)
    owner.execute(sa.text("update user_session set proved_at = now() - interval '301 seconds'"))
    asked = browser.get("/account/password")
    fields = {name: hidden(asked, name) for name in ("to", "kept")}
    assert browser.post("/sign-in/again", {**fields, "code": code_of(secret)}).location == "/account/password"
    assert browser.get("/account/password").status_code == 200


def test_what_follows_a_step_up_is_never_another_site(as_intake: Browser, world: World) -> None:
    secret = give_app(world.users["intake"])
    as_intake.get("/sign-in/again?next=//evil.example/")
    answer = as_intake.post("/sign-in/again", {"to": "//evil.example/", "kept": "[]", "code": code_of(secret)})
    assert answer.location == "/"


@pytest.mark.parametrize("kept", ["", "no json", "{}", '[["a"]]', '[["a", 1]]', "[1, 2]"])
def test_a_kept_form_that_was_tampered_with_is_left_out(app: Flask, world: World, kept: str) -> None:
    secret = give_app(world.users["intake"])
    browser = Browser(app).sign_in(world.emails["intake"], sessions.TOTP)
    browser.get("/sign-in/again")
    answer = browser.post("/sign-in/again", {"to": "/account", "kept": kept, "code": code_of(secret)})
    assert answer.location == "/account"


def test_a_new_app_ends_the_old_one_and_its_recovery_codes(app: Flask, world: World) -> None:
    old = give_app(world.users["intake"])
    codes = give_recovery_codes(world.users["intake"])
    browser = Browser(app).sign_in(world.emails["intake"])
    page = browser.get("/account/authenticator")
    found = re.search(r'class="keytext"[^>]*>([A-Z2-7 ]+)<', page.get_data(as_text=True))
    assert found is not None
    new = found[1].replace(" ", "")
    offer = hidden(page, "offer")
    assert browser.post("/account/authenticator", {"offer": offer, "code": "000000"}).status_code == 422
    shown = browser.post("/account/authenticator", {"offer": offer, "code": code_of(new)})
    assert len(re.findall(r"<li>[A-Z2-7-]{19}</li>", shown.get_data(as_text=True))) == 10
    with app.app_context(), db.transaction(world.users["intake"]):
        assert not authenticator.take(world.users["intake"], code_of(old))
        assert not authenticator.take_recovery_code(world.users["intake"], codes[0])
        assert authenticator.take(world.users["intake"], code_of(new, 1))


def test_an_app_offered_to_another_is_not_taken(app: Flask, world: World) -> None:
    theirs = hidden(Browser(app).sign_in(world.emails["paralegal"]).get("/account/authenticator"), "offer")
    browser = Browser(app).sign_in(world.emails["intake"])
    browser.get("/account/authenticator")
    assert browser.post("/account/authenticator", {"offer": theirs, "code": "000000"}).status_code == 422
    with app.app_context(), db.transaction():
        assert authenticator.of(world.users["intake"]) is None


def test_the_password_changes_with_the_old_one_and_other_sessions_end(
    app: Flask, world: World, owner: sa.Connection
) -> None:
    stored = sa.text("select password_hash from app_user where id = :id")
    before = owner.execute(stored, {"id": world.users["second_intake"]}).scalar_one()
    here, there = (Browser(app).sign_in(world.emails["second_intake"]) for _ in range(2))
    here.get("/account/password")
    wrong = here.post("/account/password", {"password": "not this one at all", "new_password": NEW})
    assert "not your password" in wrong.get_data(as_text=True)
    weak = here.post("/account/password", {"password": PASSWORD, "new_password": "passwordpassword"})
    assert weak.status_code == 422
    assert here.post("/account/password", {"password": PASSWORD, "new_password": NEW}).status_code == 303
    assert signed_in(here)
    assert not signed_in(there)
    assert show_password(Browser(app), world.emails["second_intake"], PASSWORD).status_code == 422
    assert show_password(Browser(app), world.emails["second_intake"], NEW).status_code == 302
    log = owner.execute(sa.text("select payload from audit.event order by id desc limit 30")).scalars().all()
    assert not any(NEW in str(text) or "argon2" in str(text) for text in log)
    owner.execute(
        sa.text("update app_user set password_hash = :h where id = :id"),
        {"h": before, "id": world.users["second_intake"]},
    )


def test_factor_changes_are_in_the_log(app: Flask, world: World, owner: sa.Connection) -> None:
    first, _other = give_passkey(owner, world.users["intake"]), give_passkey(owner, world.users["intake"], "other")
    before = owner.execute(sa.text("select max(id) from audit.event")).scalar_one()
    browser = Browser(app).sign_in(world.emails["intake"])
    browser.post(f"/account/passkeys/{first}/remove")
    browser.post("/account/recovery-codes")
    rows = owner.execute(sa.text("select kind from audit.event where id > :id"), {"id": before}).scalars().all()
    assert {"factor_removed", "factor_added"} <= set(rows)
