"""kill -9 of each part while an interviewer works: nothing acknowledged is lost, nothing happens twice, never a 500."""

from __future__ import annotations

import hashlib
import html
import os
import shutil
import signal
import urllib.request
import uuid
from collections.abc import Callable, Iterator

import psutil
import pytest
import sqlalchemy as sa

from intake.local.ground import within
from tests.faults.running import AWAY, Interviewer, Running, Visitor, send_file
from tests.stores import STATE

INTAKE = "intake@harbor.example"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """The program, started; everything of it ended and removed after the module."""
    state = STATE.parent / f"kill-{uuid.uuid4().hex[:6]}"
    state.mkdir(parents=True, mode=0o711)
    program = Running(state, 18900)
    program.prepare()
    program.start()
    yield program
    program.kill()
    shutil.rmtree(state)
    program.log.unlink()


@pytest.fixture
def interviewer(running: Running) -> Iterator[Interviewer]:
    """Somebody who works throughout the test; what they got is judged at its end."""
    someone = Interviewer(running.url, INTAKE)
    someone.start()
    assert comes(lambda: len(someone.told) >= 2)
    yield someone
    someone.finish()
    answers_are_plain(someone.visitor)
    everything_is_there(running, someone)


def comes(answer: Callable[[], object]) -> bool:
    return bool(within(45, answer))


def goes_on(interviewer: Interviewer) -> bool:
    """Wait until three interviews more are acknowledged."""
    before = len(interviewer.told)
    return comes(lambda: interviewer.wrong or len(interviewer.told) >= before + 3) and not interviewer.wrong


def failures(visitor: Visitor) -> list[int]:
    return [answer.status for answer in visitor.answers if answer.status in {AWAY, 503}]


def answers_are_plain(visitor: Visitor) -> None:
    """Assert that nothing but success, a 503 in plain words, or silence came back."""
    assert {answer.status for answer in visitor.answers} <= {200, 201, 302, 303, AWAY, 503}
    for answer in visitor.answers:
        if answer.status == 503:
            assert "Traceback" not in answer.text
            assert "psycopg" not in answer.text
            assert "<h1>" in answer.text or '"error"' in answer.text


def everything_is_there(running: Running, interviewer: Interviewer) -> None:
    """Assert that each acknowledged intake is kept once, with the words that were sent, in store and on screen."""
    query = (
        "select incident_id, narrative from account where opened_by_id = (select id from app_user where email = :email)"
    )
    with running.owner() as owner:
        rows = {str(row.incident_id): row.narrative for row in owner.execute(sa.text(query), {"email": INTAKE})}
        assert len(rows) == owner.execute(sa.text("select count(*) from incident")).scalar_one()
        keys = owner.execute(sa.text("select key::text, answer from once_key where answer <> ''")).all()
    assert {incident: rows.get(incident) for incident in interviewer.told} == interviewer.told
    assert interviewer.opened.items() <= dict(keys).items()
    assert len(rows) == len({answer for _key, answer in keys})
    last = list(interviewer.told)[-1]
    assert interviewer.told[last] in html.unescape(interviewer.visitor.get(f"/incidents/{last}/intake/story").text)


def sends_until_sealed(running: Running, visitor: Visitor, incident: str, body: bytes, key: str) -> str:
    """Send a file, again with the same key while the store is away; return the address of the sealed item."""

    def sent() -> bool:
        steps = list(send_file(visitor, incident, body, key))
        return steps[-1][0] == "complete" and steps[-1][1].status == 200

    assert comes(sent)
    with running.owner() as owner:
        query = "select id from evidence_item where once_key = :key"
        address = f"/evidence/{owner.execute(sa.text(query), {'key': key}).scalar_one()}"
    assert comes(lambda: '"sealed"' in visitor.get(f"{address}/state").text.replace(" ", ""))
    return address


def reads_back(visitor: Visitor, address: str, body: bytes) -> bool:
    """Tell whether a download brings the very bytes, once the scan has let the file be opened."""
    assert comes(lambda: f"{address}/file" in visitor.get(address).text)
    signed = visitor.get(f"{address}/file")
    assert signed.status == 302, signed
    with urllib.request.urlopen(signed.location, timeout=20) as found:
        return hashlib.sha256(found.read()).digest() == hashlib.sha256(body).digest()


