"""What both embedded servers need of the machine: a lock, private files, an ordinary account, a folder it can reach."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Answer = TypeVar("Answer")

ACCOUNT = "testigo-store"
SYSTEM_STATE = Path("/var/lib/testigo")


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` alone among threads and processes; the kernel lets go when the holder dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def within(seconds: float, attempt: Callable[[], Answer]) -> Answer:
    """Try until the answer is true or the seconds are over; return the last answer."""
    end = time.monotonic() + seconds
    while not (answer := attempt()) and time.monotonic() < end:
        time.sleep(0.05)
    return answer


def write_private(path: Path, content: bytes, group: int | None = None) -> None:
    """Replace a file in one step, durable, mode 0600; with `group` (of the server) 0640 so that it can read it."""
    part = path.with_name(f"{path.name}.part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        if group is not None:
            os.fchown(file.fileno(), 0, group)
            os.fchmod(file.fileno(), 0o640)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


@dataclass(frozen=True)
class Account:
    """Who runs the servers. `dropped`: we are root and the servers are not."""

    uid: int
    gid: int
    dropped: bool

    @classmethod
    def of_servers(cls) -> Account:
        """Return this user, or for root an ordinary system account (PostgreSQL refuses to run as root)."""
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), dropped=False)
        entry = _entry(ACCOUNT) or _add_account() or _entry("nobody")
        if entry is None:
            raise RuntimeError(f"As root this needs an ordinary account for the stores: add the user {ACCOUNT}.")
        return cls(entry.pw_uid, entry.pw_gid, dropped=True)

    @property
    def process(self) -> dict[str, Any]:
        """Arguments of subprocess that start a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.dropped else {}

    @property
    def group(self) -> int | None:
        """The group that may read a server's key files, when it is not the owner."""
        return self.gid if self.dropped else None

    def reaches(self, path: Path) -> bool:
        """Tell whether the account can enter the folder or run the program at `path`."""
        if not self.dropped:
            return os.access(path, os.X_OK)
        return subprocess.run(["/usr/bin/test", "-x", path], cwd="/", check=False, **self.process).returncode == 0

    def own(self, folder: Path) -> None:
        """Make `folder` the account's alone (mode 0700)."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.dropped:
            os.chown(folder, self.uid, self.gid)


def home_for(state_dir: Path, account: Account) -> Path:
    """Return the folder of the stores: the state folder, or a system one where the account cannot reach it.

    Root's home is closed to others. Its parents stay closed; the stores of that state go to a fixed place instead.
    """
    state_dir.mkdir(mode=0o711 if account.dropped else 0o700, parents=True, exist_ok=True)
    pointer = state_dir / "stores-are-in"
    if pointer.exists():
        return Path(pointer.read_text().strip())
    if account.reaches(state_dir):
        return state_dir
    if not account.dropped or (state_dir / "postgres").exists():
        raise RuntimeError(f"The account of the stores cannot reach the data in the state folder: {state_dir}")
    home = SYSTEM_STATE / hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:12]
    for folder in (SYSTEM_STATE, home):
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    pointer.write_text(f"{home}\n")
    return home


def reachable_copy(program: Path, copy: Path, account: Account) -> Path:
    """Return `program` (file or folder), or a copy made once at `copy` when the account cannot reach it."""
    if account.reaches(program):
        return program
    if not copy.exists():
        part = copy.with_name(f"{copy.name}.part")
        if part.is_dir():
            shutil.rmtree(part)
        if program.is_dir():
            shutil.copytree(program, part, symlinks=True)
        else:
            shutil.copy(program, part)
        part.chmod(0o755)
        part.replace(copy)
    return copy


def _entry(name: str) -> pwd.struct_passwd | None:
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(name)
    return None


def _add_account() -> pwd.struct_passwd | None:
    # Another process may add it at the same moment, and small systems have no useradd: the look-up decides.
    with contextlib.suppress(FileNotFoundError):
        options = ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
        subprocess.run(["useradd", *options, ACCOUNT], capture_output=True, check=False)  # noqa: S607
    return within(2, lambda: _entry(ACCOUNT))
