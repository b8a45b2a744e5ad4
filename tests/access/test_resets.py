"""After a loss: a reset takes two things, and an administrator alone is never enough."""

from __future__ import annotations

import re

import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import sessions
from intake.access.proofs import Passkey
from tests.access.enrolling import GOOD, Invite, calm, open_it, set_up_app, type_password  # noqa: F401
from tests.access.steps import code_of, give_app, show_code, show_password, signed_in
from tests.browser import Browser
from tests.world import PASSWORD, World


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
