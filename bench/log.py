"""What the log costs writers, and how long a stranger checks a bundle."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from bench import data
from bench.measure import rate
from bench.workloads import Row
from intake import db
from intake.access import sessions
from intake.audit import bundle, identity
from intake.audit.anchors import Anchors
from intake.audit.identity import Outside
from intake.audit.notes import COSIGNATURE, LocalSigner
from intake.audit.sequencer import Sequencer
from intake.audit.timestamps import Authority
from intake.audit.verify import Trust, verify
from intake.audit.witnesses import WitnessFile
from intake.local.supervisor import SEQUENCER, environment
from intake.log_commands import conninfo
from intake.settings import Settings
from tests.audit.authority import make_authority, serving

CLIENTS = 8
EVENTS, WITHHELD, LEAVES, FILE_BYTES = 2000, 400, 100_000, 50 * 10**6
_CREATE = (
    "insert into incident (compartment_id, opened_by_id, title) values (%(c)s, %(u)s, 'Bench') returning id",
    "insert into person (compartment_id, opened_by_id, pseudonym) values (%(c)s, %(u)s, '') returning id",
    "insert into account (compartment_id, opened_by_id, incident_id, person_id, narrative, narrative_language)"
    " values (%(c)s, %(u)s, %(i)s, %(p)s, %(n)s, 'en')",
    "update incident set stage = 'SG1' where id = %(i)s",
)
_NARRATIVE = "Two agents in green vests stood across the gate and asked everybody where they were from. " * 12


def workloads(stores: Settings, rounds: int, seconds: float) -> Iterator[Row]:
    """Measure on a database of their own, made anew."""
    settings = data.fresh(stores, "bench_log")
    identity.make_key(settings.log_key_file)
    with _grants(settings) as (user_id, compartment_id):
        yield create(settings, user_id, compartment_id, max(3, rounds // 6), seconds)
        yield verifying(settings, user_id, compartment_id, rounds)


def create(settings: Settings, user_id: int, compartment_id: int, rounds: int, seconds: float) -> Row:
    """A new intake (three rows and a change, one transaction) with triggers and sequencer, and with neither.

    In turns, so that noise falls on both; the figure is the median of the rounds' ratios.
    """
    ratios, with_log, without = [], [], []
    for _ in range(rounds):
        with _unlogged(settings):
            without.append(_creating(settings, user_id, compartment_id, seconds))
        with _sequencer(settings):
            with_log.append(_creating(settings, user_id, compartment_id, seconds))
        ratios.append(with_log[-1] / without[-1])
    middle = ratios.index(sorted(ratios)[len(ratios) // 2])
    detail = {"ratio_low": min(ratios), "ratio_high": max(ratios)}
    return Row(
        "create with log and sequencer, 8 clients", with_log[middle], without[middle], 0.55, "/s", True, detail=detail
    )


def verifying(settings: Settings, user_id: int, compartment_id: int, rounds: int) -> Row:
    """Check 2,000 events (400 withheld) and 50 MB of files of a log of 100,000 and more."""
    with tempfile.TemporaryDirectory() as made:
        folder, trust = _bundle(settings, user_id, compartment_id, Path(made))
        times = []
        for _ in range(rounds):
            began = time.perf_counter()
            report = verify(folder, trust)
            times.append(time.perf_counter() - began)
            assert report.accepted, report.refused
    return Row("verify 2,000 events and 50 MB", statistics.median(times) * 1000, 500.0, 1.0)


def _creating(settings: Settings, user_id: int, compartment_id: int, seconds: float) -> float:
    url = sa.engine.make_url(settings.program_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connections = [psycopg.connect(url) for _ in range(CLIENTS)]

    def make(number: int) -> Callable[[], object]:
        connection = connections[number]
        values: dict[str, Any] = {"c": compartment_id, "u": user_id, "n": _NARRATIVE}

        def work() -> None:
            connection.execute("select set_config('app.user_id', %s, true)", (str(user_id),))
            for name, statement in zip(("i", "p", None, None), _CREATE, strict=True):
                done = connection.execute(statement, values)
                if name:
                    values[name] = done.fetchone()[0]
            connection.commit()

        return work

    try:
        return rate(make, CLIENTS, seconds)
    finally:
        for connection in connections:
            connection.close()


@contextmanager
def _unlogged(settings: Settings) -> Iterator[None]:
    owner = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with owner.connect() as connection:
        for table in ("incident", "person", "account"):
            connection.execute(sa.text(f"alter table {table} disable trigger audit_changes"))
        yield
        for table in ("incident", "person", "account"):
            connection.execute(sa.text(f"alter table {table} enable trigger audit_changes"))


@contextmanager
def _sequencer(settings: Settings) -> Iterator[None]:
    process = subprocess.Popen(SEQUENCER, env=environment(settings), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "leading" not in process.stderr.readline():
        assert process.poll() is None
    threading.Thread(target=process.stderr.read, daemon=True).start()
    yield
    process.terminate()
    process.wait(30)


@contextmanager
def _grants(settings: Settings) -> Iterator[tuple[int, int]]:
    owner = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with owner.connect() as connection:
        found = connection.execute(
            sa.text("select user_id, compartment_id from access_grant where role = 'RO.SUPATT' order by id limit 1")
        ).one()
    yield found.user_id, found.compartment_id


def _bundle(settings: Settings, user_id: int, compartment_id: int, made: Path) -> tuple[Path, Trust]:
    key = identity.load_key(settings.log_key_file)
    identity.make_key(made / "w" / "witness.key", "witness.example/bench", COSIGNATURE)
    witness = WitnessFile.open(made / "w" / "witness.key", made / "w")
    witness.trust(key.verifier)
    events = [_note(settings, user_id, compartment_id, EVENTS - WITHHELD), _note(settings, user_id, None, WITHHELD)]
    with serving(make_authority(made / "tsa", "bench")) as authority:
        outside = Outside((witness,), (Authority("bench", authority.url, (authority.root,)),))
        sender = Anchors(conninfo(settings), key.name, outside)
        _fold(settings, key)
        assert sender.send() == []
        _note(settings, user_id, None, LEAVES)
        _fold(settings, key)
        assert sender.send() == []
    block = b"\x5a" * 10**6
    files = [
        bundle.BundledFile(f"file-{n}.bin", lambda: (block for _ in range(FILE_BYTES // len(block) // 5)), None)
        for n in range(5)
    ]
    db.connect(settings.program_url)
    with db.transaction():
        sessions.act_for(user_id)
        written = bundle.write(made / "bag", [*events[0], *events[1]], files)
    assert (written.events, written.withheld, written.lacks) == (EVENTS, WITHHELD, ())
    shutil.rmtree(made / "tsa")
    return made / "bag", Trust((key.verifier,), (witness.key,), (authority.root,))


def _note(settings: Settings, user_id: int, compartment_id: int | None, number: int) -> list[int]:
    owner = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with owner.begin() as connection:
        last = connection.execute(sa.text("select coalesce(max(id), 0) from audit.event")).scalar_one()
        connection.execute(sa.text("select set_config('app.user_id', :u, true)"), {"u": str(user_id)})
        connection.execute(
            sa.text("select count(audit.note('view', 'evidence_item', 'x', :c, :d)) from generate_series(1, :n)"),
            {"c": compartment_id, "n": number, "d": '{"words": "' + _NARRATIVE[:300] + '"}'},
        )
        return list(connection.execute(sa.text("select id from audit.event where id > :i"), {"i": last}).scalars())


def _fold(settings: Settings, key: LocalSigner) -> None:
    sequencer = Sequencer(conninfo(settings), key)
    assert sequencer.lead()
    while sequencer.step():
        pass
    sequencer.close()
