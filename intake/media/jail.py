"""The child in which files that people brought are parsed: no network, no rights, few resources.

Run as `python -I -m intake.media.jail CONFIGURATION`. It loads the parsers once, gives up every right, and then forks
for each request, so that no file meets what another file left behind. Requests and answers are JSON, one a line.
Knows nothing of the program: no database, no store, no keys; its environment is empty.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import pwd
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from intake.media import confine, copy_parsers, parsers

_CHUNK = 1 << 16  # bytes


class _Answer:
    """What a request's process wrote, as far as its limit allows."""

    def __init__(self, limit: int) -> None:
        self.text, self.limit, self.full = b"", limit, False

    def add(self, piece: bytes) -> None:
        self.text += piece
        self.full = len(self.text) > self.limit


def main(configuration: str) -> None:
    """Give up every right, say what could be given up, and serve requests until the asker is gone."""
    told = json.loads(configuration)
    programs = {name: os.open(path, os.O_RDONLY | os.O_CLOEXEC) for name, path in told["programs"].items()}
    readable = confine.open_places([*told["readable"], *told["programs"].values()])
    # Parsers register in PARSERS when they are imported; those of other slices and of tests too.
    for name in told["parsers"]:
        importlib.import_module(name)
    parsers.load()
    copy_parsers.load()
    state = {"network": confine.leave_network(told.get("network", "")), "user": _become_nobody()}
    state["files"] = "landlock" if confine.landlock_version() else ""
    confine.bind_to_parent(told["parent"])
    gc.freeze()  # what is loaded stays shared with every fork
    _say({"ready": state})
    for line in sys.stdin:
        _say(_serve(json.loads(line), programs, readable))


def _become_nobody() -> str:
    """Return whose rights are left: nobody's, or the asker's own where it was not root."""
    if os.geteuid() != 0:
        return "own"
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
    os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)
    return "nobody"


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _serve(request: dict[str, Any], programs: dict[str, int], readable: list[int]) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(request, writing, programs, readable)
    os.close(writing)
    answer = _Answer(request["limits"]["answer"])
    late = not _listen(reading, answer, time.monotonic() + request["limits"]["wall"])
    os.close(reading)
    with contextlib.suppress(ProcessLookupError):  # the group outlives its leader when a grandchild is left
        os.killpg(child, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):  # it had not made its group yet
        os.kill(child, signal.SIGKILL)
    _pid, status, used = os.wait4(child, 0)
    _end_what_is_left()
    return {
        "code": os.waitstatus_to_exitcode(status),
        "late": late,
        "full": answer.full,
        "peak": used.ru_maxrss * 1024,
        "cpu": used.ru_utime + used.ru_stime,
        "text": answer.text[: answer.limit].decode("utf-8", "replace"),
    }


def _end_what_is_left() -> None:
    """Kill what the request's process started and took out of its group; it is ours now (subreaper)."""
    mine = Path(f"/proc/self/task/{os.getpid()}/children")
    while left := mine.read_text().split():
        for each in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(each), signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(int(each), 0)


def _listen(reading: int, answer: _Answer, until: float) -> bool:
    """Read until the process closes its end; tells whether it did in time and within its limit."""
    waiting = select.poll()
    waiting.register(reading, select.POLLIN)
    while (left := until - time.monotonic()) > 0 and not answer.full:
        if waiting.poll(left * 1000):
            piece = os.read(reading, _CHUNK)
            if not piece:
                return True
            answer.add(piece)
    return answer.full


def _work(request: dict[str, Any], writing: int, programs: dict[str, int], readable: list[int]) -> NoReturn:
    # From here on nothing of the files has been read yet, and nothing that reads them keeps a right.
    os.setsid()
    places = request["places"]
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # the jail's own answers go where this process cannot write
        os.dup2(nothing, stream)
    os.chdir(places[0]["out"])
    seen = [path for place in places for path in (place["source"], *place["see"])]
    confine.keep_to_places(readable, seen, [place["out"] for place in places])
    limits = request["limits"]
    for which, most in (
        (resource.RLIMIT_AS, limits["memory"]),
        (resource.RLIMIT_CPU, limits["cpu"]),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_NPROC, limits["processes"]),
        (resource.RLIMIT_NOFILE, 128),
        (resource.RLIMIT_CORE, 0),
    ):
        # At the soft limit of time a signal tells why it ends; at the hard one the kernel only kills.
        resource.setrlimit(which, (most, most + 2 if which == resource.RLIMIT_CPU else most))
    if program := request.get("program"):
        os.dup2(writing, 1)
        os.execve(programs[program], [program, *request["arguments"]], request["environment"])  # noqa: S606
    with os.fdopen(writing, "w") as pipe:
        for place in places:
            pipe.write(json.dumps(_parse(request, Path(place["source"]), Path(place["out"]))) + "\n")
            pipe.flush()
    os._exit(0)


def _parse(request: dict[str, Any], source: Path, out: Path) -> dict[str, Any]:
    parser = (parsers.PARSERS | copy_parsers.PARSERS)[request["parser"]]
    return parsers.attempt(parser, source, out, **request["parameters"])


if __name__ == "__main__":
    main(sys.argv[1])
