"""Invitations: once, for 72 hours, for one browser; a reset takes two things and an administrator is never enough."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import authenticator, invitations, sessions
from intake.access.invitations import Handed
from intake.access.models import User
from intake.access.proofs import Passkey
from tests.access.steps import code_of, forget_tries, give_app, hidden, show_code, show_password, signed_in
from tests.browser import Browser
from tests.world import PASSWORD, World

GOOD = "seven grey herons nest"
Invite = Callable[..., Handed]


@pytest.fixture(autouse=True)
def calm(owner: sa.Connection) -> Iterator[None]:
    forget_tries(owner)
    yield
    for table in ("authenticator", "passkey"):
        owner.execute(sa.text(f"update {table} set removed_at = now() where removed_at is null"))


@pytest.fixture
def newcomer(world: World, owner: sa.Connection) -> int:
    """An intake worker who was added and has nothing to sign in with."""
    user = {"o": world.organisation, "e": f"new.{uuid.uuid4().hex[:8]}@example.org"}
    added = (
        "insert into app_user (organisation_id, email, display_name, password_hash)"
        " values (:o, :e, 'Noor Example', '') returning id"
    )
    user_id = owner.execute(sa.text(added), user).scalar_one()
    grant = "insert into access_grant (user_id, compartment_id, role, tier) values (:u, :c, 'RO.INTAKE', 1)"
    owner.execute(sa.text(grant), {"u": user_id, "c": world.compartment})
    return int(user_id)


@pytest.fixture
def invite(app: Flask, world: World) -> Invite:
    """`invite(user_id)`: an invitation by the administrator."""

    def make(user_id: int, **what: bool) -> Handed:
        with app.app_context(), db.transaction():
            admin = sessions.act_for(world.users["admin"])
            user = db.session.get_one(User, user_id)
            return invitations.invite(user, app.extensions["settings"], by=admin.user_id, **what)

    return make


def open_it(browser: Browser, handed: Handed, code: str = "") -> int:
    """Type the code of the invitation; returns the status."""
    path = "/invitation/" + handed.address.rpartition("/")[2]
    browser.get(path)
    return browser.post(path, {"code": code or handed.code}).status_code


def type_password(browser: Browser, password: str = GOOD) -> int:
    browser.get("/invitation/password")
    return browser.post("/invitation/password", {"password": password}).status_code


def set_up_app(browser: Browser) -> tuple[int, str]:
    """Scan the picture, as it were, and type the app's first code; returns the status and the page."""
    page = browser.get("/invitation/second-step")
    offer = hidden(page, "offer")
    found = re.search(r'class="keytext"[^>]*>([A-Z2-7 ]+)<', page.get_data(as_text=True))
    assert found is not None
    secret = found[1].replace(" ", "")
    answer = browser.post("/invitation/second-step", {"offer": offer, "code": code_of(secret)})
    return answer.status_code, answer.get_data(as_text=True)


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


def test_a_lost_phone_is_replaced_with_invitation_and_password_and_the_old_one_ends_at_once(
    app: Flask, client: Browser, world: World, invite: Invite
) -> None:
    old = give_app(world.users["paralegal"])
    open_session = Browser(app).sign_in(world.emails["paralegal"], sessions.TOTP)
    handed = invite(world.users["paralegal"])
    assert not signed_in(open_session)
    thief = Browser(app)
    show_password(thief, world.emails["paralegal"])
    assert show_code(thief, code_of(old)).status_code == 422
    open_it(client, handed)
    assert type_password(client, GOOD) == 422, "the invitation alone is not enough"
    assert client.get("/invitation/second-step").status_code == 403
    assert type_password(client, PASSWORD) == 303
    assert set_up_app(client)[0] == 200
    again = Browser(app)
    assert show_password(again, world.emails["paralegal"], PASSWORD).status_code == 302, "the password stayed"


def test_a_lost_password_is_replaced_with_invitation_and_the_factor_one_has(
    app: Flask, client: Browser, world: World, invite: Invite, owner: sa.Connection
) -> None:
    secret = give_app(world.users["second_intake"])
    handed = invite(world.users["second_intake"], password_lost=True)
    open_it(client, handed)
    assert type_password(client) == 303
    early = Browser(app)
    assert show_password(early, world.emails["second_intake"], GOOD).status_code == 422, "not before the second step"
    client.get("/invitation/second-step")
    assert client.post("/invitation/second-step", {"code": "000000"}).status_code == 422
    assert client.post("/invitation/second-step", {"code": code_of(secret)}).status_code == 303
    assert signed_in(client)
    stored = owner.execute(
        sa.text("select password_hash from app_user where id = :i"), {"i": world.users["second_intake"]}
    ).scalar_one()
    assert re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+)", stored)


