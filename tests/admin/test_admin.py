"""People and roles, and the log."""

from __future__ import annotations

import sqlalchemy as sa

from tests.browser import Browser
from tests.world import World


def test_an_administrator_changes_a_role_and_it_holds_at_the_next_request(
    as_admin: Browser, as_paralegal: Browser, world: World, owner: sa.Connection
) -> None:
    assert as_paralegal.get("/search").status_code == 200
    as_admin.get("/people-and-roles")
    answer = as_admin.post(f"/people-and-roles/{world.users['paralegal']}/role", {"role": "RO.AUDITOR"}, once=None)
    assert answer.status_code == 302
    assert as_paralegal.get("/search").status_code == 403
    owner.execute(
        sa.text("update access_grant set role = 'RO.PARALEGAL' where user_id = :id"), {"id": world.users["paralegal"]}
    )


def test_an_administrator_cannot_change_their_own_role(as_admin: Browser, world: World) -> None:
    as_admin.get("/people-and-roles")
    answer = as_admin.post(f"/people-and-roles/{world.users['admin']}/role", {"role": "RO.SUPATT"}, once=None)
    assert answer.status_code == 403


def test_a_user_of_another_organisation_is_not_there(as_admin: Browser, world: World) -> None:
    as_admin.get("/people-and-roles")
    answer = as_admin.post(f"/people-and-roles/{world.users['stranger']}/active", {"active": "no"}, once=None)
    assert answer.status_code == 404


def test_an_auditor_sees_who_did_what_without_content(as_auditor: Browser, as_admin: Browser) -> None:
    as_admin.get("/people-and-roles")
    page = as_auditor.get("/log").get_data(as_text=True)
    assert "sign_in" in page or "Sign" in page
