"""What a database superuser may try, with and without the log's key: each first succeeds, and each is detected."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import cli
from intake.access.actor import Actor
from intake.audit import identity
from intake.audit.compare import Finding, altered_heads, differences
from intake.audit.notes import Checkpoint, signed
from intake.audit.state import state
from intake.audit.tree import Frontier
from intake.audit.verify import verify
from intake.local.supervisor import environment
from tests.audit.conftest import Log, Made, events_of, write_bundle
from tests.factories import an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def vandal(owner: sa.Connection, log: Log) -> Iterator[sa.Connection]:
    """A superuser's connection in one transaction that is undone after the test."""
    assert owner.execute(sa.text("select rolsuper from pg_roles where rolname = current_user")).scalar_one()
    with owner.engine.execution_options(isolation_level="READ COMMITTED").connect() as connection:
        yield connection
        connection.rollback()


def found(connection: sa.Connection, log: Log) -> set[tuple[str, str]]:
    """Return what the nightly comparison finds."""
    return {(f.what, f.table) for f in differences(connection, log.key.verifier)}


def test_untouched_rows_and_log_agree(good: Made, vandal: sa.Connection, log: Log) -> None:
    assert found(vandal, log) == set()


def test_an_altered_old_event(good: Made, vandal: sa.Connection, log: Log) -> None:
    changed = sa.text(
        "update audit.event set payload = replace(payload, 'SG1', 'SG9') where id = :id returning payload"
    )
    assert "SG9" in vandal.execute(changed, {"id": good.events[-1]}).scalar_one()
    assert found(vandal, log) == {("altered_event", "event"), ("changed", "incident")}


def test_an_altered_old_event_with_its_leaf_made_to_fit(good: Made, vandal: sa.Connection, log: Log) -> None:
    vandal.execute(
        sa.text("update audit.event set payload = replace(payload, 'SG1', 'SG9') where id = :id"),
        {"id": good.events[-1]},
    )
    _fit_leaf(vandal, good.events[-1])
    assert ("altered_event", "event") not in found(vandal, log)
    assert ("altered_head", "checkpoint") in found(vandal, log)


def test_an_event_back_dated_in_its_own_row(good: Made, vandal: sa.Connection, log: Log) -> None:
    """The row's time column is for sorting; the time that is proved stands in the payload."""
    vandal.execute(
        sa.text('update audit.event set payload = replace(payload, \'"at": "202\', \'"at": "201\') where id = :id'),
        {"id": good.events[0]},
    )
    payload = vandal.execute(sa.text("select payload from audit.event where id = :id"), {"id": good.events[0]}).scalar()
    assert '"at": "201' in str(payload)
    assert ("altered_event", "event") in found(vandal, log)


def test_a_deleted_tail_of_events(good: Made, vandal: sa.Connection, log: Log) -> None:
    gone = vandal.execute(sa.text("delete from audit.event where id >= :id"), {"id": good.events[-1]}).rowcount
    assert gone > 0
    assert ("lost_event", "event") in found(vandal, log)


def test_a_row_back_dated_with_the_trigger_off(good: Made, vandal: sa.Connection, log: Log) -> None:
    before = _count(vandal)
    vandal.execute(sa.text("set local session_replication_role = replica"))
    vandal.execute(
        sa.text("update incident set created_at = created_at - interval '90 days' where id = :id"),
        {"id": good.record_id},
    )
    vandal.execute(sa.text("set local session_replication_role = origin"))
    assert _count(vandal) == before
    assert Finding("changed", "incident", good.record_id, ("created_at",)) in differences(vandal)


def test_a_row_slipped_in_with_the_trigger_off(good: Made, vandal: sa.Connection, log: Log) -> None:
    vandal.execute(sa.text("alter table incident disable trigger audit_changes"))
    new = vandal.execute(
        sa.text(
            "insert into incident (compartment_id, opened_by_id, title) select compartment_id, opened_by_id, 'slipped'"
            " from incident where id = :id returning id"
        ),
        {"id": good.record_id},
    ).scalar_one()
    findings = differences(vandal)
    assert Finding("unguarded", "incident", "") in findings
    assert Finding("unlogged", "incident", str(new)) in findings


def test_a_row_deleted_with_the_trigger_off(good: Made, vandal: sa.Connection, log: Log) -> None:
    vandal.execute(sa.text("set local session_replication_role = replica"))
    assert vandal.execute(sa.text("delete from incident where id = :id"), {"id": good.record_id}).rowcount == 1
    assert ("missing", "incident") in found(vandal, log)


