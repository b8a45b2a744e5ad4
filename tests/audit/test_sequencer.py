"""The sequencer: one leads, killed it loses nothing, and it signs nothing on a tree that is not what it signed."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest
import sqlalchemy as sa

from intake.audit.compare import altered_heads
from intake.audit.notes import LocalSigner
from intake.audit.sequencer import LogDamaged, Sequencer
from intake.audit.stored import StoredTree
from intake.audit.tree import Frontier, includes, inclusion_path, root_of
from intake.local.ground import within
from intake.log_commands import conninfo
from tests.audit.conftest import Log
from tests.local.racers import ROOT

KILLS = 10


class Standing:
    """One sequencer's process; `leads` once it said so."""

    def __init__(self, log: Log) -> None:
        command = [sys.executable, "-m", "tests.audit.folding", conninfo(log.settings), log.key.text]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.leads = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        if self.process.stdout.readline() == "leading\n":
            self.leads.set()

    def kill(self) -> int:
        """Kill it -9 and return how it ended."""
        self.process.kill()
        return self.process.wait()


@contextlib.contextmanager
def load(log: Log) -> Iterator[list[int]]:
    """Four writers that never stop; some roll back, some stay open for long while others commit."""
    stop, written = threading.Event(), [0] * 4
    url = sa.engine.make_url(log.settings.database_url).set(drivername="postgresql").render_as_string(False)

    def write(n: int) -> None:
        chance = random.Random(n)  # noqa: S311
        with psycopg.connect(url) as connection:
            while not stop.is_set():
                for _ in range(chance.randint(1, 8)):
                    connection.execute("select audit.note('load', 'test', 'x', null, '{}')")
                    stop.wait(0.02 if chance.random() < 0.1 else 0.001)
                if chance.random() < 0.1:
                    connection.rollback()
                else:
                    connection.commit()
                    written[n] += 1

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    try:
        yield written
    finally:
        stop.set()
        for writer in writers:
            writer.join()


def _size(owner: sa.Connection) -> int:
    return int(owner.execute(sa.text("select coalesce(max(size), 0) from audit.checkpoint")).scalar_one())


def test_killed_ten_times_under_load_no_event_is_lost_or_doubled_and_every_root_recomputes(
    log: Log, owner: sa.Connection
) -> None:
    leader, standby, sizes = Standing(log), Standing(log), []
    with load(log) as written:
        for _ in range(KILLS):
            pair = leader, standby
            assert within(10, lambda pair=pair: any(each.leads.is_set() for each in pair))  # type: ignore[misc]
            if not leader.leads.is_set():
                leader, standby = standby, leader
            before = _size(owner)
            assert within(10, lambda before=before: _size(owner) > before)  # type: ignore[misc]
            threading.Event().wait(random.Random(before).random() * 0.1)  # noqa: S311
            assert leader.process.poll() is None
            assert leader.kill() == -9
            sizes.append(_size(owner))
            leader, standby = standby, Standing(log)
    for process in (leader, standby):
        process.kill()
    assert len(set(sizes)) == KILLS
    assert sum(written) > KILLS
    log.fold()
    counts = "select count(*), count(distinct event_id), min(seq), max(seq) from audit.leaf"
    leaves, events, first, last = owner.execute(sa.text(counts)).one()
    assert (leaves, events, first, last) == (leaves, leaves, 0, leaves - 1)
    assert leaves == owner.execute(sa.text("select count(*) from audit.event")).scalar_one()
    assert owner.execute(sa.text("select count(*) from audit.pending")).scalar_one() == 0
    assert altered_heads(owner, log.key.verifier) == []


def test_who_stands_by_folds_nothing_while_another_leads(log: Log) -> None:
    first, second = (Sequencer(conninfo(log.settings), log.key) for _ in range(2))
    assert first.lead()
    assert not second.lead()
    with pytest.raises(RuntimeError):
        second.step()
    first.close()
    assert within(5, second.lead)
    second.close()


