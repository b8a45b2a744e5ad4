"""The 43 findings of a peer's published penetration test (BAY-01, 2026): each number a test that shows it is not ours.

Grouped as the public fix commits were. Numbers 028, 029, 035, 036 and 043 have no public description: nothing is
known of them to test. What belongs to operations is in test_findings_operations.py.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, cast

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access.actor import Actor
from intake.access.policy import Permission
from intake.declarations.models import Declaration
from intake.declarations.services import start_declaration
from intake.errors import NotAllowed
from intake.exports.records import rows_of
from intake.incidents.models import Account
from intake.incidents.queries import history_of
from intake.settings import Settings
from intake.spreadsheets import harmless
from tests.access.asking import JSON, asks_of, send, unsafe
from tests.access.matrix import undone
from tests.access.planted import STEM, Ids, plant
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
SCRIPT = '<script>alert(1)</script><img src=x onerror=alert(1)>" onmouseover="x'
FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """The planted records."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


# 1. Side doors: the main page asked who may see the record, and something beside it did not.


@pytest.mark.parametrize("who", ["stranger", "other_attorney", "cocounsel", "second_intake", "analyst", "admin"])
def test_bay_001_a_records_history_is_for_who_may_see_the_record(ids: Ids, acting: Acting, who: str) -> None:
    with acting("attorney"):
        incident = db.session.get_one(Account, ids["account"]).incident
        assert history_of(incident)
        db.session.expunge_all()
    with acting(who):
        theirs = sa.text("select count(*) from audit.trail where record_id = :id and kind <> 'refused'")
        assert db.session.execute(theirs, {"id": str(ids["incident"])}).scalar_one() == 0


@pytest.mark.parametrize("who", ["stranger", "other_attorney", "cocounsel", "admin", "auditor"])
def test_bay_002_text_read_from_a_file_is_not_written_by_a_stranger(ids: Ids, acting: Acting, who: str) -> None:
    for table in ("derivative", "evidence_item", "custody_event"):
        with acting(who):
            changed = db.session.execute(sa.text(f"update {table} set version = version where true"))
            assert cast("sa.CursorResult[Any]", changed).rowcount == 0, table
    with pytest.raises(NotAllowed), acting(who):
        db.session.execute(
            sa.text(
                "insert into derivative (item_id, incident_id, compartment_id, opened_by_id, kind)"
                " select :item, :incident, 1, :me, 'text'"
            ),
            {"item": ids["file"], "incident": ids["incident"], "me": 1},
        )


@pytest.mark.parametrize(
    "who", ["stranger", "other_attorney", "cocounsel", "second_intake", "analyst", "auditor", "admin"]
)
def test_bay_003_and_026_an_export_asks_again_for_each_record(ids: Ids, acting: Acting, who: str) -> None:
    with acting(who):
        assert list(rows_of([ids["incident"]], "records_with_claims", "en")) == []


def test_bay_009_work_on_many_files_at_once_is_done_as_its_asker(app: Flask) -> None:
    # There is no address for many records at once, and every job that a user asks for carries that user.
    import inspect  # noqa: PLC0415

    from intake import jobs, worker  # noqa: PLC0415

    for name in worker.TASK_MODULES:
        __import__(name)
    assert not [rule.rule for rule in app.url_map.iter_rules() if "bulk" in rule.rule]
    of_the_clock = {"timestamp"}
    for name, task in jobs.tasks.tasks.items():
        told = set(inspect.signature(task.func).parameters) - {"context"}
        assert "user_id" in told or told <= of_the_clock or "builtin" in name, name


def test_bay_010_a_relation_cannot_name_a_record_of_somebody_else(
    ids: Ids, acting: Acting, browser_of: Callable[[str], Browser]
) -> None:
    with acting("stranger"):
        account = an_account()
        paragraph, incident = start_declaration(account, "x").paragraphs[-1].id, account.incident_id
    browser = browser_of("stranger")
    for form in ({"item": str(ids["item"]), "locator": ""}, {"item": str(ids["file"]), "locator": "p. 2"}):
        answer = browser.post(f"/declarations/paragraphs/{paragraph}/sources", form, once=None)
        assert answer.status_code in {404, 422}
    told = {"name": "a.jpg", "size": 9, "type": "image/jpeg", "last_modified": 0, "once_key": str(uuid.uuid4())}
    foreign = {**told, "account_id": str(ids["account"])}
    assert browser.send(f"/incidents/{incident}/evidence/start", foreign).status_code in {404, 422}


@pytest.mark.parametrize("who", ["stranger", "other_attorney", "cocounsel", "second_intake"])
def test_bay_012_nothing_of_a_file_is_for_a_stranger(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], who: str
) -> None:
    browser, asked = browser_of(who), 0
    for what in asks_of(app):
        if what.method == "GET" and "{file}" in what.address:
            asked += 1
            assert send(browser, what, ids).status_code in {403, 404}, what
    assert asked >= 3