def test_no_page_shows_the_password_or_its_hash_to_an_administrator(
    as_admin: Browser, world: World, newcomer: int, owner: sa.Connection
) -> None:
    as_admin.get("/account")
    page = as_admin.post(f"/people-and-roles/{world.users['intake']}/invitation").get_data(as_text=True)
    assert "Hand over this invitation" in page
    code = re.search(r"<b>([A-Z2-7-]{19})</b>", page)
    assert code is not None
    assert "argon2" not in page
    stored = owner.execute(sa.text("select invitation::text from invitation")).scalars().all()
    log = owner.execute(sa.text("select payload from audit.event")).scalars().all()
    assert not any(code[1].replace("-", "") in str(text) for text in [*stored, *log])


def test_an_administrator_cannot_invite_a_stranger_or_themselves(as_admin: Browser, world: World) -> None:
    as_admin.get("/account")
    assert as_admin.post(f"/people-and-roles/{world.users['stranger']}/invitation").status_code == 404
    assert as_admin.post(f"/people-and-roles/{world.users['admin']}/invitation").status_code == 403


def test_nobody_else_makes_invitations(as_attorney: Browser, world: World) -> None:
    as_attorney.get("/account")
    assert as_attorney.post(f"/people-and-roles/{world.users['intake']}/invitation").status_code == 403


def test_making_an_invitation_asks_again_who_it_is(as_admin: Browser, world: World, owner: sa.Connection) -> None:
    as_admin.get("/account")
    owner.execute(sa.text("update user_session set proved_at = now() - interval '6 minutes'"))
    answer = as_admin.post(f"/people-and-roles/{world.users['intake']}/invitation")
    assert answer.status_code == 403
    assert "show again that it is you" in answer.get_data(as_text=True)
    made = "select count(*) from invitation where user_id = :id and withdrawn_at is null and used_at is null"
    before = owner.execute(sa.text(made), {"id": world.users["intake"]}).scalar_one()
    assert before <= 1


def test_a_lost_password_needs_a_factor_to_keep(app: Flask, as_admin: Browser, world: World) -> None:
    with app.app_context(), db.transaction():
        assert (
            db.session.scalar(
                sa.select(sa.func.count()).where(
                    Passkey.user_id == world.users["auditor"], Passkey.removed_at.is_(None)
                )
            )
            == 0
        )
    as_admin.get("/account")
    lost = as_admin.post(f"/people-and-roles/{world.users['auditor']}/invitation", {"password_lost": "yes"})
    assert lost.location.endswith(f"/people-and-roles/{world.users['auditor']}")
    assert "Start the account over" in as_admin.get(lost.location).get_data(as_text=True)


def test_who_lost_both_starts_over_with_nothing_that_an_administrator_alone_could_give_back(
    app: Flask, client: Browser, as_admin: Browser, world: World, owner: sa.Connection
) -> None:
    paralegal = world.users["paralegal"]
    stored = owner.execute(sa.text("select password_hash from app_user where id = :i"), {"i": paralegal}).scalar_one()
    give_app(paralegal)
    as_admin.get("/account")
    page = as_admin.post(f"/people-and-roles/{paralegal}/invitation", {"start_over": "yes"}).get_data(as_text=True)
    code = re.search(r"<b>([A-Z2-7-]{19})</b>", page)
    address = re.search(r"/invitation/[0-9a-f-]{36}", page)
    assert code is not None
    assert address is not None
    client.get(address[0])
    assert client.post(address[0], {"code": code[1]}).status_code == 303
    assert type_password(client) == 303
    assert set_up_app(client)[0] == 200
    assert client.get("/incidents").status_code == 403, "what was granted has ended"
    owner.execute(sa.text("update access_grant set expires_at = null where user_id = :i"), {"i": paralegal})
    owner.execute(sa.text("update app_user set password_hash = :h where id = :i"), {"h": stored, "i": paralegal})


def test_whose_role_still_waits_for_confirmation_enrols_the_passkey_that_it_will_ask_for(
    client: Browser, newcomer: int, invite: Invite, owner: sa.Connection
) -> None:
    waits = "update access_grant set role = 'RO.SUPATT', awaits_confirmation = true where user_id = :i"
    owner.execute(sa.text(waits), {"i": newcomer})
    open_it(client, invite(newcomer))
    type_password(client)
    assert "Your role opens much" in client.get("/invitation/second-step").get_data(as_text=True)
    assert client.post("/invitation/second-step", {"code": "000000"}).status_code == 403
