"""Ethical walls: stronger than a grant, a share, one's own intake, approval, broken glass, and administration."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.models import Wall
from intake.errors import NotAllowed
from tests.access.planted import CANARY, Ids
from tests.access.reaching import Acting, a_record, change, names_seen, rows_seen, sees, share, walled
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

EVERYBODY = ("intake", "paralegal", "attorney")


@pytest.fixture(scope="module")
def planted() -> dict[str, Ids]:
    return {}


@pytest.fixture
def ids(acting: Acting, planted: dict[str, Ids]) -> Ids:
    """One record for the whole module: walls are undone after each test."""
    if not planted:
        planted["ids"] = a_record(acting)
    return planted["ids"]


@pytest.mark.parametrize("who", EVERYBODY)
@pytest.mark.parametrize("one", [False, True], ids=["compartment", "one record"])
def test_behind_a_wall_nothing_of_a_record_is_seen_whatever_is_held(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids, who: str, one: bool
) -> None:
    assert rows_seen(acting, who, ids["incident"])
    with walled(owner, world.users[who], world.compartment, ids["incident"] if one else None):
        assert rows_seen(acting, who, ids["incident"]) == {}
        assert names_seen(acting, who, ids["person"]) == 0
    assert rows_seen(acting, who, ids["incident"])


def test_a_wall_round_one_record_leaves_the_others_and_stops_only_whom_it_names(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids
) -> None:
    other = a_record(acting)
    with walled(owner, world.users["attorney"], world.compartment, ids["incident"]):
        assert sees(acting, "attorney", other["incident"])
        assert sees(acting, "paralegal", ids["incident"])


def test_the_names_of_a_walled_record_stay_sealed_wherever_its_people_appear(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids
) -> None:
    with acting("intake"):
        an_account().person_id = ids["person"]
        db.session.flush()
    with walled(owner, world.users["attorney"], world.compartment, ids["incident"]):
        assert names_seen(acting, "attorney", ids["person"]) == 0
        assert names_seen(acting, "paralegal", ids["person"]) == 1


@pytest.mark.parametrize("where", ["owner", "own", "record"])
def test_a_share_does_not_climb_a_wall(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids, where: str
) -> None:
    share(owner, ids, world.compartment, world.other_compartment, world.users["attorney"])
    assert sees(acting, "cocounsel", ids["incident"])
    place = world.other_compartment if where == "own" else world.compartment
    with walled(owner, world.users["cocounsel"], place, ids["incident"] if where == "record" else None):
        assert rows_seen(acting, "cocounsel", ids["incident"]) == {}
    change(owner, "update share set revoked_at = now()")


def test_broken_glass_does_not_climb_a_wall(acting: Acting, owner: sa.Connection, world: World, ids: Ids) -> None:
    opened = (
        "insert into break_glass (compartment_id, incident_id, number, asked_by_id, reason, allowed_by_id, allowed_at, ends_at)"
        " values (:c, :i, 1, :who, 'x', :by, now(), now() + interval '60 minutes')"
    )
    who = world.users["second_intake"]
    change(owner, opened, c=world.compartment, i=ids["incident"], who=who, by=world.users["attorney"])
    assert sees(acting, "second_intake", ids["incident"])
    for one in (None, ids["incident"]):
        with walled(owner, who, world.compartment, one):
            assert rows_seen(acting, "second_intake", ids["incident"]) == {}
    change(owner, "delete from break_glass")


def test_an_administrator_behind_the_wall_manages_nobody(owner: sa.Connection, world: World, as_admin: Browser) -> None:
    assert as_admin.get("/people-and-roles").status_code == 200
    with walled(owner, world.users["admin"], world.compartment):
        assert as_admin.get("/people-and-roles").status_code == 403


def test_a_wall_holds_on_the_next_request_of_an_open_session(
    owner: sa.Connection, world: World, ids: Ids, as_attorney: Browser
) -> None:
    page = f"/incidents/{ids['incident']}"
    assert CANARY in as_attorney.get(page).get_data(as_text=True)
    with walled(owner, world.users["attorney"], world.compartment, ids["incident"]):
        assert as_attorney.get(page).status_code == 404
        found = as_attorney.post("/search", {"words": CANARY}).location
        assert str(ids["incident"]) not in as_attorney.get(found).get_data(as_text=True)
        assert str(ids["incident"]) not in as_attorney.get("/incidents").get_data(as_text=True)


def test_an_administrator_puts_up_a_wall_by_number_and_takes_it_down_with_a_reason(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids, as_admin: Browser, as_attorney: Browser
) -> None:
    who, label = world.users["paralegal"], _number(owner, ids)
    page = f"/people-and-roles/{who}"
    as_admin.get(page)
    put_up = {"compartment": str(world.compartment), "number": f"IN-{label:04d}", "reason": "acted for the other side"}
    assert as_admin.post(f"{page}/walls", put_up | {"number": "IN-8888888"}, once=None).status_code == 422
    assert as_admin.post(f"{page}/walls", put_up | {"reason": ""}, once=None).status_code == 422
    assert as_admin.post(f"{page}/walls", put_up, once=None).status_code == 303
    assert not sees(acting, "paralegal", ids["incident"])
    shown = as_admin.get(page).get_data(as_text=True)
    assert "acted for the other side" in shown
    assert CANARY not in shown
    down = re.search(r'action="(/walls/\d+/end)"', shown)
    assert down
    assert as_admin.post(down[1], {}, once=None).status_code == 422
    assert as_admin.post(down[1], {"reason": "conflict waived in writing"}, once=None).status_code == 303
    assert sees(acting, "paralegal", ids["incident"])
    assert "wall round your records" in as_attorney.get("/").get_data(as_text=True)


def test_nobody_takes_down_their_own_wall_or_that_of_another_organisation(
    owner: sa.Connection, world: World, as_admin: Browser
) -> None:
    for who, status in (("admin", 403), ("stranger", 404)):
        change(
            owner,
            "insert into ethical_wall (user_id, compartment_id, reason) values (:who, :place, 'x')",
            who=world.users[who],
            place=world.other_compartment,
        )
        wall = owner.execute(sa.text("select max(id) from ethical_wall")).scalar_one()
        as_admin.get("/people-and-roles")
        assert as_admin.post(f"/walls/{wall}/end", {"reason": "x"}, once=None).status_code == status
        owner.execute(sa.text("update ethical_wall set ended_at = now() where ended_at is null"))


@pytest.mark.parametrize(
    "statement",
    [
        "update ethical_wall set ended_at = now() where user_id = :who",
        "update ethical_wall set user_id = :me where user_id = :who",
        "update ethical_wall set reason = '' where user_id = :who",
        "delete from ethical_wall",
        "insert into ethical_wall (user_id, compartment_id, reason) values (:me, :place, 'x')",
    ],
    ids=["ending without being an administrator", "moving", "rewriting", "deleting", "walling oneself"],
)
def test_the_database_refuses_what_comes_past_the_page(
    owner: sa.Connection, world: World, app: object, statement: str
) -> None:
    me = world.users["attorney" if statement.startswith("update ethical_wall set ended_at") else "admin"]
    with walled(owner, world.users["paralegal"], world.compartment):
        with pytest.raises((NotAllowed, sa.exc.ProgrammingError)), db.transaction():
            sessions.act_for(me)
            values = {"who": world.users["paralegal"], "me": me, "place": world.compartment}
            named = sa.text(statement)
            db.session.execute(named, {n: v for n, v in values.items() if f":{n}" in statement})
        standing = sa.select(sa.func.count()).select_from(Wall).where(Wall.ended_at.is_(None))
        assert owner.execute(standing).scalar_one() == 1


def test_a_wall_stops_a_job_that_runs_for_the_walled(
    owner: sa.Connection, world: World, ids: Ids, acting: Acting
) -> None:
    minder: Callable[[], int] = lambda: owner.execute(  # noqa: E731
        sa.text("select access.minder(:id)"), {"id": ids["incident"]}
    ).scalar_one()
    assert minder() == world.users["intake"]
    with walled(owner, world.users["intake"], world.compartment, ids["incident"]):
        assert minder() == world.users["attorney"]


def _number(owner: sa.Connection, ids: Ids) -> int:
    return int(
        owner.execute(sa.text("select number from incident where id = :id"), {"id": ids["incident"]}).scalar_one()
    )
