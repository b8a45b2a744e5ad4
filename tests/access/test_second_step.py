"""The second step: a password alone opens nothing, a code works once, roles that open much need a passkey."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import authenticator, sessions
from intake.access.models import User
from tests.access.steps import code_of, forget_tries, give_app, give_recovery_codes, show_code, show_password, signed_in
from tests.browser import Browser
from tests.world import World

FILLED = {"uuid": str(uuid.UUID(int=7)), "int": "7"}


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    """No test inherits another's tries."""
    forget_tries(owner)
    yield
    owner.execute(sa.text("update authenticator set removed_at = now() where removed_at is null"))


def _fill(found: re.Match[str]) -> str:
    return str(found[2]) if found[1] == "any" else FILLED.get(found[1] or "", "x")


def test_a_password_alone_reaches_no_address_that_asks_for_a_session(app: Flask, client: Browser, world: World) -> None:
    give_app(world.users["intake"])
    assert show_password(client, world.emails["intake"]).location == "/sign-in/code"
    client.get("/sign-in/code")
    walked, reached = 0, []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not hasattr(view, "permission") or getattr(view, "half", False):
            continue
        address = re.sub(r"<(?:(\w+)(?:\((\w+)[^)]*\))?:)?\w+>", _fill, rule.rule)
        for method in {"GET", "POST", "DELETE"} & (rule.methods or set()):
            walked += 1
            headers = {"X-CSRFToken": client.token}
            answer = client.client.open(address, method=method, headers=headers)
            led = answer.status_code == 302 and answer.location.startswith("/sign-in/code")
            if not led and answer.status_code != 403:
                reached.append((method, address, answer.status_code))
    assert walked > 60
    assert reached == []


def test_a_password_alone_sees_no_row_in_the_database(client: Browser, world: World) -> None:
    show_password(client, world.emails["paralegal"])
    with client.client.session_transaction() as kept:
        token = kept["_user_id"]
    with db.transaction():
        actor = sessions.enter(token)
        assert actor is not None
        assert not actor.complete
        assert db.session.execute(sa.text("select access.me()")).scalar() is None


def test_a_password_alone_lasts_a_quarter_of_an_hour(client: Browser, world: World, owner: sa.Connection) -> None:
    show_password(client, world.emails["intake"])
    owner.execute(sa.text("update user_session set started_at = now() - interval '16 minutes'"))
    assert client.get("/sign-in/code").location.startswith("/sign-in")


def test_with_the_code_of_the_app_the_user_is_in_and_the_session_is_another(client: Browser, world: World) -> None:
    secret = give_app(world.users["intake"])
    show_password(client, world.emails["intake"])
    with client.client.session_transaction() as kept:
        before = kept["_user_id"]
    assert show_code(client, code_of(secret)).location == "/"
    with client.client.session_transaction() as kept:
        assert kept["_user_id"] != before
    assert signed_in(client)
    with db.transaction():
        assert sessions.enter(before) is None


def test_a_code_works_once_even_within_its_half_minute(app: Flask, world: World) -> None:
    secret = give_app(world.users["intake"])
    first, second = Browser(app), Browser(app)
    code = code_of(secret)
    show_password(first, world.emails["intake"])
    assert show_code(first, code).status_code == 302
    show_password(second, world.emails["intake"])
    answer = show_code(second, code)
    assert answer.status_code == 422
    assert "A code works only once" in answer.get_data(as_text=True)
    assert not signed_in(second)


def test_of_two_who_send_the_same_code_at_once_one_gets_in(app: Flask, world: World) -> None:
    secret = give_app(world.users["intake"])
    taken, start = [], threading.Barrier(2)

    def take() -> None:
        start.wait()
        with db.transaction(world.users["intake"]):
            taken.append(authenticator.take(world.users["intake"], code_of(secret)))

    with app.app_context():
        both = [threading.Thread(target=take) for _ in range(2)]
        for each in both:
            each.start()
        for each in both:
            each.join()
    assert sorted(taken) == [False, True]


@pytest.mark.parametrize("steps", [-3, 2, 5], ids=["a minute late", "a minute early", "far too early"])
def test_a_code_of_another_time_does_not_work(client: Browser, world: World, steps: int) -> None:
    secret = give_app(world.users["intake"])
    show_password(client, world.emails["intake"])
    assert show_code(client, code_of(secret, steps)).status_code == 422


def test_the_secret_of_the_app_is_sealed_in_the_database_and_in_the_log(world: World, owner: sa.Connection) -> None:
    secret = give_app(world.users["intake"])
    rows = owner.execute(sa.text("select authenticator::text from authenticator")).scalars().all()
    log = owner.execute(sa.text("select payload from audit.event")).scalars().all()
    assert rows
    assert not any(secret in str(text) for text in [*rows, *log])


def test_a_recovery_code_lets_in_once_and_is_kept_as_a_hash(
    app: Flask, client: Browser, world: World, owner: sa.Connection
) -> None:
    give_app(world.users["intake"])
    codes = give_recovery_codes(world.users["intake"])
    assert len(set(codes)) == 10
    show_password(client, world.emails["intake"])
    assert show_code(client, codes[0].lower().replace("-", " ")).status_code == 302
    again = Browser(app)
    show_password(again, world.emails["intake"])
    assert show_code(again, codes[0]).status_code == 422
    stored = owner.execute(sa.text("select recovery_code::text from recovery_code")).scalars().all()
    assert not any(code.replace("-", "") in text for code in codes for text in stored)


