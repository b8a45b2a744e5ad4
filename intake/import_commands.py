"""`testigo import`: bulk media from a folder or an S3 prefix, resumed by running it again, with a counted result."""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.models import User
from intake.errors import QuotaReached, TestigoError
from intake.evidence import batch_queries, importing
from intake.evidence.batch_models import EvidenceBatch
from intake.evidence.import_sources import Bucket, Folder, Source
from intake.evidence.importing import Place
from intake.incidents.models import Account, Incident
from intake.local import services
from intake.settings import Settings
from intake.spreadsheets import harmless
from intake.storage import Storage


def add(commands: Any) -> None:  # noqa: ANN401 (argparse names no type for its subparsers)
    """Add the command."""
    _describe(commands.add_parser("import", help="take in a folder or an S3 prefix of files; run again to go on"))


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of one import."""
    parser = argparse.ArgumentParser(prog="testigo import")
    _describe(parser)
    return parser.parse_args(arguments)


def _describe(command: argparse.ArgumentParser) -> None:
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="a folder of this machine")
    source.add_argument(
        "--from", dest="bucket", metavar="s3://BUCKET/PREFIX",
        help="objects of a bucket, with the program's own store access or TESTIGO_IMPORT_S3_ENDPOINT_URL,"
        " TESTIGO_IMPORT_S3_ACCESS_KEY and TESTIGO_IMPORT_S3_SECRET_KEY",
    )  # fmt: skip
    command.add_argument("--as", dest="email", required=True, metavar="EMAIL", help="the user who adds the files")
    command.add_argument("--incident", metavar="IN-0142", help="the record that all files belong to")
    command.add_argument(
        "--map", type=Path, metavar="CSV", help="columns path (a file, or a folder ending in /) and incident"
    )
    command.add_argument("--hashes", type=Path, metavar="FILE", help="expected hashes, as sha256sum writes them")
    command.add_argument("--not-received", type=Path, metavar="CSV", help="write the list of what is not here")
    command.add_argument("--at-once", type=int, default=4, metavar="N", help="files sent at the same time")
    command.set_defaults(run=run)


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Import; 0 when every file is here, 1 when any is not, 2 when nothing could begin."""
    from intake import worker  # noqa: PLC0415

    settings = services.ensure_all(settings)
    worker.prepare(settings)
    try:
        plan = _plan(settings, options, worker.storage())
        made = importing.run(plan)
    except (_Wrong, OSError) as wrong:
        return _say(f"testigo import: {wrong}", 2)
    except QuotaReached as full:
        return _say(f"The space set aside for this {full.whose} is full. Make more, then run this again.", 1)
    except TestigoError as away:
        return _say(f"Stopped: {type(away).__name__}. Nothing is lost: run the same again, it goes on.", 1)
    return _result(plan.user_id, made, options.not_received)


class _Wrong(Exception):
    """What was asked for does not exist; the message says what."""


def _plan(settings: Settings, options: argparse.Namespace, store: Storage) -> importing.Plan:
    with db.transaction():
        user_id = db.session.execute(
            sa.select(User.id).where(sa.func.lower(User.email) == options.email.lower(), User.active)
        ).scalar_one_or_none()
    if user_id is None:
        raise _Wrong("no active user has this e-mail address")
    return importing.Plan(
        source=_source(settings, options, store),
        user_id=user_id,
        store=store,
        place=_places(user_id, options.incident, options.map),
        hashes=_hashes(options.hashes) if options.hashes else {},
        at_once=max(1, min(options.at_once, 16)),
        told=_tell,
    )


def _source(settings: Settings, options: argparse.Namespace, store: Storage) -> Source:
    if options.folder:
        return Folder(options.folder)
    found = re.fullmatch(r"s3://([a-z0-9][a-z0-9.-]+)/?(.*)", options.bucket)
    if not found:
        raise _Wrong("--from takes an address like s3://bucket/prefix")
    endpoint = os.environ.get("TESTIGO_IMPORT_S3_ENDPOINT_URL", "")
    if endpoint:
        store = Storage(
            settings.with_(
                s3_endpoint_url=endpoint,
                s3_access_key=os.environ.get("TESTIGO_IMPORT_S3_ACCESS_KEY", ""),
                s3_secret_key=os.environ.get("TESTIGO_IMPORT_S3_SECRET_KEY", ""),
            )
        )
    return Bucket(store, found[1], found[2])


