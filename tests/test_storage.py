"""The program's door to S3: versions, parts, read-back, signed addresses, named errors. Real store."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

import pytest

from intake.errors import NotThere, StoreUnavailable
from intake.storage import Part, Signed, Storage
from tests.stores import shared_stores

MIB = 1 << 20


@pytest.fixture(scope="module")
def storage() -> Storage:
    return Storage(shared_stores())


@pytest.fixture
def key() -> str:
    return f"trial/{uuid.uuid4()}"


def digest(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()


def put(signed: Signed, body: bytes, **changed: str) -> tuple[int, str]:
    headers = {**signed.headers, **{name.replace("_", "-"): value for name, value in changed.items()}}
    request = urllib.request.Request(signed.url, body, headers, method="PUT")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
            return answer.status, answer.headers.get("ETag", "")
    except urllib.error.HTTPError as refusal:
        return refusal.code, ""


def get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refusal:
        return refusal.code, b""


def test_every_put_makes_a_version_and_old_versions_stay(storage: Storage, key: str) -> None:
    first = storage.put_object(storage.bucket, key, b"one")
    second = storage.put_object(storage.bucket, key, io.BytesIO(b"two"), "text/plain")
    assert {v.version_id for v in storage.versions(key)} == {first, second}
    assert b"".join(storage.open(key, first)) == b"one"
    assert b"".join(storage.open(key)) == b"two"
    assert storage.head(key, second).media_type == "text/plain"


def test_the_versions_of_a_key_are_not_those_of_a_longer_one(storage: Storage, key: str) -> None:
    storage.put_object(storage.bucket, key, b"x")
    storage.put_object(storage.bucket, f"{key}-longer", b"x")
    assert len(storage.versions(key)) == 1


def test_parts_join_into_one_version_whose_read_back_is_the_file(storage: Storage, key: str) -> None:
    bodies = [os.urandom(5 * MIB), os.urandom(MIB)]
    upload = storage.create_multipart(key, "video/mp4")
    assert (key, upload) in [(k, u) for k, u, _ in storage.list_multiparts("trial/")]
    parts = []
    for number, body in enumerate(bodies, 1):
        status, etag = put(storage.presign_part(key, upload, number, len(body), digest(body)), body)
        assert status == 200
        parts.append(Part(number, etag, len(body)))
    assert storage.list_parts(key, upload) == parts
    version = storage.complete_multipart(key, upload, parts)
    whole = b"".join(bodies)
    assert storage.hash_stored(key, version) == (hashlib.sha256(whole).hexdigest(), len(whole))
    assert [v.version_id for v in storage.versions(key)] == [version]


def test_a_part_that_is_not_what_was_signed_is_refused(storage: Storage, key: str) -> None:
    body, other = b"a" * 1000, b"b" * 1000
    upload = storage.create_multipart(key, "video/mp4")
    signed = storage.presign_part(key, upload, 1, len(body), digest(body))
    assert put(signed, other)[0] == 400
    assert put(signed, other, x_amz_checksum_sha256=digest(other))[0] == 403
    assert put(signed, body + b"more")[0] in {400, 403}
    assert put(Signed(signed.url, {}), body)[0] in {400, 403}
    assert storage.list_parts(key, upload) == []
    assert put(signed, body)[0] == 200


def test_a_part_sent_by_the_program_itself_is_checked_the_same(storage: Storage, key: str) -> None:
    upload = storage.create_multipart(key, "video/mp4")
    with pytest.raises(StoreUnavailable):
        storage.put_part(key, upload, 1, b"one", digest(b"two"))
    assert storage.list_parts(key, upload) == []
    etag = storage.put_part(key, upload, 1, b"one", digest(b"one"))
    assert storage.list_parts(key, upload) == [Part(1, etag, 3)]


def test_an_aborted_upload_is_gone(storage: Storage, key: str) -> None:
    upload = storage.create_multipart(key, "video/mp4")
    storage.abort_multipart(key, upload)
    with pytest.raises(NotThere):
        storage.list_parts(key, upload)
    with pytest.raises(NotThere):
        storage.complete_multipart(key, upload, [Part(1, "x", 1, digest(b"x"))])


def test_a_signed_address_reads_one_version_and_no_other_key(storage: Storage, key: str) -> None:
    version = storage.put_object(storage.bucket, key, b"first")
    storage.put_object(storage.bucket, key, b"second")
    other = f"{key}-other"
    storage.put_object(storage.bucket, other, b"other")
    url = storage.presign_get(key, version, "Exhibit 1.txt", "text/plain")
    assert get(url) == (200, b"first")
    assert get(url.replace(key, other))[0] in {403, 404}
    assert get(url.replace("Exhibit", "Elsewhere"))[0] == 403
    assert "attachment" in urllib.parse.unquote(url)


def test_a_signed_address_that_is_over_reads_nothing(storage: Storage, key: str) -> None:
    version = storage.put_object(storage.bucket, key, b"x")
    url = storage.presign_get(key, version, "x", "text/plain", expires=1)
    time.sleep(2.1)  # the store counts in whole seconds
    assert get(url)[0] in {400, 403}


def test_what_is_not_there_is_named(storage: Storage, key: str) -> None:
    with pytest.raises(NotThere):
        storage.head(key)
    with pytest.raises(NotThere):
        b"".join(storage.open(key))


def test_a_silent_store_is_named() -> None:
    silent = Storage(shared_stores().with_(s3_endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailable):
        silent.ping()


def test_a_wrong_secret_is_refused_by_name(key: str) -> None:
    wrong = Storage(shared_stores().with_(s3_secret_key="wrong"))
    with pytest.raises(StoreUnavailable):
        wrong.put_object(wrong.bucket, key, b"x")


def test_an_export_goes_for_good(storage: Storage, key: str) -> None:
    storage.put_object(storage.exports_bucket, key, io.BytesIO(b"x" * MIB), "text/csv")
    assert storage.hash_stored(key, bucket=storage.exports_bucket)[1] == MIB
    storage.delete_export(key)
    with pytest.raises(NotThere):
        storage.head(key, bucket=storage.exports_bucket)
