"""The S3 store: the program's only door to it. Browsers put and get by signed addresses; bytes pass here to be read.

Every call raises StoreUnavailable when the store does not answer or refuses, and NotThere for what does not exist.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from intake.errors import NotNow, StoreUnavailable
from intake.settings import Settings
from intake.store_client import answering, client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PUT_EXPIRES = 300  # seconds: a part over a slow line must begin, not end, within it (security page, requirement 52)
GET_EXPIRES = 300
CHUNK = 1 << 20  # bytes read at a time, whatever the object's size


@dataclass(frozen=True)
class Part:
    """One uploaded part of a multipart upload. number: from 1; size: bytes; sha256: base64, "" where not listed."""

    number: int
    etag: str
    size: int = 0
    sha256: str = ""


@dataclass(frozen=True)
class Signed:
    """An address a browser may use once, and the headers it must send with it because they are signed too."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Head:
    """What the store says of one version. size: bytes."""

    size: int
    version_id: str
    media_type: str
    modified: dt.datetime


class Storage:
    """Objects in the evidence bucket unless another is named. Safe to share among threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bucket = settings.s3_bucket
        self.exports_bucket = settings.s3_exports_bucket

    @cached_property
    def _s3(self) -> S3Client:
        return self._client(self.settings.s3_endpoint_url)

    @cached_property
    def _signer(self) -> S3Client:
        # Signing covers the host name, so addresses for browsers are signed with the name that browsers use.
        return self._client(self.settings.s3_public_endpoint_url or self.settings.s3_endpoint_url)

    @cached_property
    def _s3_once(self) -> S3Client:
        # The server tries a block that rotted for long by itself: asking three times more would only take minutes.
        return self._client(self.settings.s3_endpoint_url, attempts=1)

    def _client(self, endpoint: str, keys: tuple[str, str] | None = None, attempts: int = 3) -> S3Client:
        access = keys or (self.settings.s3_access_key, self.settings.s3_secret_key)
        return client(endpoint, self.settings.s3_region, access, attempts)

    def ping(self) -> None:
        """Ask whether the store answers."""
        with answering():
            self._s3.head_bucket(Bucket=self.bucket)

    def create_multipart(self, key: str, media_type: str) -> str:
        """Begin a multipart upload whose parts carry SHA-256; returns the upload id.

        AWS wants the algorithm named at the start, and lists the digests that completing then needs. SeaweedFS checks
        each part's signed digest either way, but never lists them: named at the start, it could not be completed.
        """
        host = urlsplit(self.settings.s3_endpoint_url).hostname or "amazonaws.com"
        named: Any = {"ChecksumAlgorithm": "SHA256"} if host.endswith("amazonaws.com") else {}
        with answering():
            made = self._s3.create_multipart_upload(Bucket=self.bucket, Key=key, ContentType=media_type, **named)
        return made["UploadId"]

    def presign_part(self, key: str, upload_id: str, part_number: int, size: int, sha256: str) -> Signed:
        """Sign the PUT of one part of exactly these bytes. part_number: 1 to 10,000; sha256: base64."""
        extra: dict[str, str | int] = {
            "Key": key,
            "UploadId": upload_id,
            "PartNumber": part_number,
            "ContentLength": size,
        }
        url = self._presign("upload_part", PUT_EXPIRES, Bucket=self.bucket, ChecksumSHA256=sha256, **extra)
        return Signed(url, {"x-amz-checksum-sha256": sha256})

    def put_part(self, key: str, upload_id: str, part_number: int, body: bytes, sha256: str) -> str:
        """Send one part from here; the store refuses it unless it has this SHA-256 (base64). Returns its etag."""
        where: Any = {"Bucket": self.bucket, "Key": key, "UploadId": upload_id, "PartNumber": part_number}
        with answering():
            return self._s3.upload_part(**where, Body=body, ChecksumSHA256=sha256)["ETag"]

    def list_parts(self, key: str, upload_id: str) -> list[Part]:
        """Return the parts that arrived, in order: what a resumed upload need not send again."""
        with answering():
            pages = self._s3.get_paginator("list_parts").paginate(Bucket=self.bucket, Key=key, UploadId=upload_id)
            found = [part for page in pages for part in page.get("Parts", [])]
        return [Part(p["PartNumber"], p["ETag"], p["Size"], p.get("ChecksumSHA256", "")) for p in found]

    def complete_multipart(self, key: str, upload_id: str, parts: Sequence[Part]) -> str:
        """Join the parts into one version and return its id. After a lost answer it raises NotThere: ask versions()."""
        listed: list[Any] = [
            {"PartNumber": p.number, "ETag": p.etag, **({"ChecksumSHA256": p.sha256} if p.sha256 else {})}
            for p in parts
        ]
        with answering():
            done = self._s3.complete_multipart_upload(
                Bucket=self.bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": listed}
            )
        return done.get("VersionId") or self.head(key).version_id

    def abort_multipart(self, key: str, upload_id: str) -> None:
        """Throw away an upload that was not completed; its parts are freed."""
        with answering():
            self._s3.abort_multipart_upload(Bucket=self.bucket, Key=key, UploadId=upload_id)

    def list_multiparts(self, prefix: str = "") -> list[tuple[str, str, dt.datetime]]:
        """Return (key, upload id, begun) of every unfinished upload."""
        with answering():
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.bucket, Prefix=prefix)
            return [(u["Key"], u["UploadId"], u["Initiated"]) for page in pages for u in page.get("Uploads", [])]

    def put_object(self, bucket: str, key: str, body: bytes | IO[bytes], media_type: str = "") -> str:
        """Store bytes, or a file of any size with flat memory; returns the version id ("" in a plain bucket)."""
        kind = {"ContentType": media_type or "application/octet-stream"}
        with answering():
            if isinstance(body, bytes):
                digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
                made = self._s3.put_object(Bucket=bucket, Key=key, Body=body, ChecksumSHA256=digest, **kind)  # type: ignore[arg-type]
                return made.get("VersionId", "")
            extra = {**kind, "ChecksumAlgorithm": "SHA256"}
            transfer: Any = TransferConfig(multipart_chunksize=8 * CHUNK, max_concurrency=2)
            transfer.max_in_memory_upload_chunks = 2  # otherwise ten parts wait in memory
            self._s3.upload_fileobj(body, bucket, key, ExtraArgs=extra, Config=transfer)
        return self.head(key, bucket=bucket).version_id

    def open(self, key: str, version_id: str = "", *, bucket: str = "", once: bool = False) -> Iterator[bytes]:
        """Read one version (or the newest) in chunks of 1 MiB. once: without trying again by itself."""
        with answering():
            body = (self._s3_once if once else self._s3).get_object(**self._at(key, version_id, bucket))["Body"]
            with body:
                yield from body.iter_chunks(CHUNK)

    def hash_stored(
        self,
        key: str,
        version_id: str = "",
        *,
        bucket: str = "",
        also: Callable[[bytes], None] | None = None,
        once: bool = False,
    ) -> tuple[str, int]:
        """Read a version back and return its SHA-256 (hex) and size in bytes; memory stays flat.

        also: is given every piece as it comes, in order. once: without trying again by itself.

        Of multipart objects S3's own SHA-256 is one of the parts' digests, so it proves nothing about the file.
        """
        digest, size = hashlib.sha256(), 0
        for chunk in self.open(key, version_id, bucket=bucket, once=once):
            digest.update(chunk)
            size += len(chunk)
            if also:
                also(chunk)
        return digest.hexdigest(), size

    def list_objects(self, bucket: str, prefix: str) -> Iterator[tuple[str, int, str]]:
        """Walk (key, bytes, etag) of the newest objects under a prefix, to import them from there."""
        with answering():
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from ((found["Key"], found["Size"], found["ETag"]) for found in page.get("Contents", []))

    def read_range(self, bucket: str, key: str, at: int, size: int, etag: str) -> bytes:
        """Return a piece of an object that must still have this etag. Raises NotThere when it changed."""
        with answering():
            asked = self._s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={at}-{at + size - 1}", IfMatch=etag)
            with asked["Body"] as body:
                return body.read()

    def versions(self, key: str) -> list[Head]:
        """Return the versions of exactly this key, newest first."""
        return [head for found, head in self.all_versions(key) if found == key]

    def all_versions(self, prefix: str = "") -> Iterator[tuple[str, Head]]:
        """Walk (key, version) of everything under a prefix, for the reconciler."""
        with answering():
            for page in self._s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix):
                for found in page.get("Versions", []):
                    yield found["Key"], Head(found["Size"], found["VersionId"], "", found["LastModified"])

    def head(self, key: str, version_id: str = "", *, bucket: str = "") -> Head:
        """Return size, version and type of one version or the newest."""
        with answering():
            found = self._s3.head_object(**self._at(key, version_id, bucket))
        version = found.get("VersionId", "")
        return Head(found["ContentLength"], version, found.get("ContentType", ""), found["LastModified"])

    def presign_get(
        self,
        key: str,
        version_id: str,
        filename: str,
        media_type: str,
        disposition: Literal["attachment", "inline"] = "attachment",
        *,
        expires: int = GET_EXPIRES,
        bucket: str = "",
    ) -> str:
        """Sign the reading of one version for `expires` seconds under a file name that the address will show.

        The name must be a neutral one (an exhibit's number): addresses end up in histories and logs.
        """
        return self._presign(
            "get_object",
            expires,
            **self._at(key, version_id, bucket),
            ResponseContentDisposition=f"{disposition}; filename*=UTF-8''{quote(filename, safe='')}",
            ResponseContentType=media_type,
        )

    def retain(self, key: str, version_id: str, until: dt.datetime, *, bucket: str = "") -> None:
        """Lock a version until a time, in the mode of the settings.

        COMPLIANCE: nobody, the store's administrator included, can shorten it; GOVERNANCE: the administrator can.
        """
        retention: Any = {"Mode": self.settings.s3_lock_mode, "RetainUntilDate": until}
        with answering():
            self._s3.put_object_retention(**self._at(key, version_id, bucket), Retention=retention)

    def delete_export(self, key: str) -> None:
        """Delete a finished export's file. Evidence has no such call: the program's identity may not."""
        with answering():
            self._s3.delete_object(Bucket=self.exports_bucket, Key=key)

    def destroy_version(self, key: str, version_id: str) -> None:
        """Destroy one version of evidence past its governance lock, as the identity that carries out court orders.

        Raises NotNow("locked") where the lock is one of COMPLIANCE, or the program was given no such identity.
        """
        keys = (self.settings.s3_destroy_access_key, self.settings.s3_destroy_secret_key)
        if not all(keys):
            raise NotNow("locked")
        destroyer = self._client(self.settings.s3_endpoint_url, keys)
        with answering():
            try:
                destroyer.delete_object(
                    Bucket=self.bucket, Key=key, VersionId=version_id, BypassGovernanceRetention=True
                )
            except ClientError as refusal:
                if refusal.response.get("Error", {}).get("Code") == "AccessDenied":
                    raise NotNow("locked") from refusal
                raise

    def _at(self, key: str, version_id: str, bucket: str) -> Any:  # noqa: ANN401
        return {"Bucket": bucket or self.bucket, "Key": key, **({"VersionId": version_id} if version_id else {})}

    def _presign(self, operation: str, expires: int, **parameters: str | int) -> str:
        return self._signer.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires)


_opened: dict[str, Storage] = {}


def use(storage: Storage) -> None:
    """Tell this process's jobs which store they work on; the worker does this once at its start."""
    _opened["current"] = storage


def current() -> Storage:
    """Return the store of use(). Raises StoreUnavailable where none was named."""
    if "current" not in _opened:
        raise StoreUnavailable
    return _opened["current"]