def test_a_sealed_name_exchanged_with_the_trigger_off(
    good: Made, vandal: sa.Connection, log: Log, world: World
) -> None:
    """The log holds only a commitment to the ciphertext; its salt, which the program cannot read, tells."""
    person = vandal.execute(sa.text("select id, compartment_id, opened_by_id from person limit 1")).one()
    vandal.execute(
        sa.text(
            "insert into vault.identity (person_id, compartment_id, opened_by_id, organisation_id, key_id, wrapped_key,"
            " sealed) values (:id, :compartment_id, :opened_by_id, :organisation, 'k', 'w', '{\"legal_name\": \"x\"}')"
        ),
        {**person._mapping, "organisation": world.organisation},
    )
    assert ("changed", "identity") not in found(vandal, log)
    vandal.execute(sa.text("set local session_replication_role = replica"))
    vandal.execute(sa.text('update vault.identity set sealed = \'{"legal_name": "y"}\''))
    assert Finding("changed", "identity", str(person.id), ("sealed",)) in differences(vandal)
    vandal.execute(sa.text("delete from audit.opening"))  # shredded: the value can no longer be proved either way
    assert ("changed", "identity") not in found(vandal, log)


def test_a_full_rewrite_with_the_stolen_key(
    good: Made, log: Log, world: World, owner: sa.Connection, tmp_path: Path
) -> None:
    """One who holds the key can make the whole database agree with itself. Only those outside can tell."""
    undo = _copy_log(owner)
    try:
        owner.execute(
            sa.text("update audit.event set payload = replace(payload, 'SG1', 'SG9') where id = :id"),
            {"id": good.events[-1]},
        )
        _fit_leaf(owner, good.events[-1])
        owner.execute(sa.text("set session_replication_role = replica"))
        owner.execute(sa.text("update incident set stage = 'SG9' where id = :id"), {"id": good.record_id})
        owner.execute(sa.text("set session_replication_role = origin"))
        _sign_anew(owner, log)
        # Everything inside agrees: the comparison and the log's own signatures find nothing.
        assert found(owner, log) == set()
        # The witnesses' and authorities' words in the bundle are of another tree.
        write_bundle(world.users["attorney"], tmp_path / "bag", good.events)
        refused = verify(tmp_path / "bag", log.trust).refused
        assert refused != []
        assert all("log key" not in line for line in refused)
        # Who kept an old head sees it too, even if every outside word were forged as well.
        size, note = good.older
        write_bundle(world.users["attorney"], tmp_path / "again", good.events, from_sizes=[size])
        assert any(
            "since your checkpoint" in line or "wrong" in line
            for line in verify(tmp_path / "again", replace(log.trust, older=(note,))).refused
        )
        # And no witness signs the new head.
        owner.execute(sa.text("select audit.note('load', 'test', 'x', null, '{}')"))
        log.fold()
        troubles = log.send()
        assert [t.split(":")[0] for t in troubles] == ["witness witness.example/west", "witness witness.example/east"]
        assert {f.name for f in state(owner).failing} == {"witness.example/west", "witness.example/east"}
    finally:
        undo()
        owner.execute(sa.text("set session_replication_role = replica"))
        owner.execute(sa.text("update incident set stage = 'SG1' where id = :id"), {"id": good.record_id})
        owner.execute(sa.text("set session_replication_role = origin"))
    assert found(owner, log) == set()


