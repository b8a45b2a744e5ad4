"""The auditor's log: readable, filterable, without content; and proofs as a download."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake.access.actor import Actor
from intake.admin.queries import LogFilter, log_lines
from intake.audit.verify import verify
from tests.audit.conftest import Log, log  # noqa: F401
from tests.browser import Browser
from tests.factories import an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def incident(acting: Acting) -> tuple[str, str]:
    """An incident with a canary in its label; (identifier, number as people say it)."""
    with acting("intake"):
        made = an_incident(title="Canario en el log")
        return str(made.id), made.label


def text(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_log_says_in_words_who_did_what_and_never_a_value(
    incident: tuple[str, str], as_auditor: Browser, world: World
) -> None:
    page = text(as_auditor, "/log")
    assert "added the record" in page
    assert incident[1] in page
    assert "Canario" not in page


def test_the_log_is_filtered_by_person_kind_record_and_days(
    incident: tuple[str, str], acting: Acting, world: World
) -> None:
    with acting("auditor"):
        by_number = log_lines(LogFilter(record=incident[1]))
        assert {line.subject for line in by_number} == {"incident", "account"}
        assert {line.record_id for line in log_lines(LogFilter(record=incident[0]))} == {incident[0]}
        assert log_lines(LogFilter(record="IN-999999")) == []
        assert log_lines(LogFilter(record="nonsense")) == []
        assert {line.kind for line in log_lines(LogFilter(what="changes"))} <= {"insert", "update", "delete"}
        assert log_lines(LogFilter(what="out")) == []
        assert log_lines(LogFilter(who=world.users["intake"]))
        assert log_lines(LogFilter(who=world.users["attorney"], what="changes")) == []
        day = by_number[0].at.date()
        assert log_lines(LogFilter(record=incident[1], first=day, last=day))
        assert log_lines(LogFilter(record=incident[1], last=day.replace(year=2020))) == []


def test_pages_go_on_by_number_without_gap_or_repetition(acting: Acting) -> None:
    with acting("intake"):
        for _ in range(4):
            an_incident()
    with acting("auditor"):
        whole = [line.id for line in log_lines(limit=30)]
        first = [line.id for line in log_lines(limit=7)]
        assert [*first, *(line.id for line in log_lines(before=first[-1], limit=23))] == whole


@pytest.mark.parametrize("query", ["who=x", "what=everything", "first=2026-13-40", f"record={'x' * 50}"])
def test_a_filter_that_makes_no_sense_shows_nothing_and_breaks_nothing(as_auditor: Browser, query: str) -> None:
    assert "added the record" not in text(as_auditor, f"/log?{query}")


def test_another_organisations_auditor_finds_nothing_by_our_numbers(
    incident: tuple[str, str], acting: Acting, world: World, owner: sa.Connection
) -> None:
    owner.execute(
        sa.text("update access_grant set role = 'RO.AUDITOR' where user_id = :id"), {"id": world.users["stranger"]}
    )
    try:
        with acting("stranger"):
            assert log_lines(LogFilter(record=incident[1])) == []
            assert log_lines(LogFilter(record=incident[0])) == []
            assert all(line.label == "" for line in log_lines())
    finally:
        owner.execute(
            sa.text("update access_grant set role = 'RO.INTAKE' where user_id = :id"), {"id": world.users["stranger"]}
        )


def test_an_entry_says_under_which_head_it_lies_and_which_witness_saw_it(
    incident: tuple[str, str],
    log: Log,  # noqa: F811
    as_auditor: Browser,
) -> None:
    assert "not yet signed" in text(as_auditor, f"/log?record={incident[1]}")
    log.minute()
    page = text(as_auditor, f"/log?record={incident[1]}")
    assert "not yet signed" not in page
    assert "seen by witness.example/" in page
    assert "under the head of" in page


def test_an_auditor_and_the_attorney_download_proofs_that_verify(
    incident: tuple[str, str],
    log: Log,  # noqa: F811
    as_auditor: Browser,
    as_attorney: Browser,
    tmp_path: Path,
) -> None:
    log.minute()
    log.minute()
    for browser, form in (
        (as_auditor, {"record": incident[1]}),
        (as_attorney, {"record": incident[0], "whole": "yes"}),
    ):
        answer = browser.post("/log/proof", form, once=None)
        assert answer.status_code == 200, answer.location
        assert answer.headers["Content-Type"] == "application/zip"
        folder = tmp_path / form["record"]
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            archive.extractall(folder)
        assert verify(folder / "bundle", log.trust).accepted
        told = (folder / "bundle/data/proof.json").read_text()
        assert ("Canario" in told) == ("whole" in form)


def test_entries_of_this_minute_are_asked_for_again_later(incident: tuple[str, str], as_auditor: Browser) -> None:
    answer = as_auditor.post("/log/proof", {"record": incident[1]}, once=None)
    assert answer.status_code == 303
    assert "Please try again in a minute" in text(as_auditor, answer.location)


def test_who_may_not_prove_gets_no_proof(
    incident: tuple[str, str], as_paralegal: Browser, as_cocounsel: Browser, as_stranger: Browser
) -> None:
    for browser in (as_paralegal, as_cocounsel, as_stranger):
        for form in ({"record": incident[1]}, {"record": incident[0], "whole": "yes"}):
            assert browser.post("/log/proof", form, once=None).status_code in {403, 404}


def test_a_proof_is_itself_an_entry(incident: tuple[str, str], owner: sa.Connection) -> None:
    assert owner.execute(sa.text("select count(*) from audit.event where kind = 'bundle'")).scalar_one() >= 2
