"""Both embedded stores together: started side by side, filled into the settings, stopped at the end."""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from intake.local.ground import locked, write_private
from intake.local.object_store import LocalObjectStore
from intake.local.postgres import LocalPostgres, installed_programs
from intake.settings import Settings


def ensure_all(settings: Settings, origins: Sequence[str] | None = None) -> Settings:
    """Start the stores whose address the settings leave empty, and return the settings with everything filled in.

    origins: the web pages that may reach the embedded S3 store; None leaves them as they are.
    Raises RuntimeError when a store cannot start.
    """
    settings = settings.with_(secret_key=_secret_key(settings))
    with ThreadPoolExecutor(2) as together:
        database = together.submit(LocalPostgres(settings.state_dir).ensure) if not settings.database_url else None
        store = together.submit(_store(settings).ensure, origins) if not settings.s3_endpoint_url else None
    if database:
        settings = settings.with_(database_url=database.result())
    if store:
        access = store.result()
        settings = settings.with_(
            s3_endpoint_url=access.endpoint_url,
            s3_access_key=access.access_key,
            s3_secret_key=access.secret_key,
            s3_destroy_access_key="destroyer",
            s3_destroy_secret_key=access.destroy_secret_key,
        )
    return settings


def stop_all(settings: Settings) -> None:
    """Stop the embedded stores of this state folder, whoever started them."""
    # One after the other: this also runs while the interpreter ends, when no thread can start.
    _store(settings).stop()
    LocalPostgres(settings.state_dir).stop()


def free_port(wanted: int) -> int:
    """Return `wanted`, or the next port that nobody listens on."""
    with listen(wanted) as listener:
        return int(listener.getsockname()[1])


def listen(wanted: int) -> socket.socket:
    """Open the web's socket on `wanted` or one of the next hundred ports. Raises OSError when all are taken."""
    for port in range(wanted, wanted + 100):
        with contextlib.suppress(OSError):
            return socket.create_server(("127.0.0.1", port), backlog=256)
    raise OSError(f"No free port from {wanted} to {wanted + 99}.")


def psql() -> str:
    """Return PostgreSQL's own shell, which comes with the server."""
    return str(installed_programs() / "bin" / "psql")


def origins_of(port: int) -> tuple[str, str]:
    """Return the addresses under which a browser on this machine sees the web on `port`."""
    return f"http://localhost:{port}", f"http://127.0.0.1:{port}"


def _store(settings: Settings) -> LocalObjectStore:
    return LocalObjectStore(
        settings.state_dir, settings.s3_bucket, settings.s3_exports_bucket, settings.s3_checkpoints_bucket
    )


def _secret_key(settings: Settings) -> str:
    if settings.secret_key:
        return settings.secret_key
    settings.state_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
    kept = settings.state_dir / "secret.key"
    with locked(settings.state_dir / ".lock"):
        if not kept.exists():
            write_private(kept, secrets.token_hex(32).encode())
    return kept.read_text().strip()
