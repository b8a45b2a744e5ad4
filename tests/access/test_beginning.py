"""The beginning of a real matter: no default account, no page that makes one, a file and invitations."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, keys
from intake.matters import beginning
from intake.settings import Settings
from tests.access.steps import show_password
from tests.browser import Browser
from tests.world import World

FILE = """
[matter]
title = "Real Person v. Agency"
short_title = "Person"
court = "cacd"
docket_no = "2:26-cv-00001"
[caption]
plaintiffs = "A"
defendants = "B"
counsel = []
hearing = []
[[organisation]]
name = "Canyon Legal Aid"
short_name = "Canyon"
agreement_no = "CI-1"
[[organisation.person]]
name = "Kim Example"
email = "Kim@canyon.example"
role = "RO.ADMIN"
[[organisation.person]]
name = "Lee Example"
email = "lee@canyon.example"
role = "RO.SUPATT"
language = "es"
"""


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return tomllib.loads(FILE)


def begin(owner: sa.Connection, data: dict[str, Any], settings: Settings, *again: str) -> dict[str, str]:
    """Write the matter and return {e-mail: link}."""
    keys.prepare(settings, beginning.write(owner, data))
    with db.transaction():
        return {user.email: h.link for user, h in beginning.invitations(data, settings, frozenset(again))}


def test_a_file_makes_a_matter_its_people_and_their_invitations_and_never_twice(
    app: Flask, owner: sa.Connection, data: dict[str, Any], settings: Settings
) -> None:
    first = begin(owner, data, settings)
    assert set(first) == {"kim@canyon.example", "lee@canyon.example"}
    begin(owner, data, settings)
    for table, count in (("matter", 1), ("organisation", 1), ("app_user", 2)):
        column = {"matter": "docket_no = '2:26-cv-00001'", "organisation": "name like 'Canyon%'"}
        where = column.get(table, "email like '%canyon.example'")
        assert owner.execute(sa.text(f"select count(*) from {table} where {where}")).scalar_one() == count
    assert not owner.execute(sa.text("select fictional from matter where docket_no = '2:26-cv-00001'")).scalar_one()


def test_nobody_of_the_file_can_sign_in_before_they_enrolled(
    client: Browser, owner: sa.Connection, data: dict[str, Any], settings: Settings
) -> None:
    begin(owner, data, settings)
    for password in ("x", "demo-orange-window-7"):
        assert show_password(client, "kim@canyon.example", password).status_code == 422


def test_who_enrolled_gets_no_new_invitation_unless_named(
    app: Flask, owner: sa.Connection, data: dict[str, Any], settings: Settings, world: World
) -> None:
    begin(owner, data, settings)
    owner.execute(
        sa.text(
            "update app_user set password_hash = (select password_hash from app_user where id = :id)"
            " where email like '%canyon.example'"
        ),
        {"id": world.users["intake"]},
    )
    assert begin(owner, data, settings) == {}
    assert set(begin(owner, data, settings, "kim@canyon.example")) == {"kim@canyon.example"}
    kind = "select kind from invitation order by created_at desc limit 1"
    assert owner.execute(sa.text(kind)).scalar_one() == "factors"


def test_a_role_that_does_not_exist_is_an_error(owner: sa.Connection, data: dict[str, Any]) -> None:
    office = data["organisation"][0]
    wrong = {**data, "organisation": [{**office, "person": [{**office["person"][0], "role": "RO.GOD"}]}]}
    with pytest.raises(ValueError, match=r"RO\.GOD"):
        beginning.write(owner, wrong)


def test_no_page_makes_an_account_for_who_is_not_signed_in(app: Flask, client: Browser) -> None:
    for address in ("/admin", "/setup", "/register", "/sign-up", "/install", "/people-and-roles/new"):
        assert client.get(address).status_code in {302, 404}
