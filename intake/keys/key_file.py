"""Organisations' keys in one file of mode 0600: the embedded default."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from intake.errors import KeyUnavailable
from intake.keys.envelope import decrypt, encrypt


class LocalKeyFile:
    """{organisation: {"current": id, "keys": {id: key}, "index": key}}, each key base64 of 32 random bytes.

    Retired keys stay in "keys", so that old backups open. The file is read anew at each use: a rotation by another
    process is seen at once.
    """

    def __init__(self, path: Path) -> None:
        """Open the key file. Raises KeyUnavailable when it is missing or others may read it: no key, no start."""
        self.path = path
        if not path.exists():
            raise KeyUnavailable("The key file is missing. Put it back from its backup; nothing starts without it.")
        if path.stat().st_mode & 0o077:
            raise KeyUnavailable("Others may read the key file. Give it mode 0600.")

    @staticmethod
    def create(path: Path, organisations: list[int]) -> None:
        """Make the file, or add keys for organisations that have none yet; existing keys are never touched."""
        with _alone(path):
            content = _read(path) if path.exists() else {}
            before = json.dumps(content)
            for organisation in map(str, organisations):
                ring = content.setdefault(organisation, {"keys": {}})
                if not ring["keys"]:
                    _add_key(ring)
                ring.setdefault("index", _new_key())
            if not path.exists() or json.dumps(content) != before:
                _write(path, content)

    def prepare(self, organisations: list[int]) -> None:
        """See that each organisation has its keys. Raises KeyUnavailable."""
        for organisation in organisations:
            self._ring(organisation)

    def current(self, organisation_id: int) -> str:
        """Return the id of the key that wraps now."""
        return str(self._ring(organisation_id)["current"])

    def wrap(self, organisation_id: int, data_key: bytes) -> tuple[str, bytes]:
        """Wrap under the organisation's current key."""
        ring = self._ring(organisation_id)
        name = ring["current"]
        return name, encrypt(base64.b64decode(ring["keys"][name]), data_key, f"{organisation_id}|{name}")

    def unwrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> bytes:
        """Unwrap with the key that wrapped it, current or retired."""
        ring = self._ring(organisation_id)
        if key_id not in ring["keys"]:
            raise KeyUnavailable("The key that sealed this is not in the key file.")
        return decrypt(base64.b64decode(ring["keys"][key_id]), wrapped, f"{organisation_id}|{key_id}")

    def rotate(self, organisation_id: int) -> str:
        """Add a key and make it the current one; it is on the disk before this returns."""
        with _alone(self.path):
            content = _read(self.path)
            if str(organisation_id) not in content:
                raise KeyUnavailable("The organisation has no key to rotate.")
            name = _add_key(content[str(organisation_id)])
            _write(self.path, content)
        return name

    def rewrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
        """Unwrap and wrap again; the data key never leaves the process."""
        return self.wrap(organisation_id, self.unwrap(organisation_id, key_id, wrapped))

    def derive(self, organisation_id: int, purpose: str) -> bytes:
        """Return HMAC-SHA-256 of the purpose under the organisation's index key, which is never rotated."""
        ring = self._ring(organisation_id)
        if "index" not in ring:
            raise KeyUnavailable("The organisation has no index key: run `testigo migrate`.")
        message = f"{purpose}|{organisation_id}".encode()
        return hmac.new(base64.b64decode(ring["index"]), message, hashlib.sha256).digest()

    def _ring(self, organisation_id: int) -> Any:  # noqa: ANN401
        try:
            return _read(self.path)[str(organisation_id)]
        except KeyError as missing:
            raise KeyUnavailable("An organisation has no key in the key file: run `testigo migrate`.") from missing


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _add_key(ring: dict[str, Any]) -> str:
    name = secrets.token_hex(4)
    ring["keys"][name] = _new_key()
    ring["current"] = name
    return name


def _read(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as broken:
        raise KeyUnavailable("The key file cannot be read.") from broken
    return content


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    # Two processes that add keys at once would each write a file without the other's.
    with path.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(path: Path, content: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # a key that wraps must survive a power cut from its first use on
    finally:
        os.close(folder)
