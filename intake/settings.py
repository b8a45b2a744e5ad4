"""Settings: config/*.toml, then the environment. Frozen: nothing changes them while the program runs."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import importlib.metadata
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

_HERE = Path(__file__).resolve().parent


def project_file(name: str) -> Path:
    """Return the path of `config/...`, `templates` or `migrations`, in a checkout or in the installed wheel."""
    checkout = _HERE.parent / name
    return checkout if checkout.exists() else _HERE / "_data" / name


@cache
def program_version() -> str:
    """Return the version of the program: of the installed wheel, or of the checkout it runs from."""
    try:
        return importlib.metadata.version("testigo")
    except importlib.metadata.PackageNotFoundError:
        return str(tomllib.loads((_HERE.parent / "pyproject.toml").read_text())["project"]["version"])


@dataclass(frozen=True)
class Settings:
    """Where things are and how the program runs. Empty store addresses mean the embedded stores."""

    state_dir: Path
    port: int
    languages: tuple[str, ...]
    fictional: bool
    secure_cookies: bool
    s3_bucket: str
    s3_exports_bucket: str
    s3_region: str
    web_workers: int
    web_threads: int
    quota_user_gb: int
    quota_organisation_gb: int
    s3_lock_mode: str
    s3_lock_days: int
    database_url: str = ""
    program_database_url: str = ""
    s3_endpoint_url: str = ""
    s3_public_endpoint_url: str = ""
    s3_access_key: str = ""
    s3_secret_key: str = ""
    secret_key: str = ""
    key_file_path: str = ""
    s3_checkpoints_bucket: str = "testigo-checkpoints"
    log_config: str = "config/log.toml"
    public_url: str = ""
    proxy_hops: int = 0
    key_service: str = "file"
    kms_endpoint_url: str = ""
    kms_key: str = "alias/testigo-{organisation}"
    kms_index_key: str = "alias/testigo-index-{organisation}"
    fixity_mb_per_second: float = 40.0
    fixity_every_days: float = 7.0
    certificate_check_days: float = 30.0
    s3_destroy_access_key: str = ""
    s3_destroy_secret_key: str = ""
    scan_signatures: str = "/var/lib/clamav"
    scan_socket: str = ""
    scan_stale_days: int = 7

    @classmethod
    def load(cls, env: Mapping[str, str] | None = None, profile: str = "") -> Self:
        """Read config/default.toml, then config/<profile>.toml (TESTIGO_PROFILE), then the environment."""
        env = os.environ if env is None else env
        profile = profile or env.get("TESTIGO_PROFILE", "default")
        values: dict[str, Any] = {}
        for name in dict.fromkeys(("default", profile)):
            values |= tomllib.loads(project_file(f"config/{name}.toml").read_text())
        values["languages"] = tuple(values["languages"])
        values["port"] = int(env.get("TESTIGO_PORT", values["port"]))
        values["key_service"] = env.get("TESTIGO_KEY_SERVICE", values.get("key_service", "file"))
        return cls(
            state_dir=Path(env.get("TESTIGO_STATE", "var")).resolve(),
            database_url=_psycopg(env.get("DATABASE_URL", "")),
            program_database_url=_psycopg(env.get("TESTIGO_PROGRAM_DATABASE_URL", "")),
            s3_endpoint_url=env.get("S3_ENDPOINT_URL", ""),
            s3_public_endpoint_url=env.get("S3_PUBLIC_ENDPOINT_URL", ""),
            s3_access_key=env.get("AWS_ACCESS_KEY_ID", ""),
            s3_secret_key=env.get("AWS_SECRET_ACCESS_KEY", ""),
            secret_key=env.get("TESTIGO_SECRET_KEY", ""),
            key_file_path=env.get("TESTIGO_KEY_FILE", ""),
            s3_destroy_access_key=env.get("TESTIGO_DESTROY_ACCESS_KEY", ""),
            s3_destroy_secret_key=env.get("TESTIGO_DESTROY_SECRET_KEY", ""),
            log_config=env.get("TESTIGO_LOG_CONFIG", values.pop("log_config", "config/log.toml")),
            public_url=env.get("TESTIGO_PUBLIC_URL", "").rstrip("/"),
            proxy_hops=int(env.get("TESTIGO_PROXY_HOPS", "0")),
            **_named(env, values, "scan_signatures", "scan_socket"),
            kms_endpoint_url=env.get("TESTIGO_KMS_ENDPOINT_URL", ""),
            **values,
        )

    def with_(self, **changes: Any) -> Self:  # noqa: ANN401
        """Return the same settings with some filled in, as the embedded stores do when they have started."""
        return dataclasses.replace(self, **changes)

    @property
    def key_file(self) -> Path:
        """The organisations' keys (mode 0600)."""
        return Path(self.key_file_path) if self.key_file_path else self.state_dir / "keys.json"

    @property
    def hosts(self) -> list[str]:
        """The names by which requests may ask for this program: its public one, and this machine's own."""
        public = urlsplit(self.public_url).hostname
        return [*([public] if public else []), "localhost", "127.0.0.1"]

    @property
    def origin(self) -> str:
        """The address that browsers know the program by, without a path: passkeys are made for it alone."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def rp_id(self) -> str:
        """The relying party of passkeys (WebAuthn): the origin's host name."""
        return urlsplit(self.origin).hostname or "localhost"

    @property
    def program_password(self) -> str:
        """The password of the program's database role, derived so that one variable configures both roles."""
        return hmac.new(self.secret_key.encode(), b"database role testigo_app", hashlib.sha256).hexdigest()

    @property
    def log_key_file(self) -> Path:
        """The key that signs the log's checkpoints (mode 0600), beside the organisations' keys."""
        return self.key_file.with_name("log.key")

    @property
    def sequencer_password(self) -> str:
        """The password of the sequencer's database role, derived like the program's."""
        return hmac.new(self.secret_key.encode(), b"database role testigo_sequencer", hashlib.sha256).hexdigest()

    @property
    def sequencer_url(self) -> str:
        """The database as the sequencer sees it, which folds leaves and reads no payload."""
        parts = urlsplit(self.program_database_url or self.database_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"testigo_sequencer:{quote(self.sequencer_password)}@{host}"))

    @property
    def program_url(self) -> str:
        """The database as the program sees it: signed in as testigo_app, which owns nothing."""
        if self.program_database_url:
            return self.program_database_url
        parts = urlsplit(self.database_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=f"testigo_app:{quote(self.program_password)}@{host}"))

    @property
    def s3_browser_url(self) -> str:
        """The store's origin as browsers reach it (for presigned addresses and the content security policy)."""
        parts = urlsplit(self.s3_public_endpoint_url or self.s3_endpoint_url)
        return f"{parts.scheme}://{parts.netloc}"


def _named(env: Mapping[str, str], values: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return settings that the environment may set as TESTIGO_<NAME>, taken out of the file's values."""
    return {name: env.get(f"TESTIGO_{name.upper()}", values.pop(name, "")) for name in names}


def _psycopg(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url
