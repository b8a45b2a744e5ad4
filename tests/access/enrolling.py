"""Enrolling by invitation, as its pages ask for it; fixtures for tests of invitations and resets."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import invitations, sessions
from intake.access.invitations import Handed
from intake.access.models import User
from tests.access.steps import code_of, forget_tries, hidden
from tests.browser import Browser
from tests.world import World

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
