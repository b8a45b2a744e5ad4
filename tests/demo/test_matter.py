"""The demonstration matter on the real stores."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, keys
from intake.access import sessions
from intake.app import create_app
from intake.declarations.gates import REACHED
from intake.declarations.models import Declaration
from intake.declarations.paper import pdf
from intake.demo import facts, files, interviews, matter, people, scale
from intake.evidence.models import EvidenceItem
from intake.settings import Settings
from intake.storage import Storage
from tests.browser import Browser

EVERYTHING = (
    "incident",
    "account",
    "person",
    "consent",
    "observation",
    "claim_tag",
    "note",
    "potential_source",
    "share",
    "evidence_item",
    "custody_event",
    "declaration",
    "paragraph",
    "declaration_version",
    "review_comment",
    "vault.identity",
    "audit.event",
)


@pytest.fixture(scope="module")
def loaded(settings: Settings) -> Settings:
    """The module's database with the matter; the first try is interrupted, the second goes on."""
    keys.LocalKeyFile.create(settings.key_file, [])
    real, calls = interviews.write, []

    def dies_later(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) > 9:
            raise KeyboardInterrupt
        return real(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interviews, "write", dies_later)
        with pytest.raises(KeyboardInterrupt):
            matter.load(settings)
    matter.load(settings)
    return settings


@pytest.fixture
def owner(loaded: Settings) -> Iterator[sa.Connection]:
    engine = sa.create_engine(loaded.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def web(loaded: Settings) -> Flask:
    return create_app(loaded)


def _browser(web: Flask, email: str) -> Browser:
    return Browser(web).sign_in(email)


def _counts(owner: sa.Connection) -> dict[str, int]:
    return {table: owner.scalar(sa.text(f"select count(*) from {table}")) for table in EVERYTHING}


def test_an_interrupted_load_is_completed_and_a_second_one_changes_nothing(
    loaded: Settings, owner: sa.Connection
) -> None:
    before = _counts(owner)
    assert before["incident"] == facts.NUMBER
    assert before["account"] == facts.NUMBER + sum(n - 1 for n in facts.TOLD_BY.values())
    matter.load(loaded)
    assert _counts(owner) == before


def test_incidents_span_six_months_in_two_languages_with_uncertain_days(owner: sa.Connection) -> None:
    months = set(
        owner.scalars(sa.text("select distinct to_char(earliest, 'YYYY-MM') from incident where earliest is not null"))
    )
    assert {f"2025-{n:02d}" for n in range(6, 12)} == months
    precisions = set(owner.scalars(sa.text("select distinct date_precision from account")))
    assert {"DP.DAY", "DP.PARTDAY", "DP.HOUR", "DP.ONABOUT", "DP.MONTH", "DP.RANGE", "DP.UNK"} <= precisions
    counted = owner.execute(sa.text("select narrative_language, count(*) as number from account group by 1"))
    languages = {row.narrative_language: row.number for row in counted}
    assert min(languages["en"], languages["es"]) > 15
    assert owner.scalar(sa.text("select count(*) from incident where intake_finished_at is null")) == len(
        facts.UNFINISHED
    )
    assert owner.scalar(sa.text("select count(*) from incident where county <> 'Los Angeles'")) == 0


def test_whoever_a_files_job_acts_for_still_reaches_the_file(loaded: Settings, owner: sa.Connection) -> None:
    queued = owner.execute(
        sa.text("select args->>'item_id' as item, (args->>'user_id')::int as asker from jobs.procrastinate_jobs")
    ).all()
    db.connect(loaded.program_url)
    unreached = []
    for job in queued:
        with db.transaction():
            sessions.act_for(job.asker)
            if job.item and db.session.get(EvidenceItem, uuid.UUID(job.item)) is None:
                unreached.append(job)
    assert queued
    assert unreached == []


def test_accounts_of_one_event_disagree_on_count_and_day(owner: sa.Connection) -> None:
    rows = owner.execute(
        sa.text(
            "select incident_id from account group by incident_id having count(*) > 1"
            " and count(distinct agents_low) > 1 and count(distinct edtf) > 1"
        )
    ).all()
    assert len(rows) >= 6


def test_declarations_stand_in_every_state_reached_so_far(owner: sa.Connection) -> None:
    states = set(owner.scalars(sa.text("select distinct state from declaration")))
    assert states == set(REACHED)


def test_a_locked_declaration_is_printed(loaded: Settings, web: Flask, owner: sa.Connection) -> None:
    users = people.user_ids(owner)
    locked = list(owner.scalars(sa.text("select id from declaration where state = 'DS.LOCKED'")))
    assert locked
    for each in locked:
        with db.transaction():
            sessions.act_for(users["attorney@harbor.example"])
            assert pdf(db.session.get_one(Declaration, each)).startswith(b"%PDF")


def test_every_file_is_sealed_and_its_stored_bytes_are_those_that_were_made(
    loaded: Settings, owner: sa.Connection
) -> None:
    store = Storage(loaded)
    rows = {
        r.filename: r
        for r in owner.execute(
            sa.text("select filename, object_key, version_id, sha256, state from evidence_item")
        ).all()
    }
    made = [each for one in facts.every_incident() for each in files.brought(one)]
    assert len(rows) == len(made)
    for each in made:
        row = rows[each.filename]
        assert row.state == "sealed"
        assert row.sha256 == hashlib.sha256(each.body).hexdigest()
        assert b"".join(store.open(row.object_key, row.version_id)) == each.body


def test_no_address_could_be_a_real_one(loaded: Settings, owner: sa.Connection) -> None:
    emails = set(owner.scalars(sa.text("select email from app_user")))
    assert all(email.endswith(".example") for email in emails)
    words = "\n".join(owner.scalars(sa.text("select narrative from account")))
    assert not re.search(r"@|https?:|www\.", words)
    greeting = matter.greeting("http://localhost:8123")
    assert greeting.splitlines()[0] == "ready http://localhost:8123"
    assert set(re.findall(r"\S+@\S+", greeting)) == emails
    assert "ictional" in greeting


def test_each_user_signs_in_and_sees_their_own_part(web: Flask) -> None:
    for user in people.described()["user"]:
        page = _browser(web, user["email"]).get("/")
        assert page.status_code in {200, 302, 303}, user["email"]
    attorney, cocounsel = (_browser(web, f"{name}.example") for name in ("attorney@harbor", "cocounsel@valley"))
    for path, label in (("/incidents", "IN-"), ("/declarations", "D-"), ("/search", "IN-")):
        assert label in attorney.get(path).get_data(as_text=True), path
        assert label in cocounsel.get(path).get_data(as_text=True), path


def test_every_incident_file_and_declaration_has_its_page(web: Flask, owner: sa.Connection) -> None:
    attorney = _browser(web, "attorney@harbor.example")
    for table, path in (("incident", "incidents"), ("evidence_item", "evidence"), ("declaration", "declarations")):
        for each in owner.scalars(
            sa.text(
                f"select t.id from {table} t join compartment c on c.id = t.compartment_id"
                " join organisation o on o.id = c.organisation_id where o.short_name = 'Harbor'"
            )
        ):
            assert attorney.get(f"/{path}/{each}").status_code == 200, (table, each)


def test_generated_incidents_are_loaded_and_found_by_search(loaded: Settings, web: Flask, owner: sa.Connection) -> None:
    scale.load(loaded, 500)
    assert owner.scalar(sa.text("select count(*) from incident")) == facts.NUMBER + 500
    page = _browser(web, "attorney@harbor.example").get("/search?q=troca").get_data(as_text=True)
    assert "IN-" in page
