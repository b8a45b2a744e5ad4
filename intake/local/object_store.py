"""One embedded S3 store per state folder; safe to ask for from many processes at once."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from intake.local.ground import locked, write_private
from intake.local.weed import Weed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REGION = "us-east-1"
QUICK = Config(
    signature_version="s3v4", connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}, proxies={}
)
# A page puts parts with their digest and reads by signed address; creating and completing are the program's own.
CORS: dict[str, Any] = {
    "AllowedMethods": ["PUT", "GET", "HEAD"],
    "AllowedHeaders": ["content-type", "x-amz-checksum-sha256"],
    "ExposeHeaders": ["ETag", "x-amz-checksum-sha256", "x-amz-checksum-type", "x-amz-version-id"],
    "MaxAgeSeconds": 600,
}


@dataclass(frozen=True)
class Access:
    """How the program reaches the store."""

    endpoint_url: str
    access_key: str
    secret_key: str
    destroy_secret_key: str = ""


class LocalObjectStore:
    """The store of one state folder: locked buckets (evidence, the log's checkpoints) and a plain one (exports)."""

    def __init__(
        self, state_dir: Path, locked_bucket: str, plain_bucket: str, checkpoints_bucket: str = "testigo-checkpoints"
    ) -> None:
        self.weed = Weed(state_dir, locked_bucket, plain_bucket, checkpoints_bucket)
        self.locked_bucket, self.plain_bucket = locked_bucket, plain_bucket
        self.checkpoints_bucket = checkpoints_bucket

    def ensure(self, origins: Sequence[str] | None = None) -> Access:
        """Start the server unless it runs, set the buckets up once, and return the program's access.

        origins: the web pages that may reach it ("http://localhost:8000"); None leaves them as they are.
        Raises RuntimeError when it cannot start, is not sealed, or its buckets do not lock.
        """
        self.weed.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self.weed.home / ".lock"):
            self.weed.prepare()
            if self.weed.outdated() or not self._writable():
                self.weed.stop()
                self.weed.start(self._writable)
            self._set_up(origins)
            return Access(self.weed.endpoint, "program", self.weed.keys["program"], self.weed.keys["destroyer"])

    def stop(self) -> None:
        """Stop the server."""
        if self.weed.home.exists():
            with locked(self.weed.home / ".lock"):
                self.weed.stop()

    def pid(self) -> int | None:
        """Return the running server's process id."""
        return self.weed.pid()

    def _as(self, identity: str) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=self.weed.endpoint,
            region_name=REGION,
            aws_access_key_id=identity,
            aws_secret_access_key=self.weed.keys[identity],
            config=QUICK,
        )

    def _writable(self) -> bool:
        # A real object: the server's own health page says yes before the first write would succeed.
        if not self.weed.endpoint:
            return False
        with contextlib.suppress(BotoCoreError, ClientError):
            self._as("probe").put_object(Bucket="probe", Key="ready", Body=b"1")
            return True
        return False

    def _set_up(self, origins: Sequence[str] | None) -> None:
        record = self.weed.home / "set-up.json"
        before = json.loads(record.read_text()) if record.exists() else {}
        admitted: list[str] = before.get("origins", []) if origins is None else sorted(origins)
        made = {"data": self.weed.data.stat().st_ino, "buckets": list(self.weed.buckets)}
        wanted = {**made, "origins": admitted}
        if before == wanted:
            return
        if {**before, "origins": admitted} != wanted:
            self._make_buckets()
            self._sync_every_write()
        self._admit(admitted)
        write_private(record, json.dumps(wanted).encode())

    def _make_buckets(self) -> None:
        s3 = self._as("setup")
        for bucket in (self.locked_bucket, self.checkpoints_bucket):
            with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
                s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            lock = s3.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
            if lock.get("ObjectLockEnabled") != "Enabled":
                raise RuntimeError(f"The bucket {bucket} does not lock its objects.")
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
            s3.create_bucket(Bucket=self.plain_bucket)

    def _sync_every_write(self) -> None:
        said = self.weed.shell("fs.configure -locationPrefix=/buckets/ -fsync=true -apply\nfs.configure\n")
        if not re.search(r'"fsync":\s*true', said):
            raise RuntimeError(f"The S3 server does not promise to write through: {said[-500:]}")

    def _admit(self, origins: list[str]) -> None:
        s3 = self._as("setup")
        for bucket in (self.locked_bucket, self.plain_bucket):
            if origins:
                rules: Any = {"CORSRules": [{"AllowedOrigins": origins, **CORS}]}
                s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=rules)
            else:
                s3.delete_bucket_cors(Bucket=bucket)
