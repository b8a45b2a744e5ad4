"""The nightly comparison and its alarm: what it tells whom, and that ordinary work raises none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db, schema
from intake.access import notices
from intake.access.actor import Actor
from intake.audit.compare import adopt, compare, compare_nightly, differences, known
from intake.audit.state import state
from intake.audit.watch import watch_log
from intake.settings import Settings
from tests.audit.conftest import Log
from tests.browser import Browser
from tests.factories import an_account, an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def tampered(acting: Acting, owner: sa.Connection) -> str:
    """An incident that was changed with the trigger off."""
    with acting("intake"):
        record_id = str(an_incident(title="as entered").id)
    with owner.engine.execution_options(isolation_level="READ COMMITTED").begin() as vandal:
        vandal.execute(sa.text("set local session_replication_role = replica"))
        vandal.execute(sa.text("update incident set title = 'changed' where id = :id"), {"id": record_id})
    return record_id


def test_ordinary_work_of_every_kind_leaves_no_difference(
    acting: Acting, log: Log, owner: sa.Connection, as_admin: Browser, as_attorney: Browser
) -> None:
    with acting("intake"):
        account = an_account(answers={"agents": {"state": "answered", "value": "7"}}, agents_low=2)
        db.session.flush()
        db.session.execute(
            sa.text("update account set narrative = 'Ñandú \"x\" \\\\' where id = :id"), {"id": account.id}
        )
        db.session.execute(sa.text("update account set agents_low = null where id = :id"), {"id": account.id})
    with owner.engine.execution_options(
        isolation_level="READ COMMITTED"
    ).begin() as elsewhere:  # a session of another time zone writes the same instants
        elsewhere.execute(sa.text("set local timezone = 'Asia/Kolkata'"))
        elsewhere.execute(sa.text("update incident set intake_finished_at = '2026-01-02 03:04:05.6+00'"))
    as_attorney.get("/incidents")
    log.fold()
    assert differences(owner, log.key.verifier) == []


def test_rows_named_by_several_columns_are_compared_too(world: World, owner: sa.Connection) -> None:
    owner.execute(
        sa.text("insert into ethical_wall (user_id, compartment_id, reason) values (:u, :c, 'x')"),
        {"u": world.users["analyst"], "c": world.other_compartment},
    )
    assert differences(owner) == []
    with owner.engine.execution_options(isolation_level="READ COMMITTED").begin() as vandal:
        vandal.execute(sa.text("set local session_replication_role = replica"))
        vandal.execute(sa.text("delete from ethical_wall"))
    assert {(f.what, f.table) for f in differences(owner)} == {("missing", "ethical_wall")}
    owner.execute(sa.text("delete from audit.event where subject = 'ethical_wall'"))
    owner.execute(
        sa.text("delete from audit.pending p where not exists (select 1 from audit.event e where e.id = p.event_id)")
    )


def test_what_the_nightly_comparison_finds_is_told_to_auditors_and_administrators_once(
    tampered: str, acting: Acting, owner: sa.Connection, as_auditor: Browser
) -> None:
    compare_nightly(0)
    standing = state(owner)
    assert standing.differences >= 1
    assert standing.alarms(dt.datetime.now(dt.UTC)) == ["differences"]
    first = owner.execute(sa.text("select first from audit.comparison order by id desc limit 1")).scalar_one()
    assert f"changed incident {tampered}" in first
    watch_log(0)
    watch_log(0)
    for who, told in (("auditor", ["log.alarm"]), ("admin", ["log.alarm"]), ("attorney", []), ("intake", [])):
        with acting(who):
            assert [n.code for n in notices.waiting() if n.code == "log.alarm"] == told
    page = as_auditor.get("/log").get_data(as_text=True)
    assert "The log needs a look" in page
    assert "testigo compare-log names" in page
    assert as_auditor.get("/health/ready").get_data(as_text=True) == "ready, but the log needs a look\n"


def test_the_programs_role_may_ask_for_a_comparison_and_never_for_its_rows(tampered: str, acting: Acting) -> None:
    with acting("intake"):
        assert compare() >= 1
    with acting("intake"), pytest.raises(sa.exc.ProgrammingError):
        db.session.execute(sa.text("select * from audit.differences()"))


def test_what_a_migration_changed_is_logged_as_its_doing_and_nothing_that_differed_before(
    tampered: str, acting: Acting, owner: sa.Connection
) -> None:
    with acting("intake"):
        moved, gone = str(an_incident(title="one").id), an_account().id
        db.session.flush()
    before = known(owner)
    assert before is not None
    assert f"changed incident {tampered}" in before
    with owner.engine.execution_options(isolation_level="READ COMMITTED").begin() as migration:
        migration.execute(sa.text("set local session_replication_role = replica"))
        migration.execute(sa.text("update incident set title = 'moved' where id = :id"), {"id": moved})
        migration.execute(sa.text("delete from account where id = :id"), {"id": gone})
        migration.execute(sa.text("update app_user set language = 'es' where email like 'intake%'"))
        migration.execute(
            sa.text(
                "insert into incident (compartment_id, opened_by_id, title) select compartment_id, opened_by_id, 'made'"
                " from incident where id = :id"
            ),
            {"id": moved},
        )
    assert len(differences(owner)) == len(before) + 4
    assert adopt(owner, before) == 4
    assert {f.record_id for f in differences(owner)} == {line.split(" ")[2] for line in before}
    payload = owner.execute(
        sa.text("select payload::jsonb from audit.event where record_id = :id order by id desc limit 1"), {"id": moved}
    ).scalar_one()
    assert payload["by"] == "migration"
    assert payload["new"] == {"title": "moved"}


def test_a_new_release_on_a_filled_database_leaves_no_difference(
    acting: Acting, settings: Settings, owner: sa.Connection
) -> None:
    with acting("intake"):
        an_incident()
    before = [(f.what, f.record_id) for f in differences(owner)]
    db.session.remove()
    schema.downgrade(settings.database_url, "0011")
    schema.upgrade(settings.database_url)
    assert [(f.what, f.record_id) for f in differences(owner)] == before