def test_bay_015_somebody_elses_export_is_not_there(ids: Ids, browser_of: Callable[[str], Browser]) -> None:
    for who in ("paralegal", "other_attorney"):
        browser = browser_of(who)
        for address in (f"/exports/{ids['export']}", f"/exports/{ids['export']}/file"):
            assert browser.get(address).status_code == 404
        assert STEM not in browser.get("/exports").get_data(as_text=True)


def test_bay_018_activity_is_listed_for_auditors_and_of_their_organisations_alone(
    ids: Ids, world: World, acting: Acting, as_auditor: Browser, browser_of: Callable[[str], Browser]
) -> None:
    with acting("stranger"):
        theirs = str(an_account().incident_id)
    assert theirs not in as_auditor.get("/log").get_data(as_text=True)
    with acting("auditor"):
        here = sa.text("select count(*) from audit.trail where record_id = :id")
        assert db.session.execute(here, {"id": theirs}).scalar_one() == 0
        compartments = db.session.execute(sa.text("select distinct compartment_id from audit.trail")).scalars()
        assert set(compartments) <= {world.compartment, None}
    for who in ("stranger", "intake", "paralegal", "analyst", "admin"):
        assert browser_of(who).get("/log").status_code == 403


# 2. Mass assignment: a form took fields that its page does not show.


def test_bay_011_nobody_gives_themselves_a_role_by_a_field(
    as_paralegal: Browser, world: World, owner: sa.Connection
) -> None:
    more = {
        "role": "RO.ADMIN",
        "roles": "RO.ADMIN",
        "grants": "[]",
        "organisation_id": "2",
        "active": "yes",
        "tier": "3",
    }
    as_paralegal.post("/account", {"language": "en", **more}, once=None)
    held = owner.execute(
        sa.text(
            "select role, tier, organisation_id from access_grant g join app_user u on u.id = g.user_id where u.id = :i"
        ),
        {"i": world.users["paralegal"]},
    ).all()
    assert [tuple(each) for each in held] == [("RO.PARALEGAL", 1, world.organisation)]
    for who in ("paralegal", "stranger", "admin"):
        answer = as_paralegal.post(f"/people-and-roles/{world.users[who]}/role", {"role": "RO.ADMIN"}, once=None)
        assert answer.status_code in {403, 404, 405}


def test_bay_022_reviewer_approver_and_owner_are_not_fields_of_a_form(
    ids: Ids, as_paralegal: Browser, world: World, owner: sa.Connection
) -> None:
    row = sa.text(
        "select reviewer_id, approved_by_id, state, opened_by_id, compartment_id from declaration where id = :id"
    )
    before = owner.execute(row, {"id": ids["declaration"]}).one()
    me = str(world.users["paralegal"])
    more = {"reviewer_id": me, "approved_by_id": me, "state": "DS.FILED", "opened_by_id": me, "compartment_id": "2"}
    details = {"name_style": "pseudonym", "oath_form": "OA.UNIVERSAL", **more}
    as_paralegal.post(f"/declarations/{ids['declaration']}/details", details, once=None)
    assert owner.execute(row, {"id": ids["declaration"]}).one() == before
    columns = {each.name for each in Declaration.__table__.columns}
    assert set(more) <= columns


# 3. Identities of colleagues.


def test_bay_021_no_list_tells_who_a_record_is_assigned_to(
    app: Flask, ids: Ids, world: World, owner: sa.Connection, browser_of: Callable[[str], Browser]
) -> None:
    named = sa.text("update app_user set display_name = 'Mirlo Colega' where id = :i")
    owner.execute(named, {"i": world.users["intake"]})
    for who in ("stranger", "other_attorney", "cocounsel", "analyst"):
        browser = browser_of(who)
        for what in asks_of(app):
            if what.method == "GET":
                for accept in ("text/html", "application/json"):
                    text = browser.client.get(what.address.format(**ids), headers={"Accept": accept}).get_data()
                    assert b"Mirlo Colega" not in text, (who, what)
                    assert world.emails["second_intake"].encode() not in text, (who, what)


# 4. Sign-in.


def test_bay_005_no_address_makes_the_first_administrator(app: Flask, client: Browser, owner: sa.Connection) -> None:
    for path in (
        "/setup",
        "/install",
        "/admin",
        "/register",
        "/sign-up",
        "/api/create-admin",
        "/bootstrap",
        "/first-run",
    ):
        assert client.client.get(path).status_code == 404
        assert client.client.post(path).status_code in {400, 404}
    before = owner.execute(sa.text("select count(*) from app_user")).scalar_one()
    client.get("/sign-in")
    for what in unsafe(app):
        send(
            client,
            what,
            dict.fromkeys(re.findall(r"{(\w+)}", what.address), uuid.uuid4()),
            data={"csrf_token": client.token},
        )
    assert owner.execute(sa.text("select count(*) from app_user")).scalar_one() == before


