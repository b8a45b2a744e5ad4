"""The analyst: counts and extracts in which nobody can be recognised, and nothing else."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access import rows, sessions
from intake.access.actor import Actor
from intake.deidentified import queries, services
from intake.deidentified.extract import COMMON, Told, generalise
from intake.incidents import claims
from intake.incidents import services as incidents
from intake.incidents.models import ClaimTag, Incident
from intake.people.models import Person
from intake.people.services import describe_person
from intake.people.vault import seal_identity
from intake.settings import Settings
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
CANARY = "zorzalanalista"


@pytest.fixture(scope="module")
def told(app: Flask, world: World, settings: Settings) -> None:
    """Thirty incidents in two counties and two months; three of them in a third county; all full of a canary word."""
    with db.transaction():
        sessions.act_for(world.users["intake"])
        for number in range(30):
            account = an_account(narrative=f"{CANARY} {number}")
            incident, person = account.incident, db.session.get_one(Person, account.person_id)
            incident.title = incident.site_name = incident.city = CANARY
            incident.county = "Ventura" if number < 3 else ("Los Angeles" if number % 2 else "Orange")
            incident.earliest = incident.latest = _day(number)
            describe_person(person, age_band="25_44" if number % 3 else "18_24", city=CANARY, variant_town=CANARY)
            seal_identity(person, {"legal_name": CANARY})
            incidents.observe(account, "agency", [incidents.Seen("AG.DHS.CBP.USBP", quote=CANARY)])
            claims.write_note(incident, CANARY, "en")
            claims.suggest_claim(incident, "CL.4A.STOP", CANARY)
        an_account(narrative=CANARY).incident.county = "Riverside"
    with db.transaction():
        sessions.act_for(world.users["attorney"])
        for tag in db.session.scalars(sa.select(ClaimTag)):
            claims.decide_claim(tag, confirm=True)
    with sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool).begin() as connection:
        connection.execute(sa.text("update incident set tier = 3 where county = 'Riverside'"))


def _day(number: int) -> dt.date:
    return dt.date(2025, 6 + number % 2, 3 + number % 20)


@pytest.fixture
def project(told: None, as_analyst: Browser, world: World) -> str:
    as_analyst.get("/counts")
    answer = as_analyst.post("/counts", {"matter": str(world.matter), "title": "Which months?"})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return str(answer.location.rsplit("/", 1)[1])


def test_only_the_analyst_opens_projects_and_only_their_own(
    project: str, browser_of: Callable[[str], Browser], world: World
) -> None:
    for who in ("attorney", "paralegal", "intake", "auditor", "admin", "cocounsel"):
        browser = browser_of(who)
        assert browser.get("/counts").status_code == 403, who
        assert browser.get(f"/counts/{project}").status_code == 403, who
    analyst = browser_of("analyst")
    assert analyst.get(f"/counts/{project}").status_code == 200
    assert analyst.get(f"/counts/{uuid.uuid4()}").status_code == 404
    assert analyst.post("/counts", {"matter": "999", "title": "x"}).status_code == 422


def test_pages_and_extracts_hold_no_word_that_was_told_and_no_day(
    project: str, as_analyst: Browser, owner: sa.Connection
) -> None:
    seen = [as_analyst.get("/counts")]
    for one in (*queries.DIMENSIONS, "narrative"):
        seen += [as_analyst.get(f"/counts/{project}?rows={one}&columns={other}") for other in ("", "month", "agency")]
    seen.append(as_analyst.post(f"/counts/{project}/extract"))
    ids = [
        str(each) for each in owner.execute(sa.text("select id from incident union select id from person")).scalars()
    ]
    for page in seen:
        assert page.status_code in {200, 422}
        text = page.get_data(as_text=True)
        assert CANARY not in text.lower()
        assert not re.search(r"2025-\d\d-\d\d|Riverside|Declarant \d", text)
        assert not [each for each in ids if each in text]


def test_a_small_county_is_hidden_with_a_complement(project: str, as_analyst: Browser, acting: Acting) -> None:
    assert as_analyst.get(f"/counts/{project}?rows=county").status_code == 200
    with acting("analyst"):
        table = queries.count(uuid.UUID(project), "county").table
    assert table.rows["Ventura"] is None
    assert [n for n in table.rows.values() if n is None] == [None, None]
    assert table.total == 30


def test_a_table_of_two_dimensions_prints_no_small_number(project: str, acting: Acting) -> None:
    with acting("analyst"):
        for one in queries.DIMENSIONS[:5]:
            for other in queries.DIMENSIONS[:5]:
                if one != other:
                    table = queries.count(uuid.UUID(project), one, other).table
                    printed = (*table.cells.values(), *table.rows.values(), *table.columns.values())
                    assert all(n is None or n >= 5 for n in printed)


def test_pseudonyms_stay_within_a_project_and_differ_between_two(project: str, acting: Acting, world: World) -> None:
    def named(which: str) -> set[str]:
        return {told.person for told in queries.accounts(uuid.UUID(which))}

    with acting("analyst"):
        other = str(services.open_project(world.matter, "Another").id)
        assert len(named(project)) == 30
        assert named(project) == named(project)
        assert not named(project) & named(other)


def test_every_extract_has_pseudonyms_of_its_own_and_rows_like_ten_others(project: str, as_analyst: Browser) -> None:
    def taken() -> list[dict[str, str]]:
        answer = as_analyst.post(f"/counts/{project}/extract")
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"] == 'attachment; filename="extract.csv"'
        return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))

    first, second = taken(), taken()
    assert first
    assert set(first[0]) == {"person", *COMMON, "agency", "tro_factor", "force", "outcome"}
    assert not {row["person"] for row in first} & {row["person"] for row in second}
    alike = Counter(tuple(row[name] for name in COMMON) for row in first)
    assert min(alike.values()) >= 11
    assert "Ventura" not in {row["county"] for row in first}


def test_who_stands_alone_leaves_blank_what_differs_or_stays_out() -> None:
    def account(person: str, county: str) -> Told:
        common = {"month": "2025-06", "county": county, "site": "", "age_band": "25_44"}
        return Told(person, common, frozenset({("agency", "A"), ("force", person)}))

    many = [account(f"p{number}", "Orange") for number in range(11)]
    taken = generalise([*many, account("alone", "Ventura")])
    assert len(taken.rows) == 11
    assert taken.left_out == 1
    assert {row.common["county"] for row in taken.rows} == {"Orange"}
    assert {code for row in taken.rows for code in row.codes} == {("agency", "A")}
    # One person's eleven accounts hide nobody.
    assert generalise([account("alone", "Ventura")] * 11).rows == ()


def test_counting_and_taking_an_extract_are_in_the_log(project: str, as_analyst: Browser, owner: sa.Connection) -> None:
    as_analyst.get(f"/counts/{project}?rows=county&columns=month")
    as_analyst.post(f"/counts/{project}/extract")
    found = owner.execute(
        sa.text("select kind from audit.event where record_id = :id and subject = 'analysis_project' order by id"),
        {"id": project},
    )
    assert list(found.scalars())[-2:] == ["counted", "extract"]


def test_claims_are_counted_only_where_the_attorney_lets_them(
    project: str, as_analyst: Browser, as_attorney: Browser, world: World
) -> None:
    assert as_analyst.get(f"/counts/{project}?rows=claim").status_code == 422
    as_attorney.get("/counts/rules")
    rule = {"compartment": str(world.compartment), "claims": "yes"}
    assert as_attorney.post("/counts/rules", rule, once=None).status_code == 303
    assert as_analyst.get(f"/counts/{project}?rows=claim").status_code == 200
    foreign = {"compartment": str(world.other_compartment), "claims": "yes"}
    assert as_attorney.post("/counts/rules", foreign, once=None).status_code == 422
    assert as_attorney.post("/counts/rules", {**rule, "claims": "no"}, once=None).status_code == 303
    assert as_analyst.get(f"/counts/{project}?rows=claim").status_code == 422


def test_a_wall_and_a_records_tier_hold_in_the_counts(
    project: str, acting: Acting, world: World, owner: sa.Connection
) -> None:
    with acting("analyst"):
        assert "Riverside" not in queries.count(uuid.UUID(project), "county").table.rows
    values = {"u": world.users["analyst"], "c": world.compartment}
    owner.execute(sa.text("insert into ethical_wall (user_id, compartment_id, reason) values (:u, :c, 'x')"), values)
    try:
        with acting("analyst"):
            assert queries.count(uuid.UUID(project), "county").table.rows == {}
            assert queries.accounts(uuid.UUID(project)) == []
    finally:
        owner.execute(sa.text("delete from ethical_wall where user_id = :u"), values)


def test_in_sql_an_analyst_reaches_the_views_and_no_table_with_a_record(
    project: str, settings: Settings, world: World
) -> None:
    program = sa.create_engine(settings.program_url, poolclass=sa.pool.NullPool)

    def seen(what: str, user: int) -> int:
        with program.connect() as connection:
            connection.execute(sa.text("select set_config('app.user_id', :id, true)"), {"id": str(user)})
            return int(connection.execute(sa.text(f"select count(*) from {what}")).scalar_one())

    analyst, attorney = world.users["analyst"], world.users["attorney"]
    for table in set(rows.MATTER_TABLES) - {"analysis_project"}:
        assert seen(table, analyst) == 0, table
    for view in ("incident", "person", "observation"):
        assert seen(f"deidentified.{view}", analyst) > 0
        assert seen(f"deidentified.{view}", attorney) == 0
    for asked in ("deidentified.secret", "vault.identity", "audit.event"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            seen(asked, analyst)


def test_a_view_gives_away_no_row_through_a_function_that_tells(project: str, settings: Settings, world: World) -> None:
    # security_barrier: a condition of the reader's own runs after the view's, so it never meets another's row.
    program = sa.create_engine(settings.program_url, poolclass=sa.pool.NullPool)
    with program.connect() as connection:
        connection.execute(sa.text("select set_config('app.user_id', :id, true)"), {"id": str(world.users["stranger"])})
        # Each row met would divide by zero.
        found = connection.execute(sa.text("select * from deidentified.incident where 1 / (length(county) * 0) = 1"))
        assert found.all() == []


def test_a_closed_project_shows_nothing_any_more(project: str, as_analyst: Browser, acting: Acting) -> None:
    assert as_analyst.post(f"/counts/{project}/close", once=None).status_code == 303
    assert as_analyst.get(f"/counts/{project}").status_code == 404
    with acting("analyst"):
        assert queries.accounts(uuid.UUID(project)) == []
        assert db.session.scalars(sa.select(Incident)).all() == []
