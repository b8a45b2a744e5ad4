"""What a hostile file would do, had it taken a parser over: run in the jail only, beside the real parsers."""

from __future__ import annotations

import ctypes
import encodings.idna  # noqa: F401  (connecting imports it, and there is nothing to import from later)
import os
import socket
import time
from pathlib import Path
from typing import Any

from intake.media.parsers import PARSERS, Answer


def connect(_source: Path, _out: Path, *, port: int) -> Answer:
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
    except OSError as why:
        return {"refused": type(why).__name__}
    return {"refused": ""}


def look(_source: Path, _out: Path, *, paths: list[str]) -> Answer:
    seen = []
    for path in paths:
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                file.read(1)
            seen.append(path)
        except OSError:
            continue
    return {"readable": seen}


def write(_source: Path, _out: Path, *, path: str) -> Answer:
    try:
        Path(path).write_bytes(b"changed")
    except OSError as why:
        return {"refused": type(why).__name__}
    return {"refused": ""}


def inside(_source: Path, _out: Path) -> Answer:
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    ctypes.CDLL(None).capget(header, data)
    return {"environment": dict(os.environ), "uid": os.geteuid(), "capabilities": data[0] | data[1] | data[3] | data[4]}


def eat_memory(_source: Path, _out: Path) -> Answer:
    return {"length": len(bytearray(1 << 40))}


def turn(_source: Path, _out: Path) -> Answer:
    while True:
        pass


def sleep(_source: Path, _out: Path) -> Answer:
    time.sleep(60)
    return {}


def fill(_source: Path, out: Path) -> Answer:
    with (out / "much").open("wb") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
    return {}


def talk(_source: Path, _out: Path) -> Answer:
    return {"words": "x" * (1 << 20)}


def crash(_source: Path, _out: Path) -> Answer:
    ctypes.string_at(0)
    return {}


def refuse(_source: Path, _out: Path) -> Answer:
    raise ValueError("words of the file")


def leave_processes(_source: Path, out: Path) -> Answer:
    for number in range(5):
        if os.fork() == 0:
            os.setsid()
            (out / f"left-{number}").write_text(str(os.getpid()))
            time.sleep(30)
            os._exit(0)
    while len(list(out.glob("left-*"))) < 5:
        time.sleep(0.01)
    return {}


def plant(source: Path, out: Path, *, kind: str) -> Answer:
    planted = out / "planted"
    if kind == "link":
        planted.symlink_to("/etc/shadow")
    elif kind == "hard_link":
        (out / "other").write_bytes(b"x")
        planted.hardlink_to(out / "other")
    elif kind == "pipe":
        os.mkfifo(planted)
    elif kind == "folder":
        planted.mkdir()
    return {"source": str(source)}


_TRIED: dict[str, Any] = {
    each.__name__: each
    for each in (
        connect,
        look,
        write,
        inside,
        eat_memory,
        turn,
        sleep,
        fill,
        talk,
        crash,
        refuse,
        leave_processes,
        plant,
    )
}
PARSERS.update(_TRIED)
