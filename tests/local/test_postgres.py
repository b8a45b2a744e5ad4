"""The embedded PostgreSQL: one server however many ask, nothing acknowledged is lost, nothing listens outside."""

from __future__ import annotations

import os
import signal
import stat
from pathlib import Path

import psutil
import psycopg
import pytest

from intake.local.postgres import LONGEST_SOCKET, SOCKET_NAME, LocalPostgres
from tests.local.racers import race

ASK = """
import sys; from pathlib import Path; from intake.local.postgres import LocalPostgres
server = LocalPostgres(Path(sys.argv[1])); print(server.ensure(), server.pid())
"""


def connect(server: LocalPostgres) -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket_dir), user="postgres", dbname="testigo", autocommit=True)


def test_many_processes_that_ask_at_once_get_one_server(state: Path) -> None:
    (answer,) = race(ASK, state)
    server = LocalPostgres(state)
    assert answer.split() == [server.url, str(server.pid())]


def test_the_server_runs_as_an_ordinary_user_and_listens_on_its_socket_only(postgres: LocalPostgres) -> None:
    server = psutil.Process(postgres.pid())
    assert server.uids().effective != 0
    assert not [c for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert stat.S_IMODE(postgres.socket_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE(postgres.data.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("TimeZone", "UTC"),
    ],
)
def test_it_keeps_what_it_acknowledged(postgres: LocalPostgres, setting: str, value: str) -> None:
    with connect(postgres) as connection:
        assert connection.execute("select current_setting(%s)", (setting,)).fetchone() == (value,)


def test_after_kill_9_every_committed_row_is_there(postgres: LocalPostgres) -> None:
    with connect(postgres) as connection:
        connection.execute("create table kept (n int)")
        for n in range(50):
            connection.execute("insert into kept values (%s)", (n,))
    before = postgres.pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    postgres.ensure()
    assert postgres.pid() not in {None, before}
    with connect(postgres) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (50,)


def test_a_pid_file_that_names_a_stranger_neither_stops_the_start_nor_harms_the_stranger(
    postgres: LocalPostgres,
) -> None:
    postgres.stop()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n0\n5432\n\n\n")
    assert postgres.pid() is None
    postgres.ensure()
    assert postgres.pid() not in {None, os.getpid()}


def test_no_value_of_a_failed_statement_reaches_the_log(postgres: LocalPostgres) -> None:
    with connect(postgres) as connection, pytest.raises(psycopg.Error):
        connection.execute("select 'Maria Fictional'::int")
    assert "Fictional" not in postgres.log.read_text()


def test_a_deep_state_folder_gets_a_short_socket(state: Path) -> None:
    deep = state / ("deep-" * 10) / ("folder-" * 8)
    deep.mkdir(parents=True, mode=0o711)
    server = LocalPostgres(deep)
    try:
        server.ensure()
        assert len(os.fsencode(server.socket_dir / SOCKET_NAME)) <= LONGEST_SOCKET
        with connect(server) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        server.stop()
    server.socket_dir.rmdir()


def test_a_folder_that_the_servers_account_cannot_reach_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = LocalPostgres(closed / "state")
    try:
        server.ensure()
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
        assert LocalPostgres(closed / "state").home == server.home
        with connect(server) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        server.stop()
        for path in sorted(server.home.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        server.home.rmdir()
        if server.account.dropped:
            server.home.parent.rmdir()


def test_stop_leaves_no_process_and_start_finds_the_rows(postgres: LocalPostgres) -> None:
    with connect(postgres) as connection:
        connection.execute("create table if not exists still (n int)")
    postgres.stop()
    assert postgres.pid() is None
    postgres.stop()
    postgres.ensure()
    with connect(postgres) as connection:
        assert connection.execute("select count(*) from still").fetchone() == (0,)
