"""Workload 8: uploads of 200 MB and 2 GB, hashed and killed in the middle, beside plain boto3; memory at 5 GiB.

`python -m bench.uploads` runs it alone; `--quick` sends 64 MB in place of each size.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import sqlalchemy as sa
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from bench import data, servers
from bench.client import Remote
from bench.workloads import INTAKE, Row
from intake import db, worker
from intake.access import sessions
from intake.access.models import User
from intake.access.policy import Permission
from intake.demo import people
from intake.evidence import importing, sealing
from intake.evidence.import_sources import Folder
from intake.evidence.importing import Place
from intake.incidents.models import Incident
from intake.local import services
from intake.settings import Settings
from intake.storage import Storage

MB, MIB = 10**6, 2**20
ROOT = Path(__file__).resolve().parent.parent
GROWTH = 16.0  # MB that a server process may grow, whatever the file's size


def workloads(stores: Settings, sizes: tuple[int, ...] = (200 * MB, 2000 * MB), most: int = 5 * 2**30) -> Iterator[Row]:
    """Measure on a fresh database of `stores`; returns rows of the table. most: bytes of the file for memory."""
    settings = data.fresh(stores, "bench_uploads")
    worker.prepare(settings)
    with _owner(settings) as owner, owner.begin():
        people.mark_people(owner)
    with db.transaction():
        user_id = db.session.execute(sa.select(User.id).where(User.email == INTAKE)).scalar_one()
        me = sessions.act_for(user_id)
        incident = Incident(compartment_id=me.compartment_for(Permission.INTAKE_OPEN), opened_by_id=user_id)
        db.session.add(incident)
        db.session.flush()
        where = incident.id
    for size in sizes:
        yield _resumed(settings, user_id, where, size, 3 if size < 10**9 else 1)
    yield from _memory(settings, user_id, where, most)


def alone(*, quick: bool) -> Iterator[Row]:
    """Measure in stores made for it and thrown away: gigabytes go in, and no version of an original can be deleted."""
    state = data.STATE.with_name(f"bench-uploads-{os.getpid()}")
    state.mkdir(parents=True)
    stores = services.ensure_all(Settings.load(profile="test").with_(state_dir=state), ["*"])
    try:
        yield from workloads(stores, (64 * MB,), 256 * MIB) if quick else workloads(stores)
    finally:
        services.stop_all(stores)
        shutil.rmtree(state, ignore_errors=True)


def _resumed(settings: Settings, user_id: int, where: uuid.UUID, size: int, rounds: int) -> Row:
    """Import a file with a kill -9 in the middle and run again; beside it plain boto3 and one read-back, no kill."""
    ours, again, limit = list[float](), list[float](), list[float]()
    with tempfile.TemporaryDirectory(dir=settings.state_dir) as folder:
        path = Path(folder, "film.mov")
        for _ in range(rounds):
            _fill(path, size)  # another file for each round: the same would be here already
            limit.append(_plain(settings, path))
            first, second = _killed_and_resumed(settings, user_id, where, Path(folder))
            ours.append(first + second)
            again.append(second)
    detail = {"after the kill": statistics.median(again)}
    mine, bare = statistics.median(ours), statistics.median(limit)
    return Row(f"8 upload {size // MB:,} MB, killed in the middle", mine, bare, 1.5, "s", detail=detail)


def _fill(path: Path, size: int) -> None:
    piece = os.urandom(MIB)
    with path.open("wb") as file:
        for number in range(-(-size // MIB)):
            file.write((number.to_bytes(8) + piece)[: min(MIB, size - number * MIB)])


def _plain(settings: Settings, path: Path) -> float:
    """Return the seconds of boto3's own multipart upload and of reading it back into a hash."""
    s3 = boto3.client(
        "s3", endpoint_url=settings.s3_endpoint_url, region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key, aws_secret_access_key=settings.s3_secret_key,
        config=Config(signature_version="s3v4", proxies={}),
    )  # fmt: skip
    bucket, key, began = settings.s3_exports_bucket, f"bare/{uuid.uuid4().hex}", time.perf_counter()
    transfer = TransferConfig(multipart_chunksize=8 * MIB)
    s3.upload_file(str(path), bucket, key, ExtraArgs={"ChecksumAlgorithm": "SHA256"}, Config=transfer)
    digest = hashlib.sha256()
    for chunk in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(MIB):
        digest.update(chunk)
    seconds = time.perf_counter() - began
    s3.delete_object(Bucket=bucket, Key=key)
    return seconds


