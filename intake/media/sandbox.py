"""The one way to parse a file: in a jail of its own. Nothing that a file does there reaches the program.

A jail is a process that starts with loaded parsers and without rights (jail.py) and forks for each file, so five
hundred photos cost five hundred forks, not five hundred Pythons. `borrowed()` lends one to a thread.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from intake.errors import TestigoError

MIB = 1 << 20
_START = 30.0  # seconds for a jail to load its parsers on a busy machine
# What programs and parsers need of the system, read only.
_READABLE = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/fonts", "/etc/clamav", sys.prefix, sys.base_prefix)


@dataclass(frozen=True)
class Limits:
    """What one file may cost. memory, file, answer: bytes; cpu, wall: seconds; processes: beside the first."""

    memory: int = 1536 * MIB
    cpu: int = 30
    wall: float = 60
    file: int = 64 * MIB
    answer: int = 4 * MIB
    processes: int = 0


@dataclass(frozen=True)
class Done:
    """What a parser answered, or a program wrote. peak: bytes of memory; cpu: seconds; status: the program's own."""

    answer: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    status: int = 0
    peak: int = 0
    cpu: float = 0


class ParserFailed(TestigoError):
    """The parser crashed, ran out of time, memory or room, or could not read the file; `code` says which.

    code: time, memory, output, crash, too_large, unreadable, protected, nothing or no_sandbox.
    """

    def __init__(self, code: str, peak: int = 0) -> None:
        super().__init__(code)
        self.code, self.peak = code, peak


