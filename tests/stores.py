"""The stores of the tests: one real PostgreSQL and one real S3 store for every test process on this machine."""

from __future__ import annotations

import atexit
import fcntl
import os
from functools import cache
from pathlib import Path
from typing import TextIO

from intake.local import services
from intake.settings import Settings
from tests.media.signatures import write_signatures

STATE = Path(__file__).resolve().parent.parent / "var" / "test"


_held: list[TextIO] = []


@cache
def shared_stores() -> Settings:
    """Start the stores, or join those that another test process started; the last process to end stops them.

    TESTIGO_KEEP_STORES=1 leaves them running. DATABASE_URL and S3_ENDPOINT_URL name other stores.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    settings = Settings.load(profile="test").with_(state_dir=STATE)
    users = (STATE / ".users").open("a")
    _held.append(users)  # an open file that nobody holds is closed, and its lock with it
    fcntl.flock(users, fcntl.LOCK_SH)
    filled = services.ensure_all(settings, ["*"])
    filled = filled.with_(scan_signatures=str(write_signatures(STATE / "signatures")), scan_socket="")

    def leave() -> None:
        # A shared lock becomes an exclusive one only for the last: the others' tests go on.
        try:
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        services.stop_all(settings)

    if not os.environ.get("TESTIGO_KEEP_STORES"):
        atexit.register(leave)
    return filled
