"""`testigo fixity`: read every stored original again, the longest unread first."""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from typing import Any

from intake import db
from intake.evidence import fixity
from intake.local import services
from intake.settings import Settings


def add(commands: Any) -> None:  # noqa: ANN401 (argparse names no type for its subparsers)
    """Add the command."""
    command = commands.add_parser("fixity", help="read stored originals again and compare their hashes")
    command.add_argument("--days", type=float, default=0, help="only what was not read for so many days (default: all)")
    command.add_argument("--rate", type=float, metavar="MB", help="megabytes a second, 0 = no limit (default: setting)")
    command.set_defaults(run=run)


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Read in turn and say what was found; 1 when any file differs, also one that was found before."""
    from intake import worker  # noqa: PLC0415

    settings = services.ensure_all(settings)
    worker.prepare(settings)
    rate = settings.fixity_mb_per_second if options.rate is None else options.rate
    older = dt.timedelta(days=options.days)
    report = fixity.check_in_turn(worker.storage(), older=older, rate=rate * 1e6, tell=_tell)
    with db.transaction():
        stands = fixity.state()
    for item_id in report.differing:
        sys.stdout.write(f"DIFFERS {item_id}\n")
    sys.stdout.write(
        f"read again: {report.checked} files, {report.bytes_read / 1e6:,.1f} MB\n"
        f"held: {stands.held} files, of which differ: {stands.differing}\n"
    )
    return 1 if stands.differing else 0


def _tell(report: fixity.Report) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r{report.checked} files read, {len(report.differing)} differ ")
        sys.stdout.flush()
