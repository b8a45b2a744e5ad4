"""Where a file lies while it is parsed: a folder of its own, which only the jail's user can enter, gone afterwards."""

from __future__ import annotations

import contextlib
import io
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from intake.errors import TestigoError

MIB = 1 << 20


class ParserFailed(TestigoError):
    """The parser crashed, ran out of time, memory or room, or could not read the file; `code` says which.

    code: time, memory, output, crash, too_large, unreadable, protected, nothing, no_program or no_sandbox.
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
