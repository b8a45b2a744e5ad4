"""ClamAV's daemon, the real one, on a socket of the test's own."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from intake.demo import media
from intake.media import sandbox, scanner
from intake.media.scanner import Scanner
from tests.media.signatures import EICAR, write_signatures

CLAMD = shutil.which("clamd", path=f"{os.environ['PATH']}:/usr/sbin")


def start(folder: Path, *, alerts: bool) -> tuple[subprocess.Popen[bytes], Scanner]:
    """Start a daemon that takes streams of 1 MiB, and wait for its socket."""
    signatures, place = write_signatures(folder / "signatures"), folder / "clamd.ctl"
    told = {
        "LocalSocket": place, "DatabaseDirectory": signatures, "Foreground": "yes", "StreamMaxLength": "1M",
        "AlertExceedsMax": "yes" if alerts else "no", "TemporaryDirectory": folder,
    }  # fmt: skip
    (folder / "clamd.conf").write_text("".join(f"{name} {value}\n" for name, value in told.items()))
    daemon = subprocess.Popen(
        [CLAMD or "", f"--config-file={folder / 'clamd.conf'}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        if place.is_socket() or daemon.poll() is not None:
            break
        time.sleep(0.05)
    return daemon, Scanner(signatures, dt.timedelta(days=7), place)


@pytest.fixture(params=[True, False], ids=["says its limits", "says nothing"])
def daemon(request: pytest.FixtureRequest) -> Iterator[tuple[Scanner, bool]]:
    """A daemon that says where it stopped looking, and one that does not."""
    if CLAMD is None:
        pytest.skip("clamd is not installed here")
    folder = Path(tempfile.mkdtemp(prefix="clamd-"))  # pytest's own folders are too long for a socket's name
    os.chmod(folder, 0o755)  # noqa: PTH101, S103 (clamscan reads the signatures as nobody)
    process, by = start(folder, alerts=request.param)
    yield by, request.param
    process.kill()
    process.wait()
    shutil.rmtree(folder)


def look(by: Scanner, body: bytes) -> scanner.Verdict:
    with sandbox.borrowed() as jail, sandbox.folder([body]) as where:
        return by.scan(where, len(body), jail)


def test_the_daemon_is_asked_where_it_says_its_limits_and_else_the_program(daemon: tuple[Scanner, bool]) -> None:
    by, says = daemon
    assert look(by, b"words " + EICAR).finding == "infected"
    clean = look(by, media.photo(1))
    assert (clean.finding, clean.scanner) == ("clean", "ClamAV clamd" if says else "ClamAV clamscan")
    large = look(by, bytes(3 * 2**20))
    assert (large.finding, large.why) == (("held", "too_large") if says else ("clean", ""))
