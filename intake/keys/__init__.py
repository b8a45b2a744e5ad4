"""Keys: envelope encryption (AES-256-GCM) under keys that live in a key service and never come out of it.

`service(settings)` opens the one that the settings name: a key file of mode 0600, or AWS KMS.
"""

from __future__ import annotations

from intake.errors import KeyUnavailable
from intake.keys.aws_kms import AwsKms
from intake.keys.envelope import KeyService, SealedFields, rewrap, seal, unseal
from intake.keys.key_file import LocalKeyFile
from intake.settings import Settings

__all__ = [
    "AwsKms",
    "KeyService",
    "LocalKeyFile",
    "SealedFields",
    "answer",
    "prepare",
    "rewrap",
    "seal",
    "service",
    "unseal",
]


def service(settings: Settings) -> KeyService:
    """Open the key service that the settings name. Raises KeyUnavailable when it is missing: no key, no start."""
    if settings.key_service == "file":
        return LocalKeyFile(settings.key_file)
    if settings.key_service == "aws-kms":
        return _kms(settings)
    raise KeyUnavailable(f"key_service is '{settings.key_service}'; it must be 'file' or 'aws-kms'.")


def prepare(settings: Settings, organisations: list[int]) -> None:
    """Make keys for organisations that have none yet; existing keys are never touched. Raises KeyUnavailable."""
    if settings.key_service == "file":
        LocalKeyFile.create(settings.key_file, organisations)
    service(settings).prepare(organisations)


def answer(settings: Settings, organisations: list[int]) -> bool:
    """Tell whether each organisation's keys can be used now: for the check-up, which reports and goes on."""
    try:
        for organisation in organisations:
            service(settings).current(organisation)
            service(settings).derive(organisation, "check")
    except KeyUnavailable:
        return False
    return True


def _kms(settings: Settings) -> AwsKms:
    return AwsKms(
        region=settings.s3_region,
        endpoint_url=settings.kms_endpoint_url,
        key=settings.kms_key,
        index_key=settings.kms_index_key,
    )
