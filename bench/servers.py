"""Programs under the same server: ours, the bare one, Flask-Admin, Datasette; two workers each, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from intake.settings import Settings

HERE = Path(__file__).resolve().parent


def free() -> int:
    """Return a free port on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@contextlib.contextmanager
def gunicorn(factory: str, settings: Settings) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve `factory` (module:call) with two workers of eight threads; yields its address and process."""
    port = free()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-w",
        "2",
        "--threads",
        "8",
        "-k",
        "gthread",
        "--no-control-socket",
        "-b",
        f"127.0.0.1:{port}",
        "--log-level",
        "error",
        factory,
    ]
    environment = {
        **os.environ,
        "BENCH_DATABASE_URL": settings.database_url,
        "DATABASE_URL": settings.database_url,
        "TESTIGO_SECRET_KEY": settings.secret_key,
        "TESTIGO_KEY_FILE": str(settings.key_file),
        "S3_ENDPOINT_URL": settings.s3_endpoint_url,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key,
        "TESTIGO_STATE": str(settings.state_dir),
    }
    with _running(command, environment, port) as server:
        yield server


@contextlib.contextmanager
def datasette(settings: Settings) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve Datasette over the same rows in SQLite with its full-text index."""
    path = settings.state_dir / "peer.sqlite"
    _copy_rows(settings, path)
    port = free()
    command = [
        sys.executable,
        "-m",
        "datasette",
        "serve",
        str(path),
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "--setting",
        "sql_time_limit_ms",
        "20000",
    ]
    with _running(command, dict(os.environ), port) as server:
        yield server


@contextlib.contextmanager
def _running(
    command: list[str], environment: dict[str, str], port: int
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    process = subprocess.Popen(command, env=environment, cwd=HERE.parent)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address, process)
        yield address, process
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args} ended with {process.returncode}")
        try:
            urllib.request.urlopen(address + "/", timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)


def _copy_rows(settings: Settings, path: Path) -> None:
    if path.exists():
        return
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(part)) as lite, engine.connect() as connection:
        lite.execute(
            "create table incident (number integer primary key, title, place, earliest, latest, stage, narrative)"
        )
        rows = connection.execution_options(yield_per=5000).execute(
            sa.text(
                "select i.number, i.title, i.place, i.earliest::text, i.latest::text, i.stage, a.narrative from incident i"
                " join account a on a.incident_id = i.id"
            )
        )
        for batch in rows.partitions():
            lite.executemany("insert into incident values (?, ?, ?, ?, ?, ?, ?)", [tuple(row) for row in batch])
        lite.execute(
            "create virtual table incident_fts using fts5(title, narrative, content=incident, content_rowid=number)"
        )
        lite.execute("insert into incident_fts (rowid, title, narrative) select number, title, narrative from incident")
        lite.commit()
    part.rename(path)


def memory(process: subprocess.Popen[bytes]) -> float:
    """Return the proportional memory (PSS) of a process and its children, in MiB."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    total = 0
    for pid in [str(process.pid), *children]:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024
