"""Break-glass: one record, 60 minutes, two people, a reason, an alert, a review; and never past a wall or a seal."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from intake import db
from intake.access import sessions
from intake.errors import NotAllowed
from tests.access.planted import CANARY, Ids
from tests.access.reaching import Acting, a_record, change, granted, names_seen, rows_seen, sees, tier
from tests.browser import Browser
from tests.world import World

REASON = "His sister calls: he was taken again and needs his medicine"


@pytest.fixture
def ids(acting: Acting) -> Ids:
    return a_record(acting)


@pytest.fixture
def asked(owner: sa.Connection, ids: Ids, as_second: Browser) -> str:
    """Another intake worker asked for the record; returns the request's address."""
    as_second.get("/closed-records")
    assert ask(as_second, number(owner, ids)).status_code == 303
    glass = owner.execute(sa.text("select id from break_glass order by created_at desc limit 1")).scalar_one()
    return f"/closed-records/{glass}"


@pytest.fixture
def as_second(browser_of: Callable[[str], Browser]) -> Browser:
    return browser_of("second_intake")


def number(owner: sa.Connection, ids: Ids) -> str:
    found = owner.execute(sa.text("select number from incident where id = :id"), {"id": ids["incident"]}).scalar_one()
    return f"IN-{found:04d}"


def ask(browser: Browser, label: str, reason: str = REASON) -> TestResponse:
    return browser.post("/closed-records/ask", {"number": label, "reason": reason})


def test_one_record_opens_by_two_people_and_no_other(
    acting: Acting, ids: Ids, asked: str, as_second: Browser, as_attorney: Browser
) -> None:
    other, page = a_record(acting), f"/incidents/{ids['incident']}"
    assert as_second.get(page).status_code == 404
    assert as_attorney.post(f"{asked}/open", {}, once=None).status_code == 303
    shown = as_second.get(page).get_data(as_text=True)
    assert CANARY in shown
    assert "Opened to you in an emergency" in shown
    assert "60 minutes" in as_second.get("/").get_data(as_text=True)
    assert as_second.get(f"/evidence/{ids['item']}").status_code == 200
    assert as_second.get(f"/declarations/{ids['declaration']}").status_code == 200
    assert as_second.get(f"/incidents/{other['incident']}").status_code == 404
    assert not sees(acting, "cocounsel", ids["incident"])


def test_it_reads_and_changes_nothing_and_shows_no_work_product(
    acting: Acting, world: World, ids: Ids, asked: str, as_attorney: Browser
) -> None:
    as_attorney.post(f"{asked}/open", {}, once=None)
    seen = rows_seen(acting, "second_intake", ids["incident"])
    assert {"account", "evidence_item", "declaration", "paragraph"} <= set(seen)
    assert not {"note", "claim_tag", "review_comment", "search_entry"} & set(seen)
    assert names_seen(acting, "second_intake", ids["person"]) == 1
    with acting("second_intake"):
        for table in ("incident", "account", "paragraph"):
            column = "id" if table == "incident" else "incident_id"
            changed = sa.text(f"update {table} set version = version + 1 where {column} = :id returning 1")
            assert db.session.execute(changed, {"id": ids["incident"]}).all() == [], table


def test_it_ends_after_sixty_minutes_and_before_when_somebody_closes_it(
    acting: Acting, owner: sa.Connection, ids: Ids, asked: str, as_second: Browser, as_attorney: Browser
) -> None:
    as_attorney.post(f"{asked}/open", {}, once=None)
    lasts = owner.execute(sa.text("select max(ends_at - allowed_at) from break_glass")).scalar_one()
    assert lasts.total_seconds() == 3600
    assert sees(acting, "second_intake", ids["incident"])
    glass = asked.rsplit("/", 1)[1]
    moved = "update break_glass set allowed_at = allowed_at - :by, ends_at = ends_at - :by where id = :id"
    owner.execute(sa.text(moved.replace(":by", "interval '60 minutes'")), {"id": glass})
    assert not sees(acting, "second_intake", ids["incident"])
    owner.execute(sa.text(moved.replace(":by", "interval '-60 minutes'")), {"id": glass})
    assert sees(acting, "second_intake", ids["incident"])
    assert as_second.post(f"{asked}/end", {}, once=None).status_code == 303
    assert not sees(acting, "second_intake", ids["incident"])


def test_nobody_opens_to_themselves(acting: Acting, owner: sa.Connection, ids: Ids, as_attorney: Browser) -> None:
    tier(owner, ids["incident"], 2)
    as_attorney.get("/closed-records")
    assert ask(as_attorney, number(owner, ids)).status_code == 303
    glass = owner.execute(sa.text("select id from break_glass order by created_at desc limit 1")).scalar_one()
    for act in ("open", "refuse"):
        assert as_attorney.post(f"/closed-records/{glass}/{act}", {}, once=None).status_code in {403, 404}
    assert not sees(acting, "attorney", ids["incident"])


