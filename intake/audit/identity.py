"""The log's own key and who outside it is configured to trust: read once at the sequencer's start."""

from __future__ import annotations

import os
import secrets
import ssl
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from intake.audit.notes import COSIGNATURE, ED25519, BadNote, LocalSigner, VerifierKey
from intake.audit.timestamps import Authority, certificates
from intake.audit.witnesses import Witness, WitnessAddress, WitnessFile
from intake.errors import KeyUnavailable
from intake.settings import Settings, project_file


@dataclass(frozen=True)
class Outside:
    """Who keeps heads of the log besides us. every: seconds; alarm: seconds; retain_days: days in the store."""

    witnesses: tuple[Witness, ...] = ()
    authorities: tuple[Authority, ...] = ()
    every: float = 60.0
    alarm: float = 900.0
    retain_days: int = 3653


def make_key(path: Path, name: str = "", kind: int = ED25519) -> None:
    """Make a signing key unless the file is there. name: a schema-less address; "" makes a random one of this log."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    key = LocalSigner.new(name or f"testigo.invalid/log-{secrets.token_hex(4)}", kind)
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{key.text}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(part, path)  # never over a key that another process made meanwhile
    except FileExistsError:
        return
    finally:
        part.unlink()


def load_key(path: Path) -> LocalSigner:
    """Return the key of a file. Raises KeyUnavailable when it is missing, broken, or others may read it."""
    if not path.exists() or path.stat().st_mode & 0o077:
        raise KeyUnavailable
    try:
        return LocalSigner.parse(path.read_text())
    except BadNote as broken:
        raise KeyUnavailable from broken


def retired(settings: Settings) -> list[VerifierKey]:
    """Return the keys that signed this log before, under other origins: after a restore it goes on under a new one."""
    files = sorted(settings.log_key_file.parent.glob(f"{settings.log_key_file.name}.retired-*"))
    return [load_key(file).verifier for file in files]


def retire_key(settings: Settings) -> VerifierKey:
    """Put the log's key away and make another, of another origin; return the old one's public half.

    Raises KeyUnavailable without a key.
    """
    old = load_key(settings.log_key_file).verifier
    away = settings.log_key_file.with_name(f"{settings.log_key_file.name}.retired-{old.key_id.hex()}")
    settings.log_key_file.rename(away)
    make_key(settings.log_key_file)
    return old


def outside(settings: Settings) -> Outside:
    """Return witnesses and authorities of the configuration, and the witness folders of the state folder."""
    values: dict[str, Any] = tomllib.loads(project_file(settings.log_config).read_text())
    addresses = [WitnessAddress(VerifierKey.parse(w["key"]), _web(w["url"])) for w in values.get("witness", [])]
    folders = [WitnessFile.open(key, key.parent) for key in sorted(witness_folder(settings).glob("*/witness.key"))]
    authorities = [
        Authority(a["name"], _web(a["url"]), _roots(a["roots"])) for a in values.get("timestamp_authority", [])
    ]
    return Outside(
        (*addresses, *folders),
        tuple(authorities),
        float(values["every_seconds"]),
        values["alarm_minutes"] * 60.0,
        values["retain_days"],
    )


def witness_folder(settings: Settings) -> Path:
    """Return where witnesses that are kept on this machine lie. They show how; they bind nobody who owns it."""
    return settings.state_dir / "witnesses"


def make_witness(settings: Settings, slug: str) -> None:
    """Make a witness on this machine that watches this log: for the demonstration, and for trying it out."""
    folder = witness_folder(settings) / slug
    make_key(folder / "witness.key", f"testigo.invalid/witness-{slug}", COSIGNATURE)
    WitnessFile.open(folder / "witness.key", folder).trust(load_key(settings.log_key_file).verifier)


def _web(url: str) -> str:
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ValueError(f"This is no web address: {url}")
    return url


def _roots(named: str) -> tuple[Any, ...]:
    if named == "system":
        return certificates(Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"))
    return certificates(project_file(named))