def test_proofs_of_stored_tiles_equal_those_of_the_whole_tree(log: Log, owner: sa.Connection) -> None:
    owner.execute(sa.text("select audit.note('load', 'test', 'x', null, '{}') from generate_series(1, 70000)"))
    log.fold()
    leaves = [bytes(leaf) for leaf in owner.execute(sa.text("select leaf from audit.leaf order by seq")).scalars()]
    root = root_of(leaves)
    with psycopg.connect(conninfo(log.settings)) as connection:
        tree = StoredTree(connection)
        for index in (0, 1, 255, 256, 65_535, 65_536, len(leaves) - 1):
            assert includes(leaves[index], index, len(leaves), inclusion_path(index, len(leaves), tree.node), root)


def test_an_event_that_commits_late_does_not_hold_up_others(log: Log, owner: sa.Connection) -> None:
    log.fold()
    url = sa.engine.make_url(log.settings.database_url).set(drivername="postgresql").render_as_string(False)
    with psycopg.connect(url) as slow:
        slow.execute("select audit.note('slow', 'test', 'x', null, '{}')")
        owner.execute(sa.text("select audit.note('quick', 'test', 'x', null, '{}')"))
        assert log.fold() == 1
        slow.commit()
    assert log.fold() == 1
    order = "select e.kind from audit.leaf l join audit.event e on e.id = l.event_id order by l.seq desc limit 2"
    assert owner.execute(sa.text(order)).scalars().all() == ["slow", "quick"]


def test_the_sequencers_role_folds_and_can_neither_read_a_payload_nor_change_anything(log: Log) -> None:
    forbidden = (
        "select payload from audit.event", "select salt from audit.event", "select * from audit.opening",
        "update audit.event set leaf = leaf", "delete from audit.event", "insert into audit.pending values (1)",
        "update audit.leaf set leaf = leaf", "delete from audit.leaf", "truncate audit.leaf",
        "delete from audit.checkpoint", "update audit.checkpoint set note = ''", "delete from audit.anchor",
        "select * from incident", "select * from vault.identity",
    )  # fmt: skip
    with psycopg.connect(conninfo(log.settings), autocommit=True) as connection:
        assert connection.execute("select count(leaf) from audit.event").fetchone()
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_program_can_neither_write_events_itself_nor_change_or_remove_anything(log: Log) -> None:
    url = sa.engine.make_url(log.settings.program_url).set(drivername="postgresql").render_as_string(False)
    tables = ("event", "pending", "leaf", "tile", "checkpoint", "anchor", "post", "comparison", "opening")
    statements = [f"{verb} audit.{t}" for t in tables for verb in ("delete from", "truncate")]
    statements += [f"insert into audit.{t} default values" for t in tables]
    statements += [
        "update audit.event set kind = ''",
        "update audit.leaf set seq = 0",
        "select payload from audit.event",
    ]
    statements += ["select salt from audit.opening", "select * from audit.differences()"]
    statements += ["select audit.write_event('x', 'x', 'x', null, '{}', '')"]
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_nothing_is_signed_on_a_tree_that_lost_its_tail_or_bears_anothers_signature(
    log: Log, owner: sa.Connection
) -> None:
    owner.execute(sa.text("select audit.note('load', 'test', 'x', null, '{}')"))
    log.fold()
    stranger = replace(log.key, secret=LocalSigner.new("x", 1).secret)
    with pytest.raises(LogDamaged):
        Sequencer(conninfo(log.settings), stranger).lead()
    row = owner.execute(
        sa.text("delete from audit.leaf where seq = (select max(seq) from audit.leaf) returning *")
    ).one()
    with pytest.raises(LogDamaged):
        Sequencer(conninfo(log.settings), log.key).lead()
    owner.execute(sa.text("insert into audit.leaf values (:seq, :event_id, :leaf)"), dict(row._mapping))
    owner.execute(
        sa.text(
            "update audit.checkpoint set root = sha256('x'), note = replace(note, '=', 'A')"
            " where size = (select max(size) from audit.checkpoint)"
        )
    )
    with pytest.raises(LogDamaged):
        Sequencer(conninfo(log.settings), log.key).lead()


def test_the_frontier_goes_on_from_any_size() -> None:
    leaves = [bytes([n]) * 32 for n in range(70)]
    for size in range(70):
        first = Frontier()
        for leaf in leaves[:size]:
            first.append(leaf)
        again = Frontier(size, first.hashes)
        for leaf in leaves[size:]:
            again.append(leaf)
        assert again.root() == root_of(leaves)
    with pytest.raises(ValueError):
        Frontier(3, [bytes(32)])
