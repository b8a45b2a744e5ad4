"""The commands of proofs: bundle writes what a stranger can check, verify checks it anywhere."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.models import User
from intake.admin import proof
from intake.audit.bundle import Opening
from intake.audit.notes import BadNote
from intake.audit.verify import Report, Trust, verify
from intake.errors import TestigoError
from intake.local import services
from intake.settings import Settings
from intake.storage import Storage


def add(commands: Any) -> None:  # noqa: ANN401
    """Add both commands to the program's."""
    writing = commands.add_parser("bundle", help="write records' events with their proofs, to be checked offline")
    writing.add_argument("folder", type=Path, help="where to write; must be empty or new")
    writing.add_argument("--as", dest="email", required=True, help="whose rights decide what the bundle shows")
    writing.add_argument("--record", action="append", default=[], required=True, help="identifier of a row; repeatable")
    writing.add_argument("--files", action="store_true", help="with the originals among these records")
    writing.add_argument("--openings", action="store_true", help="with what proves sealed values; needs the owner")
    writing.add_argument("--from-size", type=int, action="append", default=[], help="size of a checkpoint you kept")
    writing.set_defaults(run=write)
    checking = commands.add_parser("verify", help="check a bundle offline; needs no Testigo and no network")
    checking.add_argument("folder", type=Path)
    checking.add_argument("--trust", type=Path, required=True, help="keys and certificates, not from the bundle")
    checking.add_argument("--older", type=Path, action="append", default=[], help="a checkpoint that you kept yourself")
    checking.add_argument("--witnesses", type=int, default=1, help="how many witnesses are needed (at least 1)")
    checking.add_argument("--timestamps", type=int, default=1, help="how many authorities are needed (at least 1)")
    checking.set_defaults(run=check)


def write(settings: Settings, options: argparse.Namespace) -> int:
    """Write a bundle with the rights of a user; 1 when a verifier would refuse it, or it cannot be written."""
    settings = services.ensure_all(settings)
    db.connect(settings.program_url)
    try:
        with db.transaction():
            user = db.session.scalar(sa.select(User.id).where(User.email == options.email.lower()))
        with db.transaction():
            sessions.act_for(user or 0)
            files = proof.files_of(options.record, Storage(settings)) if options.files else []
            shown = _openings(settings, options.record) if options.openings else None
            written = proof.write(options.folder, options.record, files, from_sizes=options.from_size, openings=shown)
    except (TestigoError, sa.exc.NoResultFound, FileExistsError, ValueError) as refused:
        sys.stderr.write(f"No bundle: {type(refused).__name__} {refused}\n")
        return 1
    sys.stdout.write(f"{written.events} events ({written.withheld} withheld), {written.files} files\n")
    for lack in written.lacks:
        sys.stderr.write(f"It has no {lack}: a verifier will refuse it.\n")
    return 1 if written.lacks else 0


def _openings(settings: Settings, record_ids: list[str]) -> dict[int, list[Opening]]:
    # Only the owner of the database can read the salts: the program, and so the web, cannot.
    with sa.create_engine(settings.database_url).connect() as owner:
        return proof.openings_of(owner, record_ids)


def check(_settings: Settings, options: argparse.Namespace) -> int:
    """Check a bundle and say what it proves; 1 when it is refused, 2 when the trust file is none."""
    try:
        trust = Trust.parse(
            options.trust.read_text(),
            older=tuple(path.read_text() for path in options.older),
            witnesses_needed=options.witnesses,
            timestamps_needed=options.timestamps,
        )
    except (OSError, BadNote, json.JSONDecodeError, ValueError) as wrong:
        sys.stderr.write(f"The trust file cannot be used: {wrong}\n")
        return 2
    report = verify(options.folder, trust)
    sys.stdout.write(said(report))
    return 0 if report.accepted else 1


def said(report: Report) -> str:
    """Return the report as plain lines. A refused bundle proves nothing, so nothing else is said of it."""
    if not report.accepted:
        return "REFUSED\n" + "".join(f"- {line}\n" for line in report.refused)
    proven = "".join(f"- {line}\n" for line in report.proven)
    return f"ACCEPTED. This proves:\n{proven}It does not prove:\n" + "".join(
        f"- {line}\n" for line in report.not_proven
    )