def _killed_and_resumed(settings: Settings, user_id: int, where: uuid.UUID, folder: Path) -> tuple[float, float]:
    """Return the seconds of a run that is killed when half of the parts are there, and of the next, whole run.

    The start of the Python of the run that is killed is left out: plain boto3 was loaded too.
    """
    size = (folder / "film.mov").stat().st_size
    half = -(-size // (8 * MIB if size <= 2**30 else 16 * MIB)) // 2
    with _child(settings, "--import", folder, user_id, where) as child:
        assert child.stdout
        assert child.stdout.readline() == b"begins\n"
        began = time.perf_counter()
        for _ in range(half):
            assert child.stdout.readline() == b"part\n", "the import ended before it was killed"
        child.send_signal(signal.SIGKILL)
        child.wait()
    first, began = time.perf_counter() - began, time.perf_counter()
    _import(Storage(settings), folder, user_id, where)
    second = time.perf_counter() - began
    with (folder / "film.mov").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with _owner(settings) as owner:
        found = owner.execute(sa.text("select state, sha256 from evidence_item order by id desc limit 1")).one()
    assert (found.state, found.sha256) == ("sealed", digest)
    return first, second


class _Telling(Storage):
    """Says each part that it has sent."""

    def put_part(self, key: str, upload_id: str, part_number: int, body: bytes, sha256: str) -> str:
        """Send it, then say so."""
        etag = super().put_part(key, upload_id, part_number, body, sha256)
        sys.stdout.write("part\n")
        sys.stdout.flush()
        return etag


def _import(store: Storage, folder: Path, user_id: int, where: uuid.UUID) -> None:
    importing.run(importing.Plan(Folder(folder), user_id, store, lambda _path: Place(where)))


def _memory(settings: Settings, user_id: int, where: uuid.UUID, size: int) -> list[Row]:
    """Send a file part by part over HTTP; measure how much web and job worker grow while it is sent and sealed."""
    with servers.gunicorn("intake.wsgi:app", settings) as (url, server):
        browser = Remote(url).sign_in(INTAKE)
        for _ in range(20):  # every thread of every worker has signed something
            small = _send(browser, where, MIB)
        web = [server.pid, *(child.pid for child in psutil.Process(server.pid).children(recursive=True))]
        before = _rss(web)
        large = _send(browser, where, size)
        web_growth = (_rss(web) - before) / MB
    with _child(settings, "--seal", small, large, user_id) as child:
        job_growth = float(child.communicate()[0]) * 1024 / MB
    said = f"{size / 2**30:.2g} GiB"
    return [
        Row(f"8 web's memory grows while {said} are sent", web_growth, GROWTH, 1.0, "MB"),
        Row(f"8 worker's memory grows while {said} are read back", job_growth, GROWTH, 1.0, "MB"),
    ]


def _send(browser: Remote, where: uuid.UUID, size: int) -> str:
    told = {"name": "film.mov", "size": size, "type": "video/quicktime", "once_key": str(uuid.uuid4())}
    item = _ask(browser, f"/incidents/{where}/evidence/start", told)
    body = os.urandom(item["part_size"])
    for number in range(1, -(-size // len(body)) + 1):
        part = body[: min(len(body), size - (number - 1) * len(body))]
        digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
        asked = {"action": "part", "part_number": number, "size": len(part), "sha256": digest}
        signed = _ask(browser, item["sign_url"], asked)
        request = urllib.request.Request(signed["url"], part, signed["headers"], method="PUT")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=120) as answer:
            assert answer.status == 200
    _ask(browser, item["complete_url"], {})
    return str(item["id"])


def _ask(browser: Remote, path: str, body: object) -> Any:  # noqa: ANN401
    headers = {"Cookie": browser.cookie, "X-CSRFToken": browser.token, "Content-Type": "application/json"}
    browser.connection.request("POST", path, json.dumps(body), {**headers, "Accept": "application/json"})
    answer = browser.connection.getresponse()
    said = answer.read()
    assert answer.status in {200, 201}, (path, answer.status, said[-300:])
    return json.loads(said) if said.startswith(b"{") else None


def _rss(pids: list[int]) -> int:
    return sum(psutil.Process(pid).memory_info().rss for pid in pids)


@contextlib.contextmanager
def _owner(settings: Settings) -> Iterator[sa.Connection]:
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield connection


@contextlib.contextmanager
def _child(settings: Settings, *arguments: object) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part of this module in a process of its own, which may be killed or weighed."""
    environment = os.environ | {
        "DATABASE_URL": settings.database_url, "TESTIGO_SECRET_KEY": settings.secret_key,
        "TESTIGO_KEY_FILE": str(settings.key_file), "S3_ENDPOINT_URL": settings.s3_endpoint_url,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key, "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key,
        "TESTIGO_STATE": str(settings.state_dir),
    }  # fmt: skip
    command = [sys.executable, "-m", "bench.uploads", *(str(argument) for argument in arguments)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                child.kill()


def _seal(small: str, large: str, user_id: int) -> None:
    """Seal a small file, then a large one; print by how many KiB the highest memory grew between."""
    store = Storage(Settings.load(profile="test"))
    for _ in range(3):
        sealing.check_fixity(uuid.UUID(small), user_id, store) if _is_sealed(small, user_id, store) else None
    before = _highest()
    assert _is_sealed(large, user_id, store)
    sys.stdout.write(str(_highest() - before))


def _highest() -> int:
    """Return the most memory this process ever held, in KiB. Not getrusage: that begins with the parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def _is_sealed(item: str, user_id: int, store: Storage) -> bool:
    return sealing.seal(uuid.UUID(item), user_id, store) == "sealed"


def main() -> None:
    """Run the workload alone, or the part of it that a child process runs."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--import", dest="folder", nargs=3)
    parser.add_argument("--seal", nargs=3)
    options = parser.parse_args()
    if options.folder or options.seal:
        settings = Settings.load(profile="test")
        worker.prepare(settings)
        if options.folder:
            folder, user_id, where = options.folder
            store = _Telling(settings)
            store.ping()
            sys.stdout.write("begins\n")
            sys.stdout.flush()
            _import(store, Path(folder), int(user_id), uuid.UUID(where))
        else:
            _seal(options.seal[0], options.seal[1], int(options.seal[2]))
        return
    for row in alone(quick=options.quick):
        sys.stdout.write(f"{json.dumps(row.as_json())}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
