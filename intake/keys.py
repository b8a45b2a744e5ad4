"""Envelope encryption: AES-256-GCM under a fresh data key, wrapped by an organisation's key in a key service."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from intake.errors import KeyUnavailable

_NONCE = 12  # bytes; NIST SP 800-38D recommends 96 bits for GCM


class KeyService(Protocol):
    """Where organisations' keys live. Data keys go in and out wrapped; the organisations' keys never come out."""

    def wrap(self, organisation_id: int, data_key: bytes) -> tuple[str, bytes]:
        """Return (key id, wrapped data key) under the organisation's current key. Raises KeyUnavailable."""

    def unwrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> bytes:
        """Return the data key. Raises KeyUnavailable when the key is gone or the wrapping was changed."""


class LocalKeyFile:
    """Keys in one JSON file of mode 0600: {organisation: {"current": id, "keys": {id: base64 of 32 bytes}}}."""

    def __init__(self, path: Path) -> None:
        """Open the key file. Raises KeyUnavailable when it is missing or others may read it: no key, no start."""
        self.path = path
        if not path.exists() or path.stat().st_mode & 0o077:
            raise KeyUnavailable

    @staticmethod
    def create(path: Path, organisations: list[int]) -> None:
        """Make the file, or add keys for organisations that have none yet; existing keys are never touched."""
        content = json.loads(path.read_text()) if path.exists() else {}
        missing = [str(o) for o in organisations if str(o) not in content]
        if path.exists() and not missing:
            return
        for organisation in missing:
            name = secrets.token_hex(4)
            content[organisation] = {
                "current": name,
                "keys": {name: base64.b64encode(secrets.token_bytes(32)).decode()},
            }
        part = path.with_suffix(".part")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)

    def wrap(self, organisation_id: int, data_key: bytes) -> tuple[str, bytes]:
        """Wrap under the organisation's current key."""
        ring = self._ring(organisation_id)
        name = ring["current"]
        return name, _encrypt(base64.b64decode(ring["keys"][name]), data_key, f"{organisation_id}|{name}")

    def unwrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> bytes:
        """Unwrap with the key that wrapped it, current or retired."""
        ring = self._ring(organisation_id)
        if key_id not in ring["keys"]:
            raise KeyUnavailable
        return _decrypt(base64.b64decode(ring["keys"][key_id]), wrapped, f"{organisation_id}|{key_id}")

    def _ring(self, organisation_id: int) -> Any:  # noqa: ANN401
        try:
            return json.loads(self.path.read_text())[str(organisation_id)]
        except (OSError, KeyError, ValueError) as missing:
            raise KeyUnavailable from missing


@dataclass(frozen=True)
class SealedFields:
    """Fields of one row, each AES-256-GCM ciphertext in base64, with the wrapped key that opens them."""

    key_id: str
    wrapped_key: bytes
    fields: dict[str, str]


def seal(service: KeyService, organisation_id: int, row: str, fields: dict[str, str]) -> SealedFields:
    """Seal text fields of `row` ("table|id") under a fresh data key; row, field and organisation are bound in."""
    data_key = secrets.token_bytes(32)
    key_id, wrapped = service.wrap(organisation_id, data_key)
    sealed = {
        name: base64.b64encode(_encrypt(data_key, text.encode(), f"{row}|{name}|{organisation_id}")).decode()
        for name, text in fields.items()
    }
    return SealedFields(key_id, wrapped, sealed)


def unseal(service: KeyService, organisation_id: int, row: str, sealed: SealedFields) -> dict[str, str]:
    """Open fields sealed by seal(). Raises KeyUnavailable for a missing key or ciphertext moved from another place."""
    data_key = service.unwrap(organisation_id, sealed.key_id, sealed.wrapped_key)
    return {
        name: _decrypt(data_key, base64.b64decode(text), f"{row}|{name}|{organisation_id}").decode()
        for name, text in sealed.fields.items()
    }


def _encrypt(key: bytes, plain: bytes, bound: str) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound.encode())


def _decrypt(key: bytes, cipher: bytes, bound: str) -> bytes:
    try:
        return AESGCM(key).decrypt(cipher[:_NONCE], cipher[_NONCE:], bound.encode())
    except InvalidTag as changed:
        raise KeyUnavailable from changed