@pytest.mark.parametrize("who", ["intake", "paralegal", "cocounsel", "other_attorney", "admin", "auditor", "analyst"])
def test_only_a_supervising_attorney_of_the_owning_organisation_opens(
    acting: Acting, ids: Ids, asked: str, browser_of: Callable[[str], Browser], who: str
) -> None:
    for act in ("open", "refuse", "review"):
        form = {"justified": "yes", "words": "x"}
        assert browser_of(who).post(f"{asked}/{act}", form, once=None).status_code in {403, 404}, act
    assert not sees(acting, "second_intake", ids["incident"])


def test_an_attorney_whose_grant_does_not_reach_the_record_does_not_open_it(
    acting: Acting, owner: sa.Connection, world: World, ids: Ids, asked: str, as_attorney: Browser
) -> None:
    tier(owner, ids["incident"], 2)
    assert as_attorney.post(f"{asked}/open", {}, once=None).status_code == 404
    with granted(owner, world.users["attorney"], tier=2):
        assert as_attorney.post(f"{asked}/open", {}, once=None).status_code == 303
    assert sees(acting, "second_intake", ids["incident"])


def test_a_courts_seal_is_not_broken(
    acting: Acting, owner: sa.Connection, ids: Ids, asked: str, as_attorney: Browser
) -> None:
    as_attorney.post(f"{asked}/open", {}, once=None)
    assert sees(acting, "second_intake", ids["incident"])
    tier(owner, ids["incident"], 3)
    assert rows_seen(acting, "second_intake", ids["incident"]) == {}


def test_asking_tells_nothing_about_what_exists(
    owner: sa.Connection, ids: Ids, as_second: Browser, world: World
) -> None:
    as_second.get("/closed-records")
    for label in (number(owner, ids), "IN-7777777"):
        answer = ask(as_second, label)
        assert answer.status_code == 303
        shown = as_second.get(answer.location).get_data(as_text=True)
        line = re.search(rf"<li><span><b>{label}</b>.*?</li>", shown, re.DOTALL)
        assert line
        assert "waits for an attorney" in line[0]
    kept = owner.execute(sa.text("select incident_id, compartment_id from break_glass where number = 7777777")).all()
    assert kept == [(None, None)]


@pytest.mark.parametrize(
    ("label", "reason"), [("", REASON), ("the one of Pedro", REASON), ("IN-0001", ""), ("IN-0001", "because")]
)
def test_a_number_and_a_reason_of_some_words_are_needed(as_second: Browser, label: str, reason: str) -> None:
    as_second.get("/closed-records")
    assert ask(as_second, label, reason).status_code == 422


def test_what_one_sees_anyway_needs_no_breaking(owner: sa.Connection, ids: Ids, as_intake: Browser) -> None:
    as_intake.get("/closed-records")
    before = owner.execute(sa.text("select count(*) from break_glass")).scalar_one()
    assert ask(as_intake, number(owner, ids)).location == f"/incidents/{ids['incident']}"
    assert owner.execute(sa.text("select count(*) from break_glass")).scalar_one() == before


def test_the_owners_attorneys_and_administrators_are_told_at_once_without_content(
    owner: sa.Connection, world: World, ids: Ids, asked: str, as_attorney: Browser, as_admin: Browser
) -> None:
    glass = asked.rsplit("/", 1)[1]
    told = sa.text("select code, user_id from notice where record_id = :id order by code, user_id")
    both = sorted([world.users["attorney"], world.users["admin"]])
    assert owner.execute(told, {"id": glass}).all() == [("glass.asked", user) for user in both]
    as_attorney.post(f"{asked}/open", {}, once=None)
    codes = {(row.code, row.user_id) for row in owner.execute(told, {"id": glass})}
    assert codes >= {("glass.opened", user) for user in both} | {("glass.yours", world.users["second_intake"])}
    for browser, page in ((as_attorney, "/"), (as_admin, "/people-and-roles")):
        shown = browser.get(page).get_data(as_text=True)
        assert "opened in an emergency" in shown
        assert "medicine" not in shown
    away = re.search(r'action="(/notices/\d+/seen)"', as_admin.get("/people-and-roles").get_data(as_text=True))
    assert away
    assert as_attorney.post(away[1], {}, once=None).status_code == 404
    assert as_admin.post(away[1], {}, once=None).status_code == 303
    assert away[1] not in as_admin.get("/people-and-roles").get_data(as_text=True)


