"""Rights that end, stores that are silent and workers that are killed: nothing half-done, nothing unallowed."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from intake import db, jobs
from intake.errors import NotNow, StoreUnavailable
from intake.exports import jobs as making
from intake.exports import records, services
from intake.exports.models import Export
from intake.settings import Settings
from intake.storage import Storage
from tests.browser import Browser
from tests.exports.conftest import Acting, ask, made
from tests.queue import run_worker
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def grants(owner: sa.Connection, world: World) -> Iterator[Callable[[str], None]]:
    """End a user's grant; it stands again after the test."""
    ended = []

    def end(who: str) -> None:
        ended.append(who)
        owner.execute(sa.text("update access_grant set expires_at = now() where user_id = :u"), {"u": world.users[who]})

    yield end
    for who in ended:
        owner.execute(sa.text("update access_grant set expires_at = null where user_id = :u"), {"u": world.users[who]})


def test_a_right_that_ends_before_the_run_stops_it(
    acting: Acting, world: World, store: Storage, owner: sa.Connection, grants: Callable[[str], None]
) -> None:
    export = ask(acting)
    grants("attorney")
    making.make(world.users["attorney"], export, store)
    row = owner.execute(sa.text("select * from export where id = :id"), {"id": export}).one()
    assert (row.state, row.failure, row.object_key) == ("failed", "not_allowed", "")


def test_a_disabled_user_gets_no_export(acting: Acting, world: World, store: Storage, owner: sa.Connection) -> None:
    export, me = ask(acting, "paralegal"), {"u": world.users["paralegal"]}
    owner.execute(sa.text("update app_user set active = false where id = :u"), me)
    try:
        making.make(me["u"], export, store)
        state = owner.execute(sa.text("select state from export where id = :id"), {"id": export}).scalar_one()
        assert state == "failed"
    finally:
        owner.execute(sa.text("update app_user set active = true where id = :u"), me)


def test_a_right_that_ends_during_the_run_stops_it_at_the_next_batch(
    acting: Acting,
    world: World,
    store: Storage,
    monkeypatch: pytest.MonkeyPatch,
    owner: sa.Connection,
    grants: Callable[[str], None],
) -> None:
    export, real = ask(acting), records.rows_of

    def end_after_the_first(ids: list[uuid.UUID], profile: str, lang: str) -> Iterator[dict[str, Any]]:
        yield from real(ids, profile, lang)
        grants("attorney")

    monkeypatch.setattr(making, "every_hit", lambda asked: ([i] for b in _all(asked) for i in b))
    monkeypatch.setattr(making, "rows_of", end_after_the_first)
    making.make(world.users["attorney"], export, store)
    row = owner.execute(sa.text("select * from export where id = :id"), {"id": export}).one()
    assert (row.state, row.failure, row.object_key) == ("failed", "not_allowed", "")


def _all(asked: Any) -> Iterator[list[uuid.UUID]]:
    from intake.search.queries import every_hit  # noqa: PLC0415

    return iter(every_hit(asked))


def test_a_file_made_before_the_right_ended_is_not_downloaded_after(
    acting: Acting, world: World, store: Storage, as_attorney: Browser, grants: Callable[[str], None]
) -> None:
    export = made(acting, world, store, ask(acting))
    grants("attorney")
    assert as_attorney.get(f"/exports/{export.id}/file").status_code == 403


def test_an_attorney_of_a_part_neither_sees_nor_approves_an_export_of_more(
    acting: Acting, world: World, store: Storage, owner: sa.Connection, browser_of: Callable[[str], Browser]
) -> None:
    also = {"u": world.users["paralegal"], "c": world.other_compartment}
    add = "insert into access_grant (user_id, compartment_id, role, tier) values (:u, :c, 'RO.PARALEGAL', 1)"
    owner.execute(sa.text(add), also)
    try:
        export = made(acting, world, store, ask(acting, "paralegal"), "paralegal")
    finally:
        owner.execute(sa.text("delete from access_grant where user_id = :u and compartment_id = :c"), also)
    assert (export.state, len(export.compartments)) == ("ready", 2)
    for who in ("attorney", "other_attorney"):
        assert browser_of(who).get(f"/exports/{export.id}").status_code == 404


def test_a_store_that_does_not_answer_leaves_nothing_and_the_job_is_tried_again(
    acting: Acting, world: World, store: Storage, monkeypatch: pytest.MonkeyPatch, owner: sa.Connection
) -> None:
    export = ask(acting)
    with monkeypatch.context() as broken:
        broken.setattr(store, "hash_stored", _silent)
        with pytest.raises(StoreUnavailable):
            making.make(world.users["attorney"], export, store)
    state = sa.text("select state from export where id = :id")
    assert owner.execute(state, {"id": export}).scalar_one() == "running"
    assert made(acting, world, store, export).state == "ready"


def _silent(*_arguments: Any, **_options: Any) -> None:
    raise StoreUnavailable


def test_running_again_keeps_the_first_file(acting: Acting, world: World, store: Storage) -> None:
    export = ask(acting)
    first, second = (made(acting, world, store, export) for _ in range(2))
    assert first.object_key == second.object_key


def test_a_worker_killed_at_the_last_moment_leaves_no_half_done_file_and_the_next_one_makes_it(
    acting: Acting, world: World, store: Storage, settings: Settings, owner: sa.Connection
) -> None:
    export = ask(acting)
    given = {name: value for name, value in dataclasses.asdict(settings).items() if isinstance(value, str | Path)}
    given["key_file_path"] = str(settings.key_file)
    command = [sys.executable, "-m", "tests.exports.killed_export"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdin
        assert killed.stdout
        killed.stdin.write(json.dumps(given, default=str))
        killed.stdin.close()
        assert killed.stdout.readline() == "stored\n"
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    with acting("attorney"), pytest.raises(NotNow):
        services.download(db.session.get_one(Export, export), store)
    # As if its heartbeats had stopped long ago; the revival itself is the real one.
    owner.execute(sa.text("update jobs.procrastinate_workers set last_heartbeat = now() - interval '1 hour'"))
    with acting("attorney"):
        jobs.defer("revive_stalled", timestamp=0)
    for _ in range(2):
        run_worker(settings)
    with acting("attorney"):
        assert db.session.get_one(Export, export).rows == 3
