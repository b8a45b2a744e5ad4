"""Leaving the coalition: a compartment's last day ends access on the next request, in both directions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from tests.access.planted import Ids
from tests.access.reaching import Acting, a_record, change, rows_seen, sees, share
from tests.browser import Browser
from tests.world import World

_LEAVES = "update compartment set left_on = current_date + :days where id = :id"


@pytest.fixture
def ids(acting: Acting, owner: sa.Connection, world: World) -> Iterator[Ids]:
    """A record of the one organisation, shown to the other."""
    ids = a_record(acting)
    share(owner, ids, world.compartment, world.other_compartment, world.users["attorney"])
    yield ids
    change(owner, "update compartment set left_on = null")


def test_who_left_sees_nothing_of_the_others_from_the_next_request_on(
    owner: sa.Connection, world: World, ids: Ids, as_cocounsel: Browser
) -> None:
    page = f"/incidents/{ids['incident']}"
    assert as_cocounsel.get(page).status_code == 200
    change(owner, _LEAVES, days=0, id=world.other_compartment)
    assert as_cocounsel.get(page).status_code in {403, 404}
    assert str(ids["incident"]) not in as_cocounsel.get("/incidents").get_data(as_text=True)


def test_what_the_leaver_had_shown_to_others_closes_too(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids
) -> None:
    assert sees(acting, "cocounsel", ids["incident"])
    change(owner, _LEAVES, days=0, id=world.compartment)
    assert rows_seen(acting, "cocounsel", ids["incident"]) == {}


def test_a_last_day_to_come_changes_nothing_yet(acting: Acting, owner: sa.Connection, world: World, ids: Ids) -> None:
    for compartment in (world.compartment, world.other_compartment):
        change(owner, _LEAVES, days=1, id=compartment)
    assert sees(acting, "cocounsel", ids["incident"])
    assert sees(acting, "attorney", ids["incident"])


def test_who_left_the_matter_reaches_nothing_in_it(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids
) -> None:
    change(owner, _LEAVES, days=0, id=world.compartment)
    for who in ("intake", "paralegal", "attorney"):
        assert rows_seen(acting, who, ids["incident"]) == {}, who


def test_broken_glass_ends_with_the_membership_of_either_side(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids
) -> None:
    change(owner, "update share set revoked_at = now()")
    opened = (
        "insert into break_glass (compartment_id, incident_id, number, asked_by_id, reason, allowed_by_id, allowed_at, ends_at)"
        " values (:c, :i, 1, :who, 'x', :by, now(), now() + interval '60 minutes')"
    )
    values = {"c": world.compartment, "i": ids["incident"], "who": world.users["cocounsel"]}
    change(owner, opened, by=world.users["attorney"], **values)
    assert sees(acting, "cocounsel", ids["incident"])
    for compartment in (world.compartment, world.other_compartment):
        change(owner, _LEAVES, days=0, id=compartment)
        assert rows_seen(acting, "cocounsel", ids["incident"]) == {}
        change(owner, "update compartment set left_on = null")
    assert sees(acting, "cocounsel", ids["incident"])