def test_bay_007_guessing_is_limited_for_the_account_and_for_the_network(
    app: Flask, owner: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tests/access/test_limits.py has the whole behaviour; here: one account from many networks, many from one.
    monkeypatch.setattr("intake.access.sign_in.TRIES_OF_NETWORK", 12)
    owner.execute(sa.text("delete from sign_in_attempt"))

    def guess(email: str, address: str) -> int:
        browser = Browser(app)
        browser.get("/sign-in")
        fields = {"csrf_token": browser.token, "email": email, "password": "wrong"}
        return browser.client.post("/sign-in", data=fields, environ_base={"REMOTE_ADDR": address}).status_code

    assert 429 in [guess("victim@example.org", f"203.0.{n}.9") for n in range(12)]
    owner.execute(sa.text("delete from sign_in_attempt"))
    assert 429 in [guess(f"u{n}@example.org", "198.51.100.7") for n in range(14)]
    owner.execute(sa.text("delete from sign_in_attempt"))


def test_bay_016_what_administrators_and_others_may_harm_with_asks_for_a_fresh_sign_in(app: Flask) -> None:
    wanted = {"people.unseal", "exports.new", "deidentified.extract"}
    manage = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "permission", None) is Permission.PEOPLE_MANAGE
        and "POST" in (rule.methods or ())
    }
    assert manage
    for endpoint in wanted | manage:
        if endpoint != "admin.notice_seen":
            assert getattr(app.view_functions[endpoint], "fresh", False), endpoint


# 5. and 6. Files and injection.


def test_bay_004_and_020_a_files_name_is_no_part_of_where_it_is_kept(
    ids: Ids, as_intake: Browser, owner: sa.Connection
) -> None:
    for name in ("../../etc/passwd", "..\\..\\boot.ini", "/etc/passwd", "a\x1f.jpg", "zorzalname.jpg"):
        told = {"name": name, "size": 9, "type": "image/jpeg", "last_modified": 0, "once_key": str(uuid.uuid4())}
        answer = as_intake.send(f"/incidents/{ids['incident']}/evidence/start", told)
        assert answer.status_code in {201, 422}
    keys = owner.execute(sa.text("select object_key, id::text from evidence_item")).all()
    assert len({row.object_key for row in keys}) == len(keys)
    for row in keys:
        assert re.fullmatch(r"[A-Za-z0-9_/-]+", row.object_key)
        assert ".." not in row.object_key
        assert row.id not in row.object_key


def test_bay_008_034_and_039_what_was_typed_or_brought_in_is_text_on_every_page(
    app: Flask, ids: Ids, owner: sa.Connection, as_attorney: Browser
) -> None:
    # Written past every form, as an import could: all text of the planted record becomes a script.
    with undone_by(owner, ids):
        for what in asks_of(app):
            if what.method == "GET":
                with undone():
                    answer = send(as_attorney, what, ids)
                text = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
                assert "<script>alert(1)" not in text, what
                assert "onerror=alert" not in re.sub(r"&lt;img src=x onerror=alert\(1\)&gt;", "", text), what
                assert '" onmouseover="x' not in text, what


def undone_by(owner: sa.Connection, ids: Ids) -> AbstractContextManager[None]:
    from contextlib import contextmanager  # noqa: PLC0415

    texts = {
        "incident": ("title", "site_name", "place", "city"), "account": ("narrative", "when_words"),
        "note": ("text",), "paragraph": ("text", "heading"), "evidence_item": ("filename", "description"),
        "claim_tag": ("reason",), "review_comment": ("text",), "person": ("variant_town", "city"),
    }  # fmt: skip

    @contextmanager
    def change():  # type: ignore[no-untyped-def]  # noqa: ANN202
        kept = {
            (table, column): owner.execute(sa.text(f"select id, {column} from {table}")).all()
            for table, columns in texts.items()
            for column in columns
        }
        for table, column in kept:
            owner.execute(sa.text(f"update {table} set {column} = :script"), {"script": SCRIPT})
        try:
            yield
        finally:
            for (table, column), rows in kept.items():
                for row in rows:
                    back = sa.text(f"update {table} set {column} = :text where id = :id")
                    owner.execute(back, {"text": row[1], "id": row.id})

    assert ids
    return change()


def test_bay_024_no_cell_of_any_table_that_leaves_is_a_formula(
    ids: Ids, as_intake: Browser, acting: Acting, app: Flask
) -> None:
    assert harmless(FORMULA) == "'" + FORMULA
    assert ids
    # Every place that writes CSV passes its texts through the same function.
    from pathlib import Path  # noqa: PLC0415

    for path in Path(app.root_path).rglob("*.py"):
        source = path.read_text()
        if "csv.writer(" in source:
            assert "harmless" in source, path


@pytest.mark.parametrize("shape", [[], [1], 5, None, {"a": []}, "x", True], ids=str)
def test_bay_037_038_040_and_042_a_wrong_type_is_refused_in_words(
    app: Flask, ids: Ids, as_attorney: Browser, shape: object
) -> None:
    for what in (each for each in unsafe(app) if each.endpoint in JSON):
        with undone():
            assert as_attorney.send(what.address.format(**ids), shape, method=what.method).status_code < 500, what
