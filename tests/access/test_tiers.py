"""Tiers of the protective order: an incident is seen by grants that reach its tier, and all that hangs on it follows."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.errors import NotAllowed
from intake.incidents import tiers
from intake.incidents.models import Incident
from tests.access.planted import CANARY, Ids
from tests.access.reaching import Acting, a_record, granted, names_seen, rows_seen, sees, share, tier
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World


@pytest.fixture
def ids(acting: Acting, owner: sa.Connection) -> Ids:
    return a_record(acting)


@pytest.mark.parametrize(
    ("who", "held", "reaches"),
    [
        ("attorney", 0, {0}),
        ("attorney", 1, {0, 1}),
        ("attorney", 2, {0, 1, 2}),
        ("attorney", 3, {0, 1, 2, 3}),
        # Attorneys' eyes only means what it says: whatever stands in the grant.
        ("paralegal", 0, {0}),
        ("paralegal", 1, {0, 1}),
        ("paralegal", 3, {0, 1}),
    ],
    ids=lambda value: str(value).replace(" ", ""),
)
def test_a_grant_reaches_up_to_its_tier_and_only_attorneys_above_one(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids, who: str, held: int, reaches: set[int]
) -> None:
    with granted(owner, world.users[who], tier=held):
        for number in range(4):
            tier(owner, ids["incident"], number)
            assert sees(acting, who, ids["incident"]) is (number in reaches), number


def test_everything_that_hangs_on_an_incident_follows_its_tier(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids
) -> None:
    whole = rows_seen(acting, "attorney", ids["incident"])
    assert {"account", "evidence_item", "declaration", "paragraph", "note", "claim_tag", "search_entry"} <= set(whole)
    tier(owner, ids["incident"], 2)
    assert rows_seen(acting, "attorney", ids["incident"]) == {}
    with granted(owner, world.users["attorney"], tier=2):
        assert rows_seen(acting, "attorney", ids["incident"]) == whole


def test_a_sealed_name_is_above_a_grant_with_its_incident(acting: Acting, owner: sa.Connection, ids: Ids) -> None:
    assert names_seen(acting, "attorney", ids["person"]) == 1
    tier(owner, ids["incident"], 2)
    assert names_seen(acting, "attorney", ids["person"]) == 0


def test_a_person_of_two_incidents_stays_known_from_the_one_in_reach(
    acting: Acting, owner: sa.Connection, ids: Ids
) -> None:
    with acting("intake"):
        other = an_account()
        other.person_id = ids["person"]
        db.session.flush()
        other_incident = other.incident_id
    tier(owner, ids["incident"], 3)
    person = sa.text("select count(*) from person where id = :id")
    with acting("attorney"):
        assert db.session.execute(person, {"id": ids["person"]}).scalar_one() == 1
    tier(owner, other_incident, 2)
    with acting("attorney"):
        assert db.session.execute(person, {"id": ids["person"]}).scalar_one() == 0


def test_who_opened_an_intake_keeps_it_until_it_is_locked_or_sealed_by_a_court(
    acting: Acting, owner: sa.Connection, ids: Ids
) -> None:
    for number, seen in ((0, True), (1, True), (2, True), (3, False)):
        tier(owner, ids["incident"], number)
        assert sees(acting, "intake", ids["incident"]) is seen, number
    tier(owner, ids["incident"], 1)
    locked = sa.text("update declaration set locked_at = :at where incident_id = :id")
    owner.execute(locked, {"at": "2026-01-02", "id": ids["incident"]})
    assert rows_seen(acting, "intake", ids["incident"]) == {}
    assert names_seen(acting, "intake", ids["person"]) == 0
    assert sees(acting, "paralegal", ids["incident"])
    owner.execute(locked, {"at": None, "id": ids["incident"]})
    assert sees(acting, "intake", ids["incident"])


@pytest.mark.parametrize(("held", "number", "seen"), [(1, 1, True), (1, 2, False), (2, 2, True), (2, 3, False)])
def test_a_share_reaches_as_far_as_the_readers_own_grant(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids, held: int, number: int, seen: bool
) -> None:
    share(owner, ids, world.compartment, world.other_compartment, world.users["attorney"])
    tier(owner, ids["incident"], number)
    with granted(owner, world.users["cocounsel"], tier=held):
        assert sees(acting, "cocounsel", ids["incident"]) is seen


def test_lists_searches_and_addresses_say_nothing_of_what_is_above_a_grant(
    owner: sa.Connection, ids: Ids, as_attorney: Browser
) -> None:
    label = owner.execute(sa.text("select number from incident where id = :id"), {"id": ids["incident"]}).scalar_one()
    found = as_attorney.post("/search", {"words": CANARY}).location
    assert f"IN-{label:04d}" in as_attorney.get(found).get_data(as_text=True)
    tier(owner, ids["incident"], 2)
    for page in ("/incidents", found):
        assert f"IN-{label:04d}" not in as_attorney.get(page).get_data(as_text=True), page
    for page in ("/incidents/{incident}", "/evidence/{item}", "/declarations/{declaration}", "/evidence/{item}/file"):
        assert as_attorney.get(page.format(**ids)).status_code == 404, page


def test_an_analyst_counts_no_record_above_tier_one(acting: Acting, owner: sa.Connection, ids: Ids) -> None:
    uncounted = sa.text("select access.uncounted()")
    with acting("analyst"):
        assert ids["incident"] not in db.session.execute(uncounted).scalar_one()
    tier(owner, ids["incident"], 2)
    with acting("analyst"):
        assert ids["incident"] in db.session.execute(uncounted).scalar_one()


def test_an_attorney_sets_the_tier_on_the_record_as_far_as_their_grant_reaches(
    owner: sa.Connection, world: World, ids: Ids, as_attorney: Browser, as_paralegal: Browser
) -> None:
    page, address = f"/incidents/{ids['incident']}", f"/incidents/{ids['incident']}/tier"
    assert 'name="tier"' not in as_paralegal.get(page).get_data(as_text=True)
    assert as_paralegal.post(address, {"tier": "1"}, once=None).status_code == 403
    with granted(owner, world.users["attorney"], tier=2):
        assert 'name="tier"' in as_attorney.get(page).get_data(as_text=True)
        assert as_attorney.post(address, {"tier": "3"}, once=None).status_code == 403
        assert as_attorney.post(address, {"tier": "2"}, once=None).status_code == 303
        assert "eyes only" in as_attorney.get(page).get_data(as_text=True)
    assert as_paralegal.get(page).status_code == 404
    assert as_attorney.get(page).status_code == 404
    assert as_attorney.post(address, {"tier": "1"}, once=None).status_code == 404


def test_nobody_shuts_themselves_out_or_reaches_in_by_the_tier(acting: Acting, ids: Ids) -> None:
    with acting("attorney"):
        incident = db.session.get_one(Incident, ids["incident"])
        assert tiers.reachable(incident) == (0, 1)
        with pytest.raises(NotAllowed):
            tiers.set_tier(incident, 2)


@pytest.mark.parametrize(("who", "number"), [("intake", 0), ("intake", 2), ("attorney", 2)])
def test_the_database_refuses_a_tier_that_is_not_theirs_to_set(
    app: object, world: World, ids: Ids, who: str, number: int
) -> None:
    with pytest.raises(NotAllowed), db.transaction():
        sessions.act_for(world.users[who])
        changed = sa.text("update incident set tier = :tier where id = :id")
        db.session.execute(changed, {"tier": number, "id": ids["incident"]})
