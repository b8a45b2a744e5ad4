"""The malware scanner: ClamAV, asked as another program. What it cannot look at stays closed; nothing is skipped.

Two ways: the daemon on its socket (fast: it holds its signatures), else `clamscan` in the jail (it loads them for
each file). Either is believed only while its signatures are there and fresh.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import re
import socket
import struct
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from intake.media import sandbox
from intake.settings import Settings

LARGEST = 2_000_000_000  # bytes: ClamAV cannot look at files beyond 2 GiB, and passes them as clean
SIGNATURES = {".cvd", ".cld", ".cud", ".ndb", ".ndu", ".hdb", ".hsb", ".ldb", ".db"}
_CHUNK = 1 << 20
_LIMITS = sandbox.Limits(memory=6 << 30, cpu=900, wall=1800, file=LARGEST, processes=64)
_ASKED = (
    "--no-summary", "--stdout", f"--max-filesize={LARGEST}", f"--max-scansize={LARGEST}", "--alert-exceeds-max=yes",
    "--max-scantime=900000",
)  # fmt: skip
# What ClamAV calls a file that is more than it will unpack (a bomb of entries, depth or ratio): not looked at.
_EXCEEDED = "Heuristics.Limits.Exceeded"
_TOO_LARGE = "size limit exceeded"


@dataclass(frozen=True)
class Verdict:
    """What a scan found. finding: clean, infected or held; why: the signature's name, or why it is held.

    why, when held: no_scanner, no_signatures, stale, too_large, too_deep or failed. scanner: program and version;
    signatures: the day of the newest, as ISO 8601.
    """

    finding: str
    why: str = ""
    scanner: str = ""
    signatures: str = ""


@dataclass(frozen=True)
class Scanner:
    """The scanner of this machine as the settings name it."""

    folder: Path
    stale_after: dt.timedelta
    daemon: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Scanner:
        """Return the scanner that the settings name."""
        daemon = Path(settings.scan_socket) if settings.scan_socket else None
        return cls(Path(settings.scan_signatures), dt.timedelta(days=settings.scan_stale_days), daemon)

    def missing(self) -> str:
        """Return why nothing can be scanned now: no_scanner, no_signatures or stale; '' when it can."""
        if not self._by_daemon() and "clamscan" not in sandbox.programs():
            return "no_scanner"
        made = self.signatures_made()
        if made is None:
            return "no_signatures"
        return "stale" if dt.datetime.now(dt.UTC) - made > self.stale_after else ""

    def signatures_made(self) -> dt.datetime | None:
        """Return when the newest signatures were made: what an official file says of itself, else the file's time."""
        with contextlib.suppress(OSError):
            times = [_made(path) for path in self.folder.iterdir() if path.suffix in SIGNATURES]
            return max(times, default=None)
        return None

    def scan(self, where: sandbox.Folder, size: int, jail: sandbox.Jail) -> Verdict:
        """Scan a file that lies in a jail's folder. size: bytes."""
        if why := self.missing():
            return Verdict("held", why)
        if size > LARGEST:
            return self._verdict("held", "too_large")
        if self._by_daemon():
            with where.source.open("rb") as file:
                return self._ask_daemon(iter(lambda: file.read(_CHUNK), b""))
        return self._run(where, jail)

    def _run(self, where: sandbox.Folder, jail: sandbox.Jail) -> Verdict:
        arguments = [*_ASKED, f"--database={self.folder}", f"--tempdir={where.out}", str(where.source)]
        try:
            done = jail.run("clamscan", arguments, where, _LIMITS, see=[str(self.folder)])
        except sandbox.ParserFailed:
            return self._verdict("held", "failed")
        # clamscan: 0 nothing found, 1 something found, 2 it could not look.
        return self._judge(done.text if done.status < 2 else "")  # noqa: PLR2004

    def _by_daemon(self) -> bool:
        return self.daemon is not None and self.daemon.is_socket() and _says_its_limits(self.daemon)

    def _ask_daemon(self, chunks: Iterable[bytes]) -> Verdict:
        try:
            return self._judge(_stream(self.daemon or Path(), chunks))
        except OSError:
            return self._verdict("held", "failed")

    def _judge(self, said: str) -> Verdict:
        if _TOO_LARGE in said:
            return self._verdict("held", "too_large")
        if found := re.search(r": (\S+) FOUND", said):
            deep = found[1].startswith(_EXCEEDED)
            return self._verdict("held", "too_deep") if deep else self._verdict("infected", found[1][:120])
        return self._verdict("clean") if re.search(r": OK\b", said) else self._verdict("held", "failed")

    def _verdict(self, finding: str, why: str = "") -> Verdict:
        made = self.signatures_made()
        program = "clamd" if self._by_daemon() else "clamscan"
        return Verdict(finding, why, f"ClamAV {program}", made.date().isoformat() if made else "")


def _stream(daemon: Path, chunks: Iterable[bytes]) -> str:
    """Speak clamd's INSTREAM: each chunk after its length (4 bytes, big-endian), and a length of 0 at the end.

    Returns its words. Raises OSError when it does not answer.
    """
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_LIMITS.wall)
        line.connect(str(daemon))
        line.sendall(b"zINSTREAM\0")
        try:
            for chunk in chunks:
                line.sendall(struct.pack("!I", len(chunk)) + chunk)
            line.sendall(struct.pack("!I", 0))
            return b"".join(_heard(line)).decode("utf-8", "replace")
        except (BrokenPipeError, ConnectionResetError):
            return _TOO_LARGE  # it hangs up in the middle for this reason only, and its words are lost


@cache
def _says_its_limits(daemon: Path) -> bool:
    """Tell whether this daemon says so when it stops looking (AlertExceedsMax); else it passes bombs as clean.

    Asked once, with an archive deeper than any daemon unpacks.
    """
    body = b"0"
    for _ in range(120):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("a", body)
        body = out.getvalue()
    try:
        return _EXCEEDED in _stream(daemon, [body])
    except OSError:
        return False


def _heard(line: socket.socket) -> Iterator[bytes]:
    while piece := line.recv(4096):
        yield piece


def _made(path: Path) -> dt.datetime:
    # An official database begins "ClamAV-VDB:16 Sep 2021 08-32 -0400:...": its making, not its copying, counts.
    with path.open("rb") as file:
        head = file.read(512).split(b":")
    if head[0] == b"ClamAV-VDB":
        with contextlib.suppress(ValueError, IndexError):
            return dt.datetime.strptime(head[1].decode(), "%d %b %Y %H-%M %z")
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)


_named: dict[str, Scanner] = {}


def use(scanner: Scanner) -> None:
    """Tell this process's jobs which scanner they ask; the worker does this once at its start."""
    _named["current"] = scanner


def current() -> Scanner:
    """Return the scanner of use(). Raises KeyError where none was named."""
    return _named["current"]
