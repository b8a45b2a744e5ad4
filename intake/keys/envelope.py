"""Envelope encryption: the fields of one row under a fresh data key, which an organisation's key wraps."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from typing import Protocol

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

    def current(self, organisation_id: int) -> str:
        """Return the id of the key that wraps now. Raises KeyUnavailable."""

    def rotate(self, organisation_id: int) -> str:
        """Make a new key that wraps from now on, and return its id; the old ones go on opening what they wrapped."""

    def rewrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
        """Return a data key, wrapped by `key_id`, under the current key. Raises KeyUnavailable."""

    def derive(self, organisation_id: int, purpose: str) -> bytes:
        """Return 32 bytes that only this service can make and that rotation does not change (blind indexes)."""

    def prepare(self, organisations: list[int]) -> None:
        """See that each organisation has its keys. Raises KeyUnavailable when one has none and none can be made."""


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
        name: base64.b64encode(encrypt(data_key, text.encode(), f"{row}|{name}|{organisation_id}")).decode()
        for name, text in fields.items()
    }
    return SealedFields(key_id, wrapped, sealed)


def unseal(service: KeyService, organisation_id: int, row: str, sealed: SealedFields) -> dict[str, str]:
    """Open fields sealed by seal(). Raises KeyUnavailable for a missing key or ciphertext moved from another place."""
    data_key = service.unwrap(organisation_id, sealed.key_id, sealed.wrapped_key)
    return {
        name: decrypt(data_key, base64.b64decode(text), f"{row}|{name}|{organisation_id}").decode()
        for name, text in sealed.fields.items()
    }


def rewrap(service: KeyService, organisation_id: int, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
    """Put a data key under the current key; what the data key sealed is not touched. Raises KeyUnavailable."""
    return service.rewrap(organisation_id, key_id, wrapped)


def encrypt(key: bytes, plain: bytes, bound: str) -> bytes:
    """Return nonce and AES-256-GCM ciphertext with `bound` as associated data."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound.encode())


def decrypt(key: bytes, cipher: bytes, bound: str) -> bytes:
    """Return what encrypt() was given. Raises KeyUnavailable when a byte, the key or `bound` differs."""
    try:
        return AESGCM(key).decrypt(cipher[:_NONCE], cipher[_NONCE:], bound.encode())
    except InvalidTag as changed:
        raise KeyUnavailable("The sealed text was changed, or moved from another place.") from changed
