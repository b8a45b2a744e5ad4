"""How the store is called: the client's settings, and its errors as the program's own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from urllib3.exceptions import HTTPError

from intake.errors import NotThere, StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("testigo.storage")

ABSENT = {"412", "PreconditionFailed", "404", "NoSuchKey", "NoSuchVersion", "NoSuchUpload", "NoSuchBucket", "NotFound"}


def client(endpoint: str, region: str, keys: tuple[str, str], attempts: int = 3) -> S3Client:
    """Return a client of the store at `endpoint` ("" is AWS). keys: access and secret, "" for the machine's own."""
    config = Config(
        signature_version="s3v4",  # the default presigns with the outdated version 2 for other endpoints than AWS
        connect_timeout=3,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": attempts},
        request_checksum_calculation="when_required",  # we send SHA-256 ourselves
        response_checksum_validation="when_required",
        max_pool_connections=20,
        proxies={} if endpoint.startswith("http://127.0.0.1") else None,
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint or None,
        region_name=region,
        aws_access_key_id=keys[0] or None,
        aws_secret_access_key=keys[1] or None,
        config=config,
    )


@contextmanager
def answering() -> Iterator[None]:
    """Turn the client's errors into StoreUnavailable, and NotThere for what does not exist."""
    try:
        yield
    except ClientError as refusal:
        code = refusal.response.get("Error", {}).get("Code", "")
        if code in ABSENT:
            raise NotThere from refusal
        log.warning("the store refused %s: %s", refusal.operation_name, code)
        raise StoreUnavailable from refusal
    except (BotoCoreError, HTTPClientError, HTTPError, boto3.exceptions.Boto3Error) as silence:
        log.warning("the store does not answer: %s", type(silence).__name__)
        raise StoreUnavailable from silence