def test_a_restored_older_database(
    good: Made,
    log: Log,
    owner: sa.Connection,
    acting: Acting,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A copy of yesterday agrees with itself and is rightly signed. The witnesses remember today."""
    undo = _copy_log(owner)
    with acting("intake"):
        lost = str(an_incident(title="entered after the copy").id)
    log.minute()
    undo()
    owner.execute(sa.text("set session_replication_role = replica"))
    owner.execute(sa.text("delete from account where incident_id = :id"), {"id": lost})
    owner.execute(sa.text("delete from search_entry where incident_id = :id"), {"id": lost})
    owner.execute(sa.text("delete from incident where id = :id"), {"id": lost})
    owner.execute(
        sa.text("delete from person where not exists (select 1 from account a where a.person_id = person.id)")
    )
    owner.execute(sa.text("set session_replication_role = origin"))
    assert events_of(owner, lost) == []
    assert altered_heads(owner, log.key.verifier) == []
    with acting("intake"):
        an_incident(title="entered after the restore")
    log.fold()
    assert [t.split(":")[0] for t in log.send()] == ["witness witness.example/west", "witness witness.example/east"]
    # The restore was rightful: the log goes on under a new origin, which it says itself.
    mine = log.settings.with_(key_file_path=str(tmp_path / "keys.json"))
    mine.log_key_file.write_text(log.key.text)
    mine.log_key_file.chmod(0o600)
    for name, value in {**environment(mine), "DATABASE_URL": mine.database_url}.items():
        monkeypatch.setenv(name, value)
    assert cli.main(["new-log", "--why", "disk lost, copy of the night restored"]) == 0
    before, log.key = log.key, identity.load_key(mine.log_key_file)
    assert log.key.name != before.name
    for witness in log.folders:
        witness.trust(log.key.verifier)
    assert log.send() == []
    log.fold()
    with acting("intake"):
        an_incident()
    log.minute()
    assert altered_heads(owner, log.key.verifier, before.verifier) == []
    write_bundle(world.users["attorney"], tmp_path / "bag", good.events)
    assert verify(tmp_path / "bag", log.trust).accepted


def _count(connection: sa.Connection) -> int:
    return int(connection.execute(sa.text("select count(*) from audit.event")).scalar_one())


def _fit_leaf(connection: sa.Connection, event_id: int) -> None:
    connection.execute(
        sa.text(
            r"with e as (update audit.event set leaf = sha256('\x00'::bytea || sha256(salt || convert_to(payload,"
            r" 'UTF8'))) where id = :id returning id, leaf) update audit.leaf l set leaf = e.leaf from e"
            r" where l.event_id = e.id"
        ),
        {"id": event_id},
    )


def _sign_anew(connection: sa.Connection, log: Log) -> None:
    """Recompute tiles, frontiers and roots, and sign every head with the stolen key."""
    leaves = [bytes(leaf) for leaf in connection.execute(sa.text("select leaf from audit.leaf order by seq")).scalars()]
    sizes = set(connection.execute(sa.text("select size from audit.checkpoint")).scalars())
    frontier = Frontier()
    for leaf in leaves:
        for level, position, made in frontier.append(leaf):
            if level == 8:
                connection.execute(
                    sa.text("update audit.tile set hash = :h where level = 8 and position = :p"),
                    {"h": made, "p": position},
                )
        if frontier.size in sizes:
            head = Checkpoint(log.key.name, frontier.size, frontier.root())
            connection.execute(
                sa.text("update audit.checkpoint set root = :root, note = :note, frontier = :frontier where size = :size"),
                {
                    "root": head.root, "note": signed(head, log.key), "size": head.size,
                    "frontier": b"".join(frontier.hashes),
                },
            )  # fmt: skip


def _copy_log(owner: sa.Connection) -> Callable[[], None]:
    """Copy the log's tables; return what puts the copy back, as a restored backup would."""
    name = f"copy_{uuid.uuid4().hex[:8]}"
    tables = ("event", "pending", "leaf", "tile", "checkpoint", "anchor", "post", "opening")
    owner.execute(sa.text(f"create schema {name}"))
    for table in tables:
        owner.execute(sa.text(f"create table {name}.{table} as table audit.{table}"))

    def back() -> None:
        owner.execute(sa.text("set session_replication_role = replica"))
        for table in tables:
            owner.execute(sa.text(f"delete from audit.{table}"))
            owner.execute(sa.text(f"insert into audit.{table} overriding system value table {name}.{table}"))
        owner.execute(sa.text("set session_replication_role = origin"))
        owner.execute(sa.text(f"drop schema {name} cascade"))

    return back


def test_the_copy_of_a_log_is_the_log(good: Made, owner: sa.Connection) -> None:
    """The harness itself: what it puts back hashes to the same."""
    digest = "select md5(string_agg(e::text, '' order by id)) from audit.event e"
    before = owner.execute(sa.text(digest)).scalar_one()
    back = _copy_log(owner)
    owner.execute(sa.text("set session_replication_role = replica"))
    owner.execute(sa.text("delete from audit.event"))
    assert owner.execute(sa.text(digest)).scalar_one() is None
    back()
    assert owner.execute(sa.text(digest)).scalar_one() == before
