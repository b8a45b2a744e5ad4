"""Organisations' keys in AWS KMS: data keys are wrapped, opened and rewrapped inside it.

Each organisation has two KMS keys, named by alias or ARN: a symmetric one that wraps, and an HMAC one from which
blind-index keys are derived. The organisation is the encryption context, so KMS itself refuses a data key that was
wrapped for another organisation, and its own log names whose vault was opened.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from intake.errors import KeyUnavailable

_REMEMBERED = 300.0  # seconds a derived index key is kept in memory: a withdrawn KMS right takes effect after that


class AwsKms:
    """The key service over AWS KMS.

    key, index_key: alias names or ARNs with `{organisation}` where its number goes.
    """

    def __init__(
        self,
        *,
        region: str,
        key: str,
        index_key: str,
        endpoint_url: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the service; nothing is asked of it yet, so that the rest works while KMS is away."""
        self._key, self._index_key, self._clock = key, index_key, clock
        # Short: somebody waits at a page, and the rest of the program must go on.
        patience = Config(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2, "mode": "standard"})
        self._kms: Any = boto3.client("kms", region_name=region, endpoint_url=endpoint_url or None, config=patience)
        self._derived: dict[tuple[int, str], tuple[float, bytes]] = {}
        self._lock = threading.Lock()

    def wrap(self, organisation_id: int, data_key: bytes) -> tuple[str, bytes]:
        """Return (ARN of the key that wrapped, ciphertext)."""
        with _named():
            answer = self._kms.encrypt(
                KeyId=self._name(organisation_id), Plaintext=data_key, EncryptionContext=_context(organisation_id)
            )
        return answer["KeyId"], answer["CiphertextBlob"]

    def unwrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> bytes:
        """Open with the very key that wrapped it; KMS refuses another organisation's context."""
        with _named():
            answer = self._kms.decrypt(
                KeyId=key_id, CiphertextBlob=wrapped, EncryptionContext=_context(organisation_id)
            )
        return bytes(answer["Plaintext"])

    def current(self, organisation_id: int) -> str:
        """Return the ARN that the organisation's alias stands for."""
        return str(self._describe(self._name(organisation_id))["Arn"])

    def rotate(self, organisation_id: int) -> str:
        """Make a new KMS key and point the alias at it; the old key stays, so that backups open.

        Raises KeyUnavailable when the key is named by ARN: then its owner repoints it, and --rewrap does the rest.
        """
        name = self._name(organisation_id)
        if not name.startswith("alias/"):
            raise KeyUnavailable(
                "This key is named by ARN: its owner points the alias at a new key, then use --rewrap."
            )
        with _named():
            arn = self._new_key(organisation_id, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
            self._kms.update_alias(AliasName=name, TargetKeyId=arn)
        return arn

    def rewrap(self, organisation_id: int, key_id: str, wrapped: bytes) -> tuple[str, bytes]:
        """Have KMS open and wrap again: the data key does not leave it."""
        context = _context(organisation_id)
        with _named():
            answer = self._kms.re_encrypt(
                CiphertextBlob=wrapped,
                SourceKeyId=key_id,
                SourceEncryptionContext=context,
                DestinationKeyId=self._name(organisation_id),
                DestinationEncryptionContext=context,
            )
        return answer["KeyId"], answer["CiphertextBlob"]

    def derive(self, organisation_id: int, purpose: str) -> bytes:
        """Return KMS's HMAC-SHA-256 of the purpose; remembered in memory for five minutes."""
        with self._lock:
            until, known = self._derived.get((organisation_id, purpose), (0.0, b""))
        if known and self._clock() < until:
            return known
        with _named():
            answer = self._kms.generate_mac(
                KeyId=self._index_key.format(organisation=organisation_id),
                MacAlgorithm="HMAC_SHA_256",
                Message=f"{purpose}|{organisation_id}".encode(),
            )
        with self._lock:
            self._derived[organisation_id, purpose] = (self._clock() + _REMEMBERED, bytes(answer["Mac"]))
        return bytes(answer["Mac"])

    def prepare(self, organisations: list[int]) -> None:
        """Make the keys that are missing under their aliases."""
        kinds = (
            (self._key, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
            (self._index_key, "HMAC_256", "GENERATE_VERIFY_MAC"),
        )
        for organisation in organisations:
            for template, spec, usage in kinds:
                name = template.format(organisation=organisation)
                if self._exists(name):
                    continue
                if not name.startswith("alias/"):
                    raise KeyUnavailable(
                        "A KMS key named in the settings does not exist, or may not be used from here."
                    )
                with _named():
                    self._kms.create_alias(AliasName=name, TargetKeyId=self._new_key(organisation, spec, usage))

    def _name(self, organisation_id: int) -> str:
        return self._key.format(organisation=organisation_id)

    def _describe(self, name: str) -> dict[str, Any]:
        with _named():
            return dict(self._kms.describe_key(KeyId=name)["KeyMetadata"])

    def _exists(self, name: str) -> bool:
        try:
            with _named():
                self._kms.describe_key(KeyId=name)
        except KeyUnavailable as refused:
            if (
                isinstance(cause := refused.__cause__, ClientError)
                and cause.response["Error"]["Code"] == "NotFoundException"
            ):
                return False
            raise
        return True

    def _new_key(self, organisation_id: int, spec: str, usage: str) -> str:
        made = self._kms.create_key(
            Description=f"Testigo, organisation {organisation_id}",
            KeySpec=spec,
            KeyUsage=usage,
            Tags=[{"TagKey": "testigo-organisation", "TagValue": str(organisation_id)}],
        )
        return str(made["KeyMetadata"]["Arn"])


def _context(organisation_id: int) -> dict[str, str]:
    return {"organisation": str(organisation_id)}


@contextmanager
def _named() -> Iterator[None]:
    """Turn every failure of KMS into KeyUnavailable; its own words go to the log of the process, never to a page."""
    try:
        yield
    except ClientError as refused:
        raise KeyUnavailable(f"AWS KMS refused: {refused.response['Error']['Code']}.") from refused
    except BotoCoreError as away:
        raise KeyUnavailable(f"AWS KMS cannot be reached ({type(away).__name__}).") from away
