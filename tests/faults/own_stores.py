"""Stores of a test's own, each behind a door that can go wrong: they may be killed, filled up and damaged."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import urllib.error
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa

from intake import schema
from intake.local import services
from intake.local.ground import within
from intake.local.object_store import LocalObjectStore
from intake.local.postgres import SOCKET_NAME, LocalPostgres
from intake.settings import Settings
from tests.faults.proxy import Proxy
from tests.stores import STATE

# What is asked of the stores, to know when something should go wrong; and what a sender sees of it.
PUT = rb"PUT /evidence/e/[^\r]*partNumber=.*?\r\n\r\n"
READ = rb"GET /evidence/e/[^\r]*versionId="
JOIN = rb"POST /evidence/e/[^\r]*uploadId="
COMMIT = b"COMMIT"
LOST = (OSError, http.client.HTTPException, urllib.error.URLError)


@dataclass
class OwnStores:
    """PostgreSQL and SeaweedFS in one folder. direct: the settings past the doors; settings: through them."""

    direct: Settings
    settings: Settings
    database: Proxy
    s3: Proxy
    postgres: LocalPostgres
    weed: LocalObjectStore

    def kill_postgres(self) -> None:
        """Kill -9 and start again, as after a power cut; returns when it answers."""
        pid = self.postgres.pid()
        assert pid
        os.kill(pid, signal.SIGKILL)
        within(20, lambda: not psutil.pid_exists(pid))
        self.postgres.ensure()

    def data_files(self) -> list[Path]:
        """Return the files in which the object store keeps the objects' bytes."""
        return sorted(self.weed.weed.data.rglob("*.dat"))

    @contextlib.contextmanager
    def full(self, room: int) -> Iterator[None]:
        """Let no data file of the object store grow by more than `room` bytes, as on a full disk (RLIMIT_FSIZE)."""
        pid = self.weed.pid()
        assert pid
        largest = max(path.stat().st_size for path in self.data_files())
        self._limit(pid, f"{largest + room}:")
        try:
            yield
        finally:
            self._limit(pid, "unlimited:")

    def _limit(self, pid: int, file_size: str) -> None:
        # As the store's own account: to set another's limits takes more than being root in a container.
        command = ["prlimit", f"--pid={pid}", f"--fsize={file_size}"]
        subprocess.run(command, check=True, cwd="/", **self.weed.weed.account.process)


@contextlib.contextmanager
def own_stores() -> Iterator[OwnStores]:
    """Start them, migrated; stop and remove them at the end."""
    state = STATE.parent / f"faults-{uuid.uuid4().hex[:6]}"
    state.mkdir(parents=True, mode=0o711)
    direct = services.ensure_all(Settings.load(profile="test").with_(state_dir=state), ["*"])
    schema.upgrade(direct.database_url)
    schema.set_program_password(direct.database_url, direct.program_password)
    postgres, weed = LocalPostgres(state), LocalObjectStore(state, direct.s3_bucket, direct.s3_exports_bucket)
    database = Proxy(str(postgres.socket_dir / SOCKET_NAME))
    s3 = Proxy(("127.0.0.1", int(direct.s3_endpoint_url.rpartition(":")[2])))
    url = sa.engine.make_url(direct.database_url).set(host="127.0.0.1", port=database.port, query={})
    settings = direct.with_(
        database_url=url.render_as_string(hide_password=False), s3_endpoint_url=f"http://127.0.0.1:{s3.port}"
    )
    weed.weed.prepare()
    try:
        yield OwnStores(direct, settings, database, s3, postgres, weed)
    finally:
        database.close()
        s3.close()
        services.stop_all(direct)
        homes = {state, weed.weed.home.parent}
        for home in homes:
            shutil.rmtree(home, ignore_errors=True)
