"""The one way to parse a file: in a jail of its own. Nothing that a file does there reaches the program.

A jail is a process that starts with loaded parsers and without rights (jail.py) and forks for each file, so five
hundred photos cost five hundred forks, not five hundred Pythons. `borrowed()` lends one to a thread.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from intake.media.places import MIB, Folder, ParserFailed, folder

__all__ = ["MIB", "Done", "Folder", "Jail", "Limits", "ParserFailed", "borrowed", "folder", "programs"]

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


class Jail:
    """One jail. Not to be shared by threads at the same time. It starts when asked first, and again after a death."""

    def __init__(self, *, network: str = "", parsers: str = "intake.media.parsers") -> None:
        self.network, self.parsers = network, parsers
        self.state: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    def parse(self, parser: str, where: Folder, limits: Limits | None = None, **parameters: Any) -> Done:  # noqa: ANN401
        """Run one of parsers.PARSERS on the folder's file. Raises ParserFailed."""
        done = self._ask([where], limits or Limits(), parser=parser, parameters=parameters)
        return _parsed(done, done.text)

    def parse_each(
        self,
        parser: str,
        places: Sequence[Folder],
        limits: Limits | None = None,
        **parameters: Any,  # noqa: ANN401
    ) -> list[Done | ParserFailed]:
        """Run a parser on several files in one process, and return for each what parse would have given or raised.

        For many small files of one sender. Where one ends the process, those without an answer get one each.
        """
        each = limits or Limits()
        n = len(places)
        most = replace(each, cpu=each.cpu * n, wall=each.wall * n, answer=each.answer * n)
        told: list[str] = []
        with contextlib.suppress(ParserFailed):
            told = self._ask(places, most, parser=parser, parameters=parameters).text.splitlines()
        found: list[Done | ParserFailed] = []
        for place, line in zip_longest(places, told[:n]):
            try:
                found.append(_parsed(Done(), line) if line else self.parse(parser, place, limits, **parameters))
            except ParserFailed as why:
                if why.code == "no_sandbox":
                    raise
                found.append(why)
        return found

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
        if program not in programs():
            raise ParserFailed("no_program")
        environment = {"HOME": str(where.out), "TMPDIR": str(where.out), "OMP_THREAD_LIMIT": "1", "LC_ALL": "C.UTF-8"}
        asked = {"program": program, "arguments": arguments, "environment": environment, "see": list(see)}
        return self._ask([where], limits or Limits(), **asked)

    @property
    def pid(self) -> int:
        """The process that waits for files."""
        return self._process.pid if self._process else 0

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

    def _ask(self, places: Sequence[Folder], limits: Limits, **asked: Any) -> Done:  # noqa: ANN401
        self.start()
        also = asked.pop("see", [])
        told = [
            {"source": str(each.source), "see": [str(each.source.parent), *also], "out": str(each.out)}
            for each in places
        ]
        request = json.dumps({**asked, "places": told, "limits": asdict(limits)})
        process = self._process
        if process is None or process.stdin is None:
            raise ParserFailed("crash")
        try:
            process.stdin.write(request + "\n")
            process.stdin.flush()
        except BrokenPipeError as why:
            raise ParserFailed("crash") from why
        # The jail ends a late file itself; if the jail hangs, it goes.
        return _judged(self._answer(limits.wall + 10))

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


def _judged(found: dict[str, Any]) -> Done:
    code, peak = found["code"], found["peak"]
    if found["late"] or code == -signal.SIGXCPU:
        raise ParserFailed("time", peak)
    if found["full"] or code == -signal.SIGXFSZ:
        raise ParserFailed("output", peak)
    # Killed with its answer given: it was slow to go.
    if code < 0 and not (code == -signal.SIGKILL and found["text"]):
        raise ParserFailed("crash", peak)
    return Done({}, found["text"], max(code, 0), peak, found["cpu"])


def _parsed(done: Done, line: str) -> Done:
    """Return `done` with a parser's answer, or raise ParserFailed with the failure that it names."""
    try:
        answer = json.loads(line)
    except ValueError as why:
        raise ParserFailed("crash", done.peak) from why
    if failure := answer.get("failure"):
        raise ParserFailed(failure, done.peak)
    return replace(done, answer=answer)


@cache
def programs() -> dict[str, str]:
    """Return the programs that are here, by name: ffmpeg comes with the package, the others with the system."""
    found = {name: shutil.which(name) or "" for name in ("tesseract", "clamscan")}
    with contextlib.suppress(RuntimeError):  # what it raises where the package brings none
        found["ffmpeg"] = imageio_ffmpeg.get_ffmpeg_exe()
    return {name: str(Path(path).resolve()) for name, path in found.items() if path}


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