def test_killed_web_processes_are_replaced_and_a_form_sent_again_has_one_effect(
    running: Running, interviewer: Interviewer
) -> None:
    assert comes(lambda: len(running.web_workers()) == 2)
    visitor, form = Visitor(running.url), {"once_key": str(uuid.uuid4()), "mode": "clinic", "language": "es"}
    visitor.sign_in(INTAKE)
    before, first = running.web_workers(), visitor.post("/intakes/new", **form)
    assert first.status == 303
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert comes(lambda: visitor.post("/intakes/new", **form) == first)
    assert comes(lambda: len(running.web_workers() - before) == 2)
    assert goes_on(interviewer)


def test_a_killed_job_worker_comes_back_and_seals_what_waited(running: Running, interviewer: Interviewer) -> None:
    assert comes(running.job_worker)
    before, body = running.job_worker(), os.urandom(70_000)
    os.kill(before, signal.SIGKILL)
    assert comes(lambda: not psutil.pid_exists(before) or running.job_worker() != before)
    visitor = Visitor(running.url)
    visitor.sign_in(INTAKE)
    address = sends_until_sealed(running, visitor, next(iter(interviewer.told)), body, str(uuid.uuid4()))
    assert running.job_worker() not in {0, before}
    assert reads_back(visitor, address, body)


def test_a_killed_database_means_a_short_wait_in_plain_words(running: Running, interviewer: Interviewer) -> None:
    visitor, body, key = Visitor(running.url), os.urandom(70_000), str(uuid.uuid4())
    visitor.sign_in(INTAKE)
    address = sends_until_sealed(running, visitor, next(iter(interviewer.told)), body, key)
    before, failed = running.postgres.pid(), len(failures(interviewer.visitor))
    assert before
    os.kill(before, signal.SIGKILL)
    assert comes(lambda: len(failures(interviewer.visitor)) > failed)
    assert comes(lambda: running.postgres.pid() not in {None, before})
    assert goes_on(interviewer)
    assert sends_until_sealed(running, visitor, next(iter(interviewer.told)), body, key) == address
    assert reads_back(visitor, address, body)
    answers_are_plain(visitor)


def test_a_killed_object_store_stops_files_and_not_words(running: Running, interviewer: Interviewer) -> None:
    visitor, bodies, keys = Visitor(running.url), [os.urandom(70_000), os.urandom(9)], [str(uuid.uuid4()) for _ in "12"]
    visitor.sign_in(INTAKE)
    incident = next(iter(interviewer.told))
    kept = sends_until_sealed(running, visitor, incident, bodies[0], keys[0])
    before, failed = running.store.pid(), len(failures(interviewer.visitor))
    assert before
    os.kill(before, signal.SIGKILL)
    refused = list(send_file(visitor, incident, bodies[1], keys[1]))[-1][1]
    assert refused.status == 503, refused
    assert goes_on(interviewer)
    assert len(failures(interviewer.visitor)) == failed
    assert comes(lambda: running.store.pid() not in {None, before})
    later = sends_until_sealed(running, visitor, incident, bodies[1], keys[1])
    assert later != kept
    for address, body in ((kept, bodies[0]), (later, bodies[1])):
        assert reads_back(visitor, address, body)
    answers_are_plain(visitor)


def test_after_everything_was_killed_at_once_the_next_start_needs_no_repair(running: Running) -> None:
    interviewer, visitor, body = Interviewer(running.url, INTAKE), Visitor(running.url), os.urandom(70_000)
    visitor.sign_in(INTAKE)
    interviewer.start()
    assert goes_on(interviewer)
    address = sends_until_sealed(running, visitor, next(iter(interviewer.told)), body, str(uuid.uuid4()))
    family = running.kill()
    assert comes(lambda: failures(interviewer.visitor))
    assert {running.postgres.pid(), running.store.pid()} == {None}

    assert running.start() == running.url
    assert not {each.pid for each in running.family()} & {each.pid for each in family}
    assert goes_on(interviewer)
    interviewer.finish()
    answers_are_plain(interviewer.visitor)
    everything_is_there(running, interviewer)
    assert reads_back(visitor, address, body)
    assert "unexpected" not in running.said()
