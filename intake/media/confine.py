"""Linux's own means to take rights away from this process: namespaces, seccomp, Landlock. For the jail only.

Sources: unshare(2), seccomp(2), landlock(7), capabilities(7), prctl(2). Numbers are of the kernel's stable interface.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import stat
import struct
from collections.abc import Iterable

_NEWUSER, _NEWNET = 0x10000000, 0x40000000
_PDEATHSIG, _DUMPABLE, _SECCOMP, _SUBREAPER, _NO_NEW_PRIVS = 1, 4, 22, 36, 38
_KILL = 9
# (audit architecture, system call number of socket)
_ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ_FILE, _READ_DIR, _EXECUTE, _WRITE_FILE, _TRUNCATE = 1 << 2, 1 << 3, 1 << 0, 1 << 1, 1 << 14
_ON_FILES = _READ_FILE | _EXECUTE | _WRITE_FILE | _TRUNCATE  # the others are rights on folders
_O_PATH = 0o10000000

_libc = ctypes.CDLL(None, use_errno=True)


def leave_network(only: str = "") -> str:
    """Give up the network; returns how: `namespace`, `seccomp`, or nothing where the kernel refuses both.

    only: one of the two, for tests. A namespace has no device but a loopback that is down.
    """
    if only != "seccomp" and _own_namespace():
        return "namespace"
    return "seccomp" if only != "namespace" and _no_sockets() else ""


def _own_namespace() -> bool:
    if os.geteuid() == 0:
        return bool(_libc.unshare(_NEWNET) == 0)
    if _libc.unshare(_NEWUSER | _NEWNET) != 0:
        return False
    # The new user namespace came with every capability inside it; none is needed.
    header, none = struct.pack("=Ii", 0x20080522, 0), bytes(24)
    return bool(_libc.capset(header, none) == 0)


def _no_sockets() -> bool:
    """Let socket(2) fail with EACCES, and every system call of a foreign architecture kill."""
    if platform.machine() not in _ARCHITECTURES:
        return False
    architecture, socket = _ARCHITECTURES[platform.machine()]
    program = b"".join(
        struct.pack("=HBBI", *line)
        for line in (
            (0x20, 0, 0, 4),  # load the architecture
            (0x15, 1, 0, architecture),
            (0x06, 0, 0, 0x80000000),  # kill the process
            (0x20, 0, 0, 0),  # load the number
            (0x15, 0, 1, socket),
            (0x06, 0, 0, 0x00050000 | 13),  # EACCES
            (0x06, 0, 0, 0x7FFF0000),  # allow
        )
    )
    text = ctypes.create_string_buffer(program, len(program))
    filters = struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(text))
    if _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(_libc.prctl(_SECCOMP, 2, filters, 0, 0) == 0)


def bind_to_parent(parent: int) -> None:
    """Die with the parent, never gain a right again, and let nobody of the same user look into this memory."""
    _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    _libc.prctl(_PDEATHSIG, _KILL, 0, 0, 0)
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)  # what a parser leaves behind becomes ours, to be ended
    _libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit("the parent is gone")


def landlock_version() -> int:
    """Return the kernel's Landlock version, 0 without."""
    return max(0, int(_libc.syscall(_CREATE_RULESET, None, 0, 1)))


def open_places(paths: Iterable[str]) -> list[int]:
    """Open files and folders by path only, while there is still a right to find them; what is not there is left out."""
    opened = []
    for path in dict.fromkeys(paths):
        with contextlib.suppress(FileNotFoundError):
            opened.append(os.open(path, _O_PATH | os.O_CLOEXEC))
    return opened


def keep_to_places(known: list[int], seen: list[str], written: list[str]) -> None:
    """Leave this process nothing of the file system but these places; without Landlock, user rights alone guard."""
    version = landlock_version()
    if not version:
        return
    handled = (1 << (13, 14, 15)[min(version, 3) - 1]) - 1
    ruleset = _libc.syscall(_CREATE_RULESET, struct.pack("=Q", handled), ctypes.c_size_t(8), 0)
    look = _READ_FILE | _READ_DIR | _EXECUTE
    rules = [*((place, look) for place in [*known, *open_places(seen)]), *((p, handled) for p in open_places(written))]
    rules += [(place, _READ_FILE | _WRITE_FILE) for place in open_places(["/dev/null", "/dev/urandom"])]
    for place, rights in rules:
        kept = rights & handled
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            kept &= _ON_FILES
        _libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", kept, place), 0)
    _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    if _libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
        raise OSError(ctypes.get_errno(), "landlock refuses")
