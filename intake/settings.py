"""Settings: config/*.toml, then the environment. Frozen: nothing changes them while the program runs."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

_HERE = Path(__file__).resolve().parent


def project_file(name: str) -> Path:
    """Return the path of `config/...`, `templates` or `migrations`, in a checkout or in the installed wheel."""
    checkout = _HERE.parent / name
    return checkout if checkout.exists() else _HERE / "_data" / name


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
    key_service: str = "file"
    kms_endpoint_url: str = ""
    kms_key: str = "alias/testigo-{organisation}"
    kms_index_key: str = "alias/testigo-index-{organisation}"

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
    def program_password(self) -> str:
        """The password of the program's database role, derived so that one variable configures both roles."""
        return hmac.new(self.secret_key.encode(), b"database role testigo_app", hashlib.sha256).hexdigest()

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


def _psycopg(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    return f"postgresql+psycopg{separator}{rest}" if scheme in {"postgres", "postgresql"} else url
