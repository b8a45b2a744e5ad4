"""PostgreSQL ends a connection at a bad moment: the answer is 503 in plain words, wherever in the request it was."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from intake import db
from intake.access.actor import Actor
from intake.errors import DatabaseUnavailable, NotThere
from tests.browser import Browser

Acting = Callable[[str], AbstractContextManager[Actor]]
Work = Callable[..., None]


@pytest.fixture
def end_connections(owner: sa.Connection) -> Callable[..., None]:
    """End every connection of the program to this module's database."""

    def end(*_told: object) -> None:
        owner.execute(
            sa.text(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where datname = current_database() and usename = 'testigo_app'"
            )
        )

    return end


@contextlib.contextmanager
def after_rollback(act: Callable[..., None]) -> Iterator[None]:
    """Do `act` once, right after the next transaction that is rolled back."""
    sa.event.listen(Session, "after_rollback", act, once=True)
    yield
    with contextlib.suppress(sa.exc.InvalidRequestError):
        sa.event.remove(Session, "after_rollback", act)


@pytest.fixture
def work(acting: Acting) -> Work:
    """Do some steps in one transaction of the intake worker."""

    def do(*steps: Callable[[], object]) -> None:
        with acting("intake"):
            for step in steps:
                step()

    return do


def look() -> int:
    return int(db.session.execute(sa.text("select 1")).scalar_one())


def fail() -> None:
    raise NotThere


def in_a_savepoint(*steps: Callable[[], object]) -> Callable[[], None]:
    def do() -> None:
        with db.session.begin_nested():
            for step in steps:
                step()

    return do


def unheard(step: Callable[[], object]) -> Callable[[], None]:
    def do() -> None:
        with contextlib.suppress(sa.exc.OperationalError):
            step()

    return do


def test_lost_before_a_statement(work: Work, end_connections: Callable[[], None]) -> None:
    with pytest.raises(DatabaseUnavailable):
        work(end_connections, look)


def test_lost_before_the_commit(work: Work, end_connections: Callable[[], None]) -> None:
    with pytest.raises(DatabaseUnavailable):
        work(end_connections)


def test_lost_inside_a_savepoint(work: Work, end_connections: Callable[[], None]) -> None:
    with pytest.raises(DatabaseUnavailable):
        work(in_a_savepoint(end_connections, look))


def test_used_again_after_it_was_lost(work: Work, end_connections: Callable[[], None]) -> None:
    with pytest.raises(DatabaseUnavailable):
        work(unheard(in_a_savepoint(end_connections, look)), look)


def test_lost_while_something_else_went_wrong(work: Work, end_connections: Callable[[], None]) -> None:
    with pytest.raises((DatabaseUnavailable, NotThere)):
        work(end_connections, fail)


def test_the_next_transaction_has_a_new_connection(work: Work, end_connections: Callable[[], None]) -> None:
    with pytest.raises(DatabaseUnavailable):
        work(end_connections, look)
    work(look)


def test_a_page_says_so_in_plain_words(as_intake: Browser, end_connections: Callable[[], None]) -> None:
    end_connections()
    answer = as_intake.get("/incidents")
    assert answer.status_code == 503
    assert "What was saved before is safe" in answer.get_data(as_text=True)
    assert as_intake.get("/incidents").status_code == 200


def test_a_refusal_that_cannot_be_logged_is_no_fault_of_the_program(
    as_auditor: Browser, end_connections: Callable[[], None]
) -> None:
    with after_rollback(end_connections):
        assert as_auditor.get("/incidents").status_code == 503
    assert as_auditor.get("/incidents").status_code == 403