def test_new_recovery_codes_end_the_old_ones(client: Browser, world: World) -> None:
    old = give_recovery_codes(world.users["intake"])
    give_recovery_codes(world.users["intake"])
    show_password(client, world.emails["intake"])
    assert show_code(client, old[3]).status_code == 422


def test_another_users_codes_do_not_let_in(client: Browser, world: World) -> None:
    secret = give_app(world.users["second_intake"])
    codes = give_recovery_codes(world.users["second_intake"])
    give_app(world.users["intake"])
    show_password(client, world.emails["intake"])
    assert show_code(client, code_of(secret)).status_code == 422
    assert show_code(client, codes[0]).status_code == 422


def test_ten_wrong_codes_rest_for_a_quarter_of_an_hour(client: Browser, world: World, owner: sa.Connection) -> None:
    secret = give_app(world.users["intake"])
    show_password(client, world.emails["intake"])
    for _ in range(10):
        assert show_code(client, "000000").status_code == 422
    assert show_code(client, code_of(secret)).status_code == 429
    forget_tries(owner)
    assert show_code(client, code_of(secret)).status_code == 302


@pytest.mark.parametrize("who", ["attorney", "cocounsel", "admin"])
def test_a_role_that_opens_much_takes_no_code_but_asks_for_a_passkey(client: Browser, world: World, who: str) -> None:
    secret = give_app(world.users[who])
    codes = give_recovery_codes(world.users[who])
    show_password(client, world.emails[who])
    page = client.get("/sign-in/code").get_data(as_text=True)
    assert "Your role asks for a passkey" in page
    assert show_code(client, code_of(secret)).status_code == 422
    assert show_code(client, codes[0]).status_code == 422


def test_a_session_of_a_code_is_half_once_the_role_asks_for_a_passkey(
    app: Flask, world: World, owner: sa.Connection
) -> None:
    browser = Browser(app).sign_in(world.emails["second_intake"], sessions.TOTP)
    assert signed_in(browser)
    role = sa.text("update access_grant set role = :role where user_id = :id")
    owner.execute(role, {"role": "RO.SUPATT", "id": world.users["second_intake"]})
    assert browser.get("/account").location.startswith("/sign-in/code")
    owner.execute(role, {"role": "RO.INTAKE", "id": world.users["second_intake"]})
    assert signed_in(browser)


def test_without_a_second_step_the_page_says_whom_to_ask(client: Browser, world: World) -> None:
    show_password(client, world.emails["analyst"])
    page = client.get("/sign-in/code").get_data(as_text=True)
    assert "Ask your administrator for an invitation" in page
    assert "data-demonstration-code" not in page


def test_the_demonstration_shows_its_code_only_to_its_own_users_and_only_where_all_is_fictional(
    app: Flask, client: Browser, world: World, owner: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = re.compile(r"data-demonstration-code>(\d{6})<")
    show_password(client, world.emails["attorney"])
    assert not shown.search(client.get("/sign-in/code").get_data(as_text=True))
    owner.execute(sa.text("insert into demonstration_user values (:id)"), {"id": world.users["attorney"]})
    code = shown.search(client.get("/sign-in/code").get_data(as_text=True))
    assert code is not None
    monkeypatch.setitem(app.extensions, "settings", app.extensions["settings"].with_(fictional=False))
    assert not shown.search(client.get("/sign-in/code").get_data(as_text=True))
    assert show_code(client, code[1]).status_code == 422
    monkeypatch.undo()
    assert show_code(client, code[1]).status_code == 302
    assert signed_in(client)
    other = Browser(app)
    show_password(other, world.emails["attorney"])
    assert show_code(other, code[1]).status_code == 422, "another session has another code"
    owner.execute(sa.text("delete from demonstration_user"))


def test_the_program_cannot_make_somebody_a_user_of_the_demonstration(app: Flask, world: World) -> None:
    with app.app_context(), pytest.raises(sa.exc.ProgrammingError, match="permission denied"), db.transaction():
        db.session.execute(sa.text("insert into demonstration_user values (:id)"), {"id": world.users["intake"]})


def test_sign_ins_and_refusals_are_in_the_log(client: Browser, world: World, owner: sa.Connection) -> None:
    secret = give_app(world.users["intake"])
    before = owner.execute(sa.text("select max(id) from audit.event")).scalar_one()
    show_password(client, world.emails["intake"], "not the password at all")
    show_password(client, world.emails["intake"])
    show_code(client, "000000")
    show_code(client, code_of(secret))
    after = owner.execute(sa.text("select kind from audit.event where id > :id"), {"id": before}).scalars().all()
    assert after.count("sign_in") == 1
    assert after.count("sign_in_refused") == 2


def test_a_closed_account_gets_no_second_step(client: Browser, world: World) -> None:
    secret = give_app(world.users["intake"])
    show_password(client, world.emails["intake"])
    with db.transaction():
        sessions.act_for(world.users["admin"])
        db.session.execute(sa.update(User).where(User.id == world.users["intake"]).values(active=False))
    assert client.get("/sign-in/code").location.startswith("/sign-in?")
    show_code(client, code_of(secret))
    assert not signed_in(client)
    with db.transaction():
        sessions.act_for(world.users["admin"])
        db.session.execute(sa.update(User).where(User.id == world.users["intake"]).values(active=True))
