"""The embedded S3 store: one server however many ask, locked evidence stays, nobody enters from the side."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import signal
import subprocess
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest
from botocore.exceptions import ClientError

from intake.local.object_store import QUICK, REGION, LocalObjectStore
from intake.local.weed import GRPC, SERVICES
from tests.local.racers import race

ORIGIN = "https://app.example"
ASK = """
import sys; from pathlib import Path; from intake.local.object_store import LocalObjectStore
server = LocalObjectStore(Path(sys.argv[1]), "evidence", "exports"); print(server.ensure(), server.pid())
"""


def s3_of(store: LocalObjectStore) -> Any:
    access = store.ensure()
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint_url,
        region_name=REGION,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        config=QUICK,
    )


@pytest.fixture
def s3(store: LocalObjectStore) -> Any:
    return s3_of(store)


def answer(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, Message]:
    request = urllib.request.Request(url, body, {k.replace("_", "-"): v for k, v in headers.items()}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as found:
            return found.status, found.headers
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.headers


def lock(s3: Any, key: str) -> str:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
    made = s3.put_object(
        Bucket="evidence", Key=key, Body=b"kept", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
    )
    return str(made["VersionId"])


def kept(s3: Any, key: str, version: str) -> bool:
    return bool(s3.get_object(Bucket="evidence", Key=key, VersionId=version)["Body"].read() == b"kept")


def test_many_processes_that_ask_at_once_get_one_server(state: Path) -> None:
    assert len(race(ASK, state)) == 1


def test_it_runs_as_an_ordinary_user_on_loopback_only(store: LocalObjectStore) -> None:
    server = psutil.Process(store.pid())
    listening = [c.laddr for c in server.net_connections("inet") if c.status == psutil.CONN_LISTEN]
    assert server.uids().effective != 0
    assert {address.ip for address in listening} == {"127.0.0.1"}
    assert {address.port for address in listening} == {
        port + up for port in store.weed.ports.values() for up in (0, GRPC)
    }
    assert len(listening) == 2 * len(SERVICES)


def test_a_locked_version_outlives_the_administrator(store: LocalObjectStore, s3: Any) -> None:
    version = lock(s3, "locked")
    at = {"Bucket": "evidence", "Key": "locked", "VersionId": version}
    sooner: Any = {"Mode": "COMPLIANCE", "RetainUntilDate": dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)}
    for identity in (s3, store._as("setup")):
        for attempt in (
            lambda who: who.delete_object(**at),
            lambda who: who.delete_object(BypassGovernanceRetention=True, **at),
            lambda who: who.put_object_retention(Retention=sooner, BypassGovernanceRetention=True, **at),
        ):
            with pytest.raises(ClientError):
                attempt(identity)
    assert kept(s3, "locked", version)


@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        ("filer", "DELETE", "/buckets/evidence?recursive=true&ignoreRecursiveError=true"),
        ("filer", "GET", "/buckets/"),
        ("filer", "POST", "/buckets/evidence/forged"),
        ("master", "POST", "/col/delete?collection=evidence"),
        ("master", "GET", "/dir/lookup?fileId=1,01"),
        ("master", "GET", "/dir/assign"),
        ("volume", "DELETE", "/1,0100000000"),
        ("volume", "GET", "/1,0100000000"),
    ],
)
def test_the_inner_services_answer_nobody(store: LocalObjectStore, service: str, method: str, path: str) -> None:
    body = b"" if method == "POST" else None
    status, _ = answer(method, f"http://127.0.0.1:{store.weed.ports[service]}{path}", body)
    assert status in {401, 403, 404, 405}


def test_the_servers_own_shell_needs_the_certificate(store: LocalObjectStore, s3: Any) -> None:
    version = lock(s3, "from-the-side")
    script = "lock\nfs.rm -rf /buckets/evidence/from-the-side.versions\ns3.bucket.delete -name=evidence\n"
    command: list[str | Path] = [store.weed.program, "shell", f"-master=127.0.0.1:{store.weed.ports['master']}"]
    with contextlib.suppress(subprocess.TimeoutExpired):  # it never gets in
        subprocess.run(
            command, input=script, text=True, env={"HOME": "/nonexistent"}, capture_output=True, timeout=4, check=False
        )
    assert kept(s3, "from-the-side", version)


def test_the_program_can_write_and_read_evidence_and_nothing_more(s3: Any) -> None:
    version = s3.put_object(Bucket="evidence", Key="mine", Body=b"x")["VersionId"]
    suspended: Any = {"Status": "Suspended"}
    anywhere: Any = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]}
    for attempt in (
        lambda: s3.delete_object(Bucket="evidence", Key="mine"),
        lambda: s3.delete_object(Bucket="evidence", Key="mine", VersionId=version),
        lambda: s3.put_bucket_versioning(Bucket="evidence", VersioningConfiguration=suspended),
        lambda: s3.put_bucket_cors(Bucket="evidence", CORSConfiguration=anywhere),
        lambda: s3.create_bucket(Bucket="other"),
        lambda: s3.delete_bucket(Bucket="evidence"),
        lambda: s3.put_object(Bucket="probe", Key="x", Body=b""),
    ):
        with pytest.raises(ClientError):
            attempt()


def test_an_export_can_be_deleted(s3: Any) -> None:
    s3.put_object(Bucket="exports", Key="e", Body=b"x")
    s3.delete_object(Bucket="exports", Key="e")
    with pytest.raises(ClientError):
        s3.head_object(Bucket="exports", Key="e")


def admits(s3: Any, origin: str, header: str = "x-amz-checksum-sha256", verb: str = "PUT") -> bool:
    """Judge a preflight as a browser does: a refusal also answers 200 here."""
    url = s3.generate_presigned_url("put_object", {"Bucket": "evidence", "Key": "b"})
    asked = {"Access_Control_Request_Method": verb, "Access_Control_Request_Headers": header}
    status, headers = answer("OPTIONS", url, None, Origin=origin, **asked)
    allowed = {name: headers[f"Access-Control-Allow-{name}"] or "" for name in ("Origin", "Methods", "Headers")}
    return status == 200 and allowed["Origin"] == origin and verb in allowed["Methods"] and header in allowed["Headers"]


def test_only_the_programs_own_page_may_put(s3: Any) -> None:
    assert admits(s3, ORIGIN)
    assert not admits(s3, "https://evil.example")
    assert not admits(s3, "null")
    assert not admits(s3, ORIGIN, header="x-amz-acl")
    assert not admits(s3, ORIGIN, verb="DELETE")


def test_when_the_web_steps_to_another_port_its_page_is_admitted_and_the_old_one_is_not(
    store: LocalObjectStore,
    s3: Any,
) -> None:
    store.ensure(["http://localhost:8001", "http://127.0.0.1:8001"])
    try:
        assert admits(s3, "http://localhost:8001")
        assert admits(s3, "http://127.0.0.1:8001")
        assert not admits(s3, ORIGIN)
        store.ensure()
        assert admits(s3, "http://localhost:8001")
    finally:
        store.ensure([ORIGIN])


def test_after_kill_9_every_acknowledged_object_is_there_on_the_same_port(store: LocalObjectStore) -> None:
    s3 = s3_of(store)
    endpoint, version = store.weed.endpoint, lock(s3, "before")
    bodies = {f"k/{n}": os.urandom(1000 + n * 3000) for n in range(30)}
    for key, body in bodies.items():
        s3.put_object(Bucket="evidence", Key=key, Body=body)
    before = store.pid()
    assert before is not None
    os.kill(before, signal.SIGKILL)
    again = s3_of(store)
    assert store.pid() not in {None, before}
    assert store.weed.endpoint == endpoint
    assert kept(again, "before", version)
    for key, body in bodies.items():
        assert again.get_object(Bucket="evidence", Key=key)["Body"].read() == body


def test_stop_leaves_no_process(store: LocalObjectStore) -> None:
    store.stop()
    assert store.pid() is None
    store.stop()
    store.ensure()