@dataclass(frozen=True)
class Folder:
    """A folder for one file: `source` may only be read in the jail, `out` may be written there."""

    source: Path
    out: Path

    def open(self, name: str) -> io.BufferedReader:
        """Open what the jail wrote. Raises ParserFailed for a link, a device, or nothing: the writer is not trusted."""
        try:
            opened = os.open(self.out / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError as why:
            raise ParserFailed("nothing") from why
        about = os.fstat(opened)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1 or about.st_size == 0:
            os.close(opened)
            raise ParserFailed("nothing")
        return io.BufferedReader(io.FileIO(opened, "rb"))

    def read(self, name: str, most: int = 64 * MIB) -> bytes:
        """Return what the jail wrote, at most `most` bytes. Raises ParserFailed."""
        with self.open(name) as file:
            body = file.read(most + 1)
        if len(body) > most:
            raise ParserFailed("output")
        return body


@contextlib.contextmanager
def folder(body: Iterable[bytes]) -> Iterator[Folder]:
    """Write a file's bytes where only a jail finds them; the folder goes with the block.

    The name it has there is always `source`: no uploader's name becomes a path or an argument.
    """
    root = Path(tempfile.mkdtemp(prefix="testigo-"))
    try:
        inside, out = root / "in", root / "out"
        for place in (inside, out):
            place.mkdir(mode=0o700)
        made = Folder(inside / "source", out)
        with made.source.open("xb") as file:
            for chunk in body:
                file.write(chunk)
        made.source.chmod(0o440)
        if os.geteuid() == 0:
            _give_to_nobody(root, inside, made.source, out)
        yield made
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _give_to_nobody(root: Path, inside: Path, source: Path, out: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    for place, mode in ((root, 0o710), (inside, 0o750), (source, 0o440)):
        os.chown(place, 0, nobody.pw_gid)
        place.chmod(mode)
    os.chown(out, nobody.pw_uid, nobody.pw_gid)


class Jail:
    """One jail. Not to be shared by threads at the same time. It starts when asked first, and again after a death."""

    def __init__(self, *, network: str = "", parsers: str = "intake.media.parsers") -> None:
        self.network, self.parsers = network, parsers
        self.state: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def parse(self, parser: str, where: Folder, limits: Limits | None = None, **parameters: Any) -> Done:  # noqa: ANN401
        """Run one of parsers.PARSERS on the folder's file. Raises ParserFailed."""
        done = self._ask(where, limits or Limits(), parser=parser, parameters=parameters)
        if failure := done.answer.get("failure"):
            raise ParserFailed(failure, done.peak)
        return done

    def parse_out(self, parser: str, where: Folder, name: str = "", **parameters: Any) -> Done:  # noqa: ANN401
        """Run a parser on what an earlier one wrote: the file `name`, or the whole folder."""
        return self.parse(parser, Folder(where.out / name, where.out), **parameters)

    def run(
        self,
        program: str,
        arguments: list[str],
        where: Folder,
        limits: Limits | None = None,
        *,
        see: Iterable[str] = (),
    ) -> Done:
        """Run one of programs() in the folder `out`; its status is in the answer. see: what else it may read.

        Raises ParserFailed.
        """
        environment = {"HOME": str(where.out), "TMPDIR": str(where.out), "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
        asked = {"program": program, "arguments": arguments, "environment": environment, "see": list(see)}
        return self._ask(where, limits or Limits(), **asked)

    def close(self) -> None:
        """End the jail."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def start(self) -> dict[str, str]:
        """Start it where it does not run; returns what was given up: network, user, files. Raises ParserFailed."""
        if self._process and self._process.poll() is None:
            return self.state
        self.close()
        told = {
            "programs": programs(),
            "readable": _READABLE,
            "network": self.network,
            "parsers": [self.parsers],
            "parent": os.getpid(),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "intake.media.jail", json.dumps(told)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={}, cwd="/",
        )  # fmt: skip
        self.state = self._answer(_START).get("ready", {})
        if not self.state.get("network"):
            self.close()
            raise ParserFailed("no_sandbox")
        return self.state

    def _ask(self, where: Folder, limits: Limits, **asked: Any) -> Done:  # noqa: ANN401
        self.start()
        place = {
            "source": str(where.source),
            "see": [str(where.source.parent), *asked.pop("see", ())],
            "out": str(where.out),
        }
        request = json.dumps({**asked, **place, "limits": asdict(limits)})
        process = self._process
        if process is None or process.stdin is None:
            raise ParserFailed("crash")
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
        except BrokenPipeError as why:
            raise ParserFailed("crash") from why
        # The jail ends a late file itself; if the jail hangs, it goes.
        return _judged(self._answer(limits.wall + 10), is_parser="parser" in asked)

    def _answer(self, seconds: float) -> dict[str, Any]:
        process = self._process
        if process is None or process.stdout is None:
            raise ParserFailed("crash")
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        try:
            line = process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            self.close()
            raise ParserFailed("crash")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _judged(found: dict[str, Any], *, is_parser: bool) -> Done:
    code, peak = found["code"], found["peak"]
    if found["late"] or code == -signal.SIGXCPU:
        raise ParserFailed("time", peak)
    if found["full"] or code == -signal.SIGXFSZ:
        raise ParserFailed("output", peak)
    if code < 0 and not (
        code == -signal.SIGKILL and found["text"]
    ):  # killed because it was slow to go after its answer
        raise ParserFailed("crash", peak)
    if not is_parser:
        return Done({}, found["text"], max(code, 0), peak, found["cpu"])
    try:
        return Done(json.loads(found["text"]), "", 0, peak, found["cpu"])
    except ValueError as why:
        raise ParserFailed("crash", peak) from why


@cache
def programs() -> dict[str, str]:
    """Return the programs that are here, by name: ffmpeg comes with the package, the others with the system."""
    found = {name: shutil.which(name) for name in ("tesseract", "clamscan")}
    return {"ffmpeg": imageio_ffmpeg.get_ffmpeg_exe(), **{n: str(Path(p).resolve()) for n, p in found.items() if p}}


_idle: list[Jail] = []


@contextlib.contextmanager
def borrowed() -> Iterator[Jail]:
    """Lend a jail to this thread; it is kept for the next one."""
    jail = _idle.pop() if _idle else Jail()
    try:
        yield jail
    finally:
        _idle.append(jail)


def end_all() -> None:
    """End the jails that nobody uses."""
    while _idle:
        _idle.pop().close()