def _places(user_id: int, incident: str | None, mapping: Path | None) -> Callable[[str], Place]:
    """Return what says where a path belongs: its line of the mapping, else its nearest folder's, else --incident."""
    with db.transaction():
        sessions.act_for(user_id)
        rest = Place(_incident(incident)) if incident else Place()
        lines = {path: Place(_incident(number), _account(number, account)) for path, number, account in _map(mapping)}

    def place(path: str) -> Place:
        parts = path.split("/")
        folders = ("/".join(parts[:end]) + "/" for end in range(len(parts) - 1, 0, -1))
        return next((lines[each] for each in (path, *folders) if each in lines), rest)

    return place


def _map(mapping: Path | None) -> list[tuple[str, str, str]]:
    if mapping is None:
        return []
    with mapping.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if not {"path", "incident"} <= set(rows.fieldnames or []):
            raise _Wrong("the mapping needs the columns path and incident")
        return [(row["path"], row["incident"], row.get("account") or "") for row in rows]


def _incident(said: str) -> uuid.UUID:
    number = re.fullmatch(r"(?:IN-)?0*(\d{1,15})", said.strip(), re.IGNORECASE)
    where = Incident.number == int(number[1]) if number else Incident.id == _uuid(said)
    found: uuid.UUID | None = db.session.execute(sa.select(Incident.id).where(where)).scalar_one_or_none()
    if found is None:
        raise _Wrong(f"this user sees no record {said}")
    return found


def _account(incident: str, said: str) -> uuid.UUID | None:
    """Return the account named by its identifier, or by its place among the record's accounts (1 is the first)."""
    if not said:
        return None
    accounts = sa.select(Account.id).where(Account.incident_id == _incident(incident)).order_by(Account.created_at)
    found = list(db.session.scalars(accounts))
    if said.isdigit() and 0 < int(said) <= len(found):
        return found[int(said) - 1]
    if _uuid(said) not in found:
        raise _Wrong(f"record {incident} has no account {said}")
    return _uuid(said)


def _uuid(said: str) -> uuid.UUID:
    try:
        return uuid.UUID(said)
    except ValueError as wrong:
        raise _Wrong(f"there is no {said}") from wrong


def _hashes(path: Path) -> dict[str, str]:
    found = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        parts = re.fullmatch(r"([0-9a-fA-F]{64}) [ *](?:\./)?(.+)", line)
        if not parts:
            raise _Wrong("the file of hashes is not as sha256sum writes it")
        found[parts[2]] = parts[1].lower()
    return found


def _result(user_id: int, made: list[uuid.UUID], listing: Path | None) -> int:
    files = received = failed = 0
    rows: list[list[str]] = []
    with db.transaction():
        sessions.act_for(user_id)
        for batch_id in made:
            batch = db.session.get_one(EvidenceBatch, batch_id)
            counts = batch_queries.counts(batch)
            files, received = files + counts.files, received + counts.received + counts.held
            failed += counts.failed
            label = db.session.get_one(Incident, batch.incident_id).label
            whole = "complete" if batch.completed_at else "not complete"
            sys.stdout.write(f"{label}: {counts.received + counts.held} of {counts.files} received, {whole}\n")
            missing = batch_queries.not_received(batch)
            rows += [[label, line.path, str(line.size), line.place, line.why] for line in missing]
    sys.stdout.write(f"{received} of {files} files received, {failed} failed, {files - received - failed} not sent\n")
    if listing:
        with listing.open("w", newline="", encoding="utf-8-sig") as file:
            out = csv.writer(file)
            out.writerow(["record", "path", "bytes", "state", "why"])
            out.writerows([[harmless(cell) for cell in row] for row in rows])
    return 0 if received == files else 1


def _tell(done: int, every: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done} of {every} files sent ")
        sys.stderr.flush()


def _say(words: str, status: int) -> int:
    sys.stderr.write(f"{words}\n")
    return status
