"""The jail: no network, no files but its own, nobody's rights, bounded memory, time, room and processes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.demo import media
from intake.media import sandbox
from intake.media.sandbox import MIB, Folder, Jail, Limits, ParserFailed
from tests.media import samples


@pytest.fixture(scope="module", params=["namespace", "seccomp"])
def jail(request: pytest.FixtureRequest) -> Iterator[Jail]:
    """A jail of each way to be without a network, which may try what no parser does."""
    jail = Jail(network=request.param, parsers="tests.media.attempts")
    try:
        jail.start()
    except ParserFailed:
        pytest.skip(f"this kernel does not allow it: {request.param}")
    yield jail
    jail.close()


@pytest.fixture
def where() -> Iterator[Folder]:
    with sandbox.folder([b"a file"]) as where:
        yield where


def test_it_says_what_was_given_up(jail: Jail) -> None:
    assert jail.state["network"] == jail.network
    assert jail.state["user"] == ("nobody" if os.geteuid() == 0 else "own")
    assert jail.state["files"] == "landlock"


def test_no_connection_leaves_it(jail: Jail, where: Folder) -> None:
    with listening() as (port, heard):
        answer = jail.parse("connect", where, port=port).answer
        assert answer["refused"]
    assert heard == []


def test_the_listener_hears_who_is_free() -> None:
    with listening() as (port, heard), socket.create_connection(("127.0.0.1", port), 5):
        pass
    assert heard == [1]


def test_it_sees_no_file_but_its_own_and_changes_not_even_that(jail: Jail, where: Folder, tmp_path: Path) -> None:
    secret = tmp_path / "keys.json"
    secret.write_text("secret")
    tmp_path.chmod(0o755)
    secret.chmod(0o644)
    others = ["/etc/passwd", str(secret), str(Path(__file__)), f"/proc/{os.getpid()}/environ", "/proc/self/environ"]
    answer = jail.parse("look", where, paths=[str(where.source), *others]).answer
    assert answer["readable"] == [str(where.source)]
    assert jail.parse("write", where, path=str(where.source)).answer["refused"]
    assert jail.parse("write", where, path=str(tmp_path / "new")).answer["refused"]
    assert where.source.read_bytes() == b"a file"


def test_it_has_no_environment_and_no_open_door_of_the_program(jail: Jail, where: Folder) -> None:
    os.environ["TESTIGO_CANARY"] = "secret"
    answer = jail.parse("inside", where).answer
    assert "TESTIGO_CANARY" not in answer["environment"]
    assert answer["uid"] == (65534 if os.geteuid() == 0 else os.geteuid())
    assert answer["capabilities"] == 0


@pytest.mark.parametrize(
    ("attempt", "limits", "code"),
    [
        ("eat_memory", Limits(memory=256 * MIB), "memory"),
        ("turn", Limits(cpu=1, wall=20), "time"),
        ("sleep", Limits(wall=1), "time"),
        ("fill", Limits(file=4 * MIB), "output"),
        ("talk", Limits(answer=64 * 1024), "output"),
        ("crash", Limits(), "crash"),
        ("refuse", Limits(), "unreadable"),
    ],
    ids=["memory", "cpu", "wall", "file", "answer", "crash", "error"],
)
def test_whatever_a_file_does_ends_with_that_file(
    jail: Jail, where: Folder, attempt: str, limits: Limits, code: str
) -> None:
    with pytest.raises(ParserFailed) as failed:
        jail.parse(attempt, where, limits)
    assert failed.value.code == code
    assert failed.value.peak < 300 * MIB
    with sandbox.folder([media.photo(1)]) as next_one:
        assert jail.parse("picture", next_one, sizes={"a.jpg": 64}).answer["width"] == 1280


def test_no_process_is_left_behind(jail: Jail, where: Folder) -> None:
    with contextlib.suppress(ParserFailed):
        jail.parse("leave_processes", where, Limits(processes=64, wall=2))
    started = [int(where.read(f"left-{number}")) for number in range(5)]
    assert [pid for pid in started if Path(f"/proc/{pid}").exists()] == []


@pytest.mark.parametrize("kind", ["link", "hard_link", "pipe", "folder", "nothing"])
def test_what_it_wrote_is_read_only_when_it_is_a_plain_file(jail: Jail, where: Folder, kind: str) -> None:
    jail.parse("plant", where, kind=kind)
    with pytest.raises(ParserFailed):
        where.read("planted")


def test_a_killed_jail_starts_again_for_the_next_file() -> None:
    jail = Jail()
    with sandbox.folder([samples.photo()]) as where:
        jail.parse("sniff", where)
        assert jail._process
        jail._process.kill()
        jail._process.wait()
        assert jail.parse("sniff", where).answer == {"content": "image/jpeg"}
    jail.close()


def test_nothing_is_left_on_the_disk() -> None:
    with sandbox.folder([b"x"]) as where:
        root = where.source.parent.parent
        assert root.stat().st_mode & 0o007 == 0
    assert not root.exists()


@contextlib.contextmanager
def listening() -> Iterator[tuple[int, list[int]]]:
    """A listener on this machine that counts who comes."""
    heard: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        stop = threading.Event()

        def wait() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    line, _who = server.accept()
                    heard.append(1)
                    line.close()

        thread = threading.Thread(target=wait)
        thread.start()
        try:
            yield server.getsockname()[1], heard
        finally:
            stop.wait(0.5)
            stop.set()
            thread.join()
