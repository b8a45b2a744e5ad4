"""Guessing passwords: equal answers, limits shared by all processes, and nobody shut out by somebody else."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake import db
from intake.access import passwords, sessions
from intake.access.limits import TRIES, Try, network_of
from intake.app import create_app
from intake.errors import TooManyAttempts
from intake.settings import Settings
from tests.access.steps import forget_tries, give_app, show_password
from tests.browser import Browser
from tests.world import PASSWORD, World

WRONG = "wrong password"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    forget_tries(owner)
    owner.execute(sa.text("delete from known_network"))
    yield
    owner.execute(sa.text("update app_user set active = true"))


def guess(browser: Browser, email: str, password: str = WRONG, address: str = HOME) -> TestResponse:
    """Try a password from an address."""
    browser.get("/sign-in")
    fields = {"csrf_token": browser.token, "email": email, "password": password}
    return browser.client.post("/sign-in", data=fields, environ_base={"REMOTE_ADDR": address})


def bare(answer: TestResponse, email: str) -> str:
    """Return the page without what differs in any two pages: tokens, the typed e-mail."""
    return re.sub(r'(value|content|nonce)="[^"]*"', "", answer.get_data(as_text=True).replace(email, ""))


def test_unknown_wrong_and_closed_have_the_same_status_and_page(
    client: Browser, world: World, owner: sa.Connection
) -> None:
    owner.execute(sa.text("update app_user set active = false where id = :i"), {"i": world.users["second_intake"]})
    owner.execute(sa.text("update app_user set password_hash = '' where id = :i"), {"i": world.users["stranger"]})
    asked = [
        (world.emails["intake"], "wrong password"),
        ("nobody@example.org", PASSWORD),
        (world.emails["second_intake"], PASSWORD),
        (world.emails["stranger"], ""),
        (world.emails["stranger"], "wrong password"),
    ]
    answers = [(guess(client, email, password), email) for email, password in asked if password]
    assert {answer.status_code for answer, _ in answers} == {422}
    assert len({bare(answer, email) for answer, email in answers}) == 1


def test_unknown_wrong_and_closed_do_the_same_work(
    client: Browser, world: World, owner: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute(sa.text("update app_user set active = false where id = :i"), {"i": world.users["second_intake"]})
    verified: list[str] = []
    real = passwords._HASHER.verify

    class Counting:
        """Notes what is verified, and verifies it."""

        def verify(self, stored: str, typed: str) -> bool:
            verified.append(stored)
            return real(stored, typed)

    monkeypatch.setattr(passwords, "_HASHER", Counting())
    for email in (world.emails["intake"], "nobody@example.org", world.emails["second_intake"]):
        before = len(verified)
        guess(client, email)
        assert len(verified) == before + 1
    parameters = {re.match(r"\$argon2id\$v=19\$[^$]+", stored)[0] for stored in verified}  # type: ignore[index]
    assert len(parameters) == 1


def test_the_hash_is_argon2id_above_the_floor() -> None:
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$", passwords.hash_password("some words to be hashed"))
    assert found is not None
    assert int(found[1]) >= 19 * 1024
    assert int(found[2]) >= 2


def test_no_more_hashes_at_once_than_memory_is_meant_for(monkeypatch: pytest.MonkeyPatch) -> None:
    inside, most, lock = 0, 0, threading.Lock()

    class Slow:
        """Counts how many are inside at once."""

        def hash(self, _password: str) -> str:
            nonlocal inside, most
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.02)
            with lock:
                inside -= 1
            return "hashed"

    monkeypatch.setattr(passwords, "_HASHER", Slow())
    all_at_once = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(20)]
    for each in all_at_once:
        each.start()
    for each in all_at_once:
        each.join()
    assert most == passwords.HASHES_AT_ONCE


def test_who_waits_too_long_for_a_turn_is_asked_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_WAIT", 0.01)
    for _ in range(passwords.HASHES_AT_ONCE):
        passwords._turns.acquire()
    try:
        with pytest.raises(TooManyAttempts):
            passwords.hash_password("some words to be hashed")
    finally:
        for _ in range(passwords.HASHES_AT_ONCE):
            passwords._turns.release()


def test_the_eleventh_try_is_refused_whichever_process_it_reaches(settings: Settings, app: Flask, world: World) -> None:
    workers = [Browser(app), Browser(create_app(settings))]
    for number in range(TRIES):
        assert guess(workers[number % 2], world.emails["intake"]).status_code == 422
    for worker in workers:
        assert guess(worker, world.emails["intake"]).status_code == 429
    assert guess(workers[0], world.emails["paralegal"]).status_code == 422


def test_a_limit_is_the_same_for_who_exists_and_who_does_not(client: Browser) -> None:
    for _ in range(TRIES):
        assert guess(client, "nobody@example.org").status_code == 422
    assert guess(client, "nobody@example.org").status_code == 429


def test_many_tries_at_once_are_counted_one_by_one(app: Flask, world: World) -> None:
    statuses: list[int] = []

    def one() -> None:
        statuses.append(guess(Browser(app), world.emails["intake"]).status_code)

    crowd = [threading.Thread(target=one) for _ in range(14)]
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    assert sorted(statuses) == [422] * TRIES + [429] * 4


def test_guesses_from_elsewhere_do_not_shut_out_who_comes_from_a_network_they_know(
    app: Flask, client: Browser, world: World
) -> None:
    give_app(world.users["intake"])
    with app.app_context(), db.transaction():
        from intake.access.sign_in import complete  # noqa: PLC0415

        complete(world.users["intake"], sessions.TOTP, HOME, app.extensions["settings"], agent="")
    for _ in range(TRIES):
        guess(client, world.emails["intake"], address=ELSEWHERE)
    assert guess(client, world.emails["intake"], PASSWORD, ELSEWHERE).status_code == 429
    assert guess(client, world.emails["intake"], PASSWORD, HOME).location == "/sign-in/code"


def test_who_is_shut_out_elsewhere_gets_in_after_a_quarter_of_an_hour_though_guessing_went_on(
    client: Browser, world: World, owner: sa.Connection
) -> None:
    for _ in range(TRIES + 5):
        guess(client, world.emails["intake"], address=ELSEWHERE)
    counted = owner.execute(sa.text("select max(failures) from sign_in_attempt")).scalar_one()
    assert counted == TRIES, "tries over the limit do not make it longer"
    forget_tries(owner)
    assert guess(client, world.emails["intake"], PASSWORD).location == "/sign-in/code"


def test_a_right_password_is_no_guess(client: Browser, world: World, owner: sa.Connection) -> None:
    for _ in range(TRIES + 1):
        assert show_password(client, world.emails["paralegal"]).status_code == 302
    assert owner.execute(sa.text("select coalesce(sum(failures), 0) from sign_in_attempt")).scalar_one() == 0


def test_one_network_has_a_limit_over_all_accounts(app: Flask) -> None:
    with app.app_context(), db.transaction():
        for _ in range(3):
            Try().count("network", HOME, most=3)
        with pytest.raises(TooManyAttempts):
            Try().count("network", HOME, most=3)
        Try().count("network", ELSEWHERE, most=3)


def test_networks_are_kept_as_keyed_hashes(app: Flask, world: World, owner: sa.Connection) -> None:
    with app.app_context(), db.transaction():
        from intake.access.sign_in import complete  # noqa: PLC0415

        complete(world.users["intake"], sessions.TOTP, HOME, app.extensions["settings"], agent="")
    stored = owner.execute(sa.text("select network from known_network")).scalar_one()
    assert len(stored) == 32
    assert network_of(HOME) == network_of("203.0.113.99")
    assert network_of(HOME) != network_of(ELSEWHERE)
    assert network_of("2001:db8:1::1") == network_of("2001:db8:1:ff::2")
    assert network_of("not an address") == ""


@pytest.mark.parametrize("hops", [0, 1])
def test_the_address_of_the_browser_is_taken_from_a_proxy_only_when_there_is_one(
    settings: Settings, world: World, hops: int, owner: sa.Connection
) -> None:
    app = create_app(settings.with_(proxy_hops=hops))
    browser = Browser(app)
    for number in range(TRIES + 1):
        browser.get("/sign-in")
        fields = {"csrf_token": browser.token, "email": world.emails["auditor"], "password": "wrong password"}
        browser.client.post("/sign-in", data=fields, headers={"X-Forwarded-For": f"203.0.{number}.1"})
    networks = (
        "select count(distinct subject) from sign_in_attempt"
        " where failures > 0 and window_start > now() - interval '15 minutes'"
    )
    # one account, and the networks seen with it: each twice (alone, and with the account)
    assert owner.execute(sa.text(networks)).scalar_one() == 1 + 2 * (TRIES if hops else 1)
