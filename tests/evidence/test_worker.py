"""The worker and its queue: jobs exist with their transaction, run as their asker, and outlive kill -9."""

from __future__ import annotations

import dataclasses
import json
import logging
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import db, jobs
from intake.access import sessions
from intake.settings import Settings
from tests.evidence.conftest import PHOTO, Acting, Sender, custody, jobs_of, row
from tests.queue import run_worker
from tests.world import World

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(autouse=True)
def _empty_queue(owner: sa.Connection) -> None:
    # The queue's triggers name its tables without their schema.
    owner.execute(sa.text("set search_path = public, jobs"))
    owner.execute(sa.text("delete from procrastinate_jobs"))


def statuses(owner: sa.Connection, item: dict[str, str]) -> list[str]:
    found = (
        "select status::text from jobs.procrastinate_jobs where args ->> 'item_id' = :id and task_name = 'seal_item'"
    )
    return list(owner.execute(sa.text(found), {"id": item["id"]}).scalars())


def test_the_worker_seals_what_was_received(sender: Sender, settings: Settings, owner: sa.Connection) -> None:
    item = sender.send(PHOTO)
    run_worker(settings)
    assert row(owner, item).state == "sealed"
    assert statuses(owner, item) == ["succeeded"]


def test_a_job_exists_only_if_its_transaction_commits(acting: Acting, owner: sa.Connection) -> None:
    lost, kept = {"id": str(uuid.uuid4())}, {"id": str(uuid.uuid4())}
    with pytest.raises(LookupError), acting("intake") as actor:
        _defer_and_fail(actor.user_id, lost["id"])
    with acting("intake") as actor:
        jobs.defer("seal_item", user_id=actor.user_id, item_id=kept["id"])
    assert jobs_of(owner, lost) == []
    assert len(jobs_of(owner, kept)) == 1


def test_a_worker_killed_while_it_reads_loses_nothing(
    sender: Sender, settings: Settings, owner: sa.Connection, world: World
) -> None:
    item = sender.send(PHOTO)
    told = {name: value for name, value in dataclasses.asdict(settings).items() if isinstance(value, str | Path)}
    told["key_file_path"] = str(settings.key_file)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.evidence.killed_worker"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as killed:
        assert killed.stdin
        assert killed.stdout
        killed.stdin.write(json.dumps(told, default=str))
        killed.stdin.close()
        assert killed.stdout.readline() == "read\n"
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert statuses(owner, item) == ["doing"]
    assert row(owner, item).state == "receiving"
    assert "verified" not in custody(owner, item)

    # As if its heartbeats had stopped long ago; the revival itself is the real one.
    owner.execute(sa.text("update jobs.procrastinate_workers set last_heartbeat = now() - interval '1 hour'"))
    revive(world)
    run_worker(settings)
    run_worker(settings)

    assert statuses(owner, item) == ["succeeded"]
    assert row(owner, item).state == "sealed"
    assert custody(owner, item)[:3] == ["receiving", "received", "verified"]
    assert custody(owner, item).count("verified") == 1


def test_a_periodic_job_that_was_killed_does_not_stop_the_revival_of_the_others(
    sender: Sender, settings: Settings, owner: sa.Connection, world: World
) -> None:
    revive(world)
    owner.execute(sa.text("update procrastinate_jobs set status = 'doing', queueing_lock = 'revive'"))
    revive(world)
    owner.execute(
        sa.text(
            "update procrastinate_jobs set queueing_lock = 'revive', scheduled_at = now() + interval '1 hour'"
            " where status = 'todo'"
        )
    )
    item = sender.send(PHOTO)
    owner.execute(sa.text("update procrastinate_jobs set status = 'doing' where task_name = 'seal_item'"))
    revive(world)
    run_worker(settings)
    run_worker(settings)
    assert row(owner, item).state == "sealed"
    assert owner.execute(sa.text("select count(*) from procrastinate_jobs where status = 'doing'")).scalar_one() == 0


def test_the_queue_tells_nothing_about_people(
    sender: Sender, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    sender.send(PHOTO, "Juan Pérez at the lot.jpg")
    run_worker(settings)
    assert "Pérez" not in caplog.text


def _defer_and_fail(user_id: int, item_id: str) -> None:
    jobs.defer("seal_item", user_id=user_id, item_id=item_id)
    raise LookupError


def revive(world: World) -> None:
    with db.transaction():
        sessions.act_for(world.users["intake"])
        jobs.defer("revive_stalled", timestamp=0)


def test_a_check_that_somebody_asks_for_is_in_the_custody_list(
    sender: Sender, settings: Settings, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    assert sender.browser.post(f"/evidence/{item['id']}/check", once=None).status_code == 409
    run_worker(settings)
    assert sender.browser.post(f"/evidence/{item['id']}/check", once=None).status_code == 303
    run_worker(settings)
    assert custody(owner, item)[-1] == "checked"
    assert "Checked again: unchanged" in sender.browser.get(f"/evidence/{item['id']}").get_data(as_text=True)
