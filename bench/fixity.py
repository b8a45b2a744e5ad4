"""Fixity beside the store's bare read rate: the same objects, read and thrown away by two readers of plain boto3.

`python -m bench.fixity` runs it alone; `--quick` keeps a fifth of the bytes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import sqlalchemy as sa
from botocore.config import Config

from bench import data
from bench.workloads import INTAKE, Row
from intake import db, worker
from intake.access import sessions
from intake.access.models import User
from intake.access.policy import Permission
from intake.evidence import fixity
from intake.evidence.sealing import keep
from intake.incidents.models import Incident
from intake.local import services
from intake.settings import Settings
from intake.storage import Storage

MB = 10**6
LARGE, SMALL = (12, 48 * MB), (80, 3 * MB)  # videos and photos: how many, bytes of each
ROUNDS = 3


def workloads(stores: Settings, share: float = 1.0) -> list[Row]:
    """Measure on a fresh database of `stores`: megabytes a second, the median of interleaved rounds."""
    settings = data.fresh(stores, "bench_fixity")
    worker.prepare(settings)
    store = Storage(settings)
    _fill(store, share)
    with db.transaction():
        items = db.session.execute(sa.text("select object_key, version_id from access.fixity_due('0', 100000)")).all()
    found: dict[str, list[float]] = {"ours": [], "bare": [], "one reader": []}
    for _ in range(ROUNDS):
        found["bare"].append(_bare(settings, [tuple(item) for item in items], readers=2))
        found["one reader"].append(_bare(settings, [tuple(item) for item in items], readers=1))
        used, began = time.process_time(), time.perf_counter()
        report = fixity.check_in_turn(store)
        found["ours"].append(report.bytes_read / MB / (time.perf_counter() - began))
        cpu = (time.process_time() - used) / (report.bytes_read / 1e9)
        if report.differing or report.checked != len(items):
            raise RuntimeError(f"{report.checked} of {len(items)} read, {len(report.differing)} differ")
    medians = {name: statistics.median(rates) for name, rates in found.items()}
    detail = {"one bare reader": medians["one reader"], "cpu seconds per GB": cpu, "files": float(len(items))}
    return [
        Row("fixity of 0.8 GB", medians["ours"], medians["bare"], 0.7, "MB/s", higher_is_better=True, detail=detail)
    ]


def _fill(store: Storage, share: float) -> None:
    with db.transaction():
        user_id = db.session.execute(sa.select(User.id).where(User.email == INTAKE)).scalar_one()
        me = sessions.act_for(user_id)
        incident = Incident(compartment_id=me.compartment_for(Permission.INTAKE_OPEN), opened_by_id=user_id)
        db.session.add(incident)
        db.session.flush()
        incident_id = incident.id
    for many, size in (LARGE, SMALL):
        body = bytearray(os.urandom(size))
        for number in range(max(1, round(many * share))):
            body[:4] = number.to_bytes(4, "big")
            keep(
                incident_id,
                None,
                user_id,
                filename=f"{number}.bin",
                media_type="video/mp4",
                body=bytes(body),
                store=store,
            )


def _bare(settings: Settings, items: list[Any], readers: int) -> float:
    """Return megabytes a second of plain reading, thrown away as it comes."""
    s3 = boto3.client(
        "s3",
        endpoint_url=settings.s3_endpoint_url,
        region_name=settings.s3_region,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key,
        config=Config(signature_version="s3v4", proxies={}, response_checksum_validation="when_required"),
    )

    def read(item: tuple[str, str]) -> int:
        body = s3.get_object(Bucket=settings.s3_bucket, Key=item[0], VersionId=item[1])["Body"]
        return sum(len(chunk) for chunk in body.iter_chunks(1 << 20))

    began = time.perf_counter()
    with ThreadPoolExecutor(readers) as pool:
        size = sum(pool.map(read, items))
    return size / MB / (time.perf_counter() - began)


def main() -> None:
    """Run this workload alone and print it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    share = 0.2 if parser.parse_args().quick else 1.0
    stores = data.stores()
    try:
        for row in workloads(stores, share):
            sys.stdout.write(f"{row.as_json()}\n")
    finally:
        services.stop_all(stores)


if __name__ == "__main__":
    main()