def test_a_review_is_due_within_72_hours_and_the_asker_does_not_write_it(
    owner: sa.Connection, ids: Ids, asked: str, as_attorney: Browser, as_second: Browser
) -> None:
    glass = asked.rsplit("/", 1)[1]
    as_attorney.post(f"{asked}/open", {}, once=None)
    review = {"justified": "no", "words": "It could have waited for the morning"}
    assert as_attorney.post(f"{asked}/review", review, once=None).status_code == 409
    as_second.post(f"{asked}/end", {}, once=None)
    assert "waits for a review" in as_attorney.get("/closed-records").get_data(as_text=True)
    change(owner, "update break_glass set ended_at = now() - interval '73 hours' where id = :id", id=glass)
    assert "review overdue" in as_attorney.get("/closed-records").get_data(as_text=True)
    assert as_second.post(f"{asked}/review", review, once=None).status_code == 403
    assert as_attorney.post(f"{asked}/review", {"justified": "no"}, once=None).status_code == 422
    assert as_attorney.post(f"{asked}/review", review, once=None).status_code == 303
    assert as_attorney.post(f"{asked}/review", review, once=None).status_code == 409
    kept = owner.execute(
        sa.text("select justified, review, reviewed_by_id from break_glass where id = :id"), {"id": glass}
    )
    assert kept.one().justified is False


def test_a_request_is_decided_once_and_within_a_day(
    owner: sa.Connection, ids: Ids, asked: str, as_attorney: Browser
) -> None:
    change(owner, "update break_glass set created_at = now() - interval '25 hours' where id = :id", id=asked[-36:])
    assert as_attorney.post(f"{asked}/open", {}, once=None).status_code == 409
    change(owner, "update break_glass set created_at = now() where id = :id", id=asked[-36:])
    assert as_attorney.post(f"{asked}/refuse", {}, once=None).status_code == 303
    assert as_attorney.post(f"{asked}/open", {}, once=None).status_code == 409


def test_reading_through_broken_glass_is_in_the_log_and_the_reason_is_not(
    owner: sa.Connection, ids: Ids, asked: str, as_second: Browser, as_attorney: Browser
) -> None:
    as_attorney.post(f"{asked}/open", {}, once=None)
    as_second.get(f"/incidents/{ids['incident']}")
    logged = sa.text("select count(*) from audit.event where kind = 'glass_read' and record_id = :id")
    assert owner.execute(logged, {"id": str(ids["incident"])}).scalar_one() == 1
    payloads = owner.execute(sa.text("select payload from audit.event where subject = 'break_glass'")).scalars().all()
    assert payloads
    assert not [each for each in payloads if "medicine" in each]


@pytest.mark.parametrize(
    "statement",
    [
        "update break_glass set allowed_by_id = :attorney, allowed_at = now(), ends_at = now() + interval '1 hour'",
        "insert into break_glass (incident_id, number, asked_by_id, reason) values (:incident, 1, :me, 'x')",
        "delete from break_glass",
        "insert into notice (user_id, code) values (:me, 'x')",
    ],
    ids=["opening", "asking past the function", "deleting", "a notice of one's own"],
)
def test_the_tables_are_written_by_their_functions_alone(
    acting: Acting, world: World, ids: Ids, asked: str, statement: str
) -> None:
    values = {"attorney": world.users["attorney"], "me": world.users["second_intake"], "incident": ids["incident"]}
    try:
        with db.transaction():
            sessions.act_for(world.users["second_intake"])
            db.session.execute(sa.text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
    except (NotAllowed, sa.exc.ProgrammingError):
        pass
    assert not sees(acting, "second_intake", ids["incident"])


def test_two_people_and_an_hour_are_constraints_of_the_table_itself(
    owner: sa.Connection, world: World, ids: Ids
) -> None:
    made = (
        "insert into break_glass (compartment_id, incident_id, number, asked_by_id, reason, allowed_by_id, allowed_at, ends_at)"
        " values (:c, :i, 1, :who, 'x', :by, now(), now() + :long * interval '1 minute')"
    )
    one, two = world.users["second_intake"], world.users["attorney"]
    for by, minutes, name in ((one, 60, "two_people"), (two, 61, "an_hour")):
        with pytest.raises(sa.exc.IntegrityError, match=name):
            change(owner, made, c=world.compartment, i=ids["incident"], who=one, by=by, long=minutes)


def test_a_request_that_nobody_made_is_not_there(as_attorney: Browser) -> None:
    as_attorney.get("/closed-records")
    for act in ("open", "refuse", "end"):
        assert as_attorney.post(f"/closed-records/{uuid.uuid4()}/{act}", {}, once=None).status_code == 404
