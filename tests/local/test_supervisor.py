"""`testigo up`: what dies is started again, Ctrl-C ends everything, and a killed supervisor leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from intake.local import services, supervisor
from intake.local.ground import within
from intake.local.object_store import LocalObjectStore
from intake.local.postgres import LocalPostgres
from intake.settings import Settings
from tests.local.racers import ROOT


class Up:
    """One running `up` with the tiny web."""

    def __init__(self, state: Path, port: int) -> None:
        closed = {"DATABASE_URL", "S3_ENDPOINT_URL", "TESTIGO_SECRET_KEY"}
        environment = {name: value for name, value in os.environ.items() if name not in closed}
        environment |= {"TESTIGO_STATE": str(state), "TESTIGO_PORT": str(port)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.local.tiny_web"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        while not (found := self._ready_line()):
            assert self.process.poll() is None, self.said
        self.port = int(found[1])

    def _ready_line(self) -> re.Match[str] | None:
        assert self.process.stdout is not None
        self.said.append(self.process.stdout.readline())
        return re.match(r"ready http://localhost:(\d+)", self.said[-1])

    def web(self) -> int:
        """Return the process id of the web's master, asked from the web itself; 0 while it does not answer."""
        with contextlib.suppress(OSError, ValueError):
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                return int(answer.read())
        return 0

    def children(self) -> set[int]:
        """Return the process ids of everything it started, stores apart: those serve whoever comes next."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return {child.pid for child in found if child.name() != "weed"}

    def worker(self) -> int:
        """Return the worker's process id."""
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if "time.sleep(600)" in child.cmdline()[-1]:
                    return int(child.pid)
        return 0


@pytest.fixture(scope="module")
def up(state: Path) -> Iterator[Up]:
    running = Up(state, 18000)
    yield running
    running.process.kill()
    running.process.wait()


def comes(answer: Callable[[], object]) -> bool:
    return bool(within(30, answer))


def test_a_killed_web_comes_back_on_the_same_port(up: Up) -> None:
    before = up.web()
    os.kill(before, signal.SIGKILL)
    assert comes(lambda: up.web() not in {0, before})


def test_a_killed_worker_comes_back(up: Up) -> None:
    assert comes(up.worker)
    before = up.worker()
    os.kill(before, signal.SIGKILL)
    assert comes(lambda: up.worker() not in {0, before})


def test_killed_stores_come_back(up: Up, state: Path) -> None:
    assert up.web()
    for server in (LocalPostgres(state), LocalObjectStore(state, "evidence", "exports")):
        before = server.pid()
        assert before is not None
        os.kill(before, signal.SIGKILL)
        assert comes(lambda server=server, before=before: server.pid() not in {None, before})  # type: ignore[misc]


def test_a_second_one_on_the_same_state_says_so_and_ends(up: Up, state: Path) -> None:
    assert up.web()
    environment = {**os.environ, "TESTIGO_STATE": str(state), "TESTIGO_PORT": "18000"}
    second = subprocess.run(
        [sys.executable, "-m", "tests.local.tiny_web"], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert second.returncode == 1
    assert b"already runs" in second.stdout
    assert up.web()


def test_a_killed_supervisor_takes_web_and_worker_along_and_the_next_one_starts(up: Up, state: Path) -> None:
    family = up.children()
    assert len(family) >= 3
    up.process.kill()
    up.process.wait()
    assert comes(lambda: not any(psutil.pid_exists(pid) and _runs(pid) for pid in family))
    again = Up(state, 18000)
    assert again.web()
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(60) == 0
    assert LocalPostgres(state).pid() is None
    assert LocalObjectStore(state, "evidence", "exports").pid() is None


def _runs(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    return False


def test_a_taken_port_makes_the_web_step_aside() -> None:
    with services.listen(18500) as taken:
        port = taken.getsockname()[1]
        assert services.free_port(port) > port


def test_the_children_never_get_the_owners_way_into_the_database(state: Path) -> None:
    settings = Settings.load({}, "test").with_(
        state_dir=state,
        secret_key="s",
        database_url="postgresql+psycopg://postgres@/testigo?host=/run/x",
        s3_endpoint_url="http://127.0.0.1:1",
    )
    environment = supervisor.environment(settings)
    assert not [value for value in environment.values() if "postgres@" in value]
    theirs = Settings.load(environment)
    assert theirs.program_url == settings.program_url
    assert theirs.secret_key == settings.secret_key


def test_a_socket_given_to_the_web_outlives_it() -> None:
    with services.listen(18600) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=2):
            pass
