"""Commands about keys: `testigo rotate-keys`, `testigo reindex-names`."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import sqlalchemy as sa

from intake import keys
from intake.local import services
from intake.people import reindex, rotation
from intake.settings import Settings


def add(commands: Any) -> None:  # noqa: ANN401  (argparse names the type privately)
    """Add the commands to the parser of `testigo`."""
    rotate = commands.add_parser("rotate-keys", help="make new keys and put every sealed record under them")
    rotate.add_argument("--organisation", type=int, metavar="N", help="only this organisation")
    rotate.add_argument("--rewrap", action="store_true", help="the key was renewed by its owner: only wrap anew")
    rotate.set_defaults(run=rotate_keys)
    again = commands.add_parser("reindex-names", help="make the index of sealed names anew, after config/names.toml")
    again.set_defaults(run=reindex_names)


def rotate_keys(settings: Settings, options: argparse.Namespace) -> None:
    """Rotate the keys of one organisation or of all. Raises KeyUnavailable, DatabaseUnavailable."""
    settings = services.ensure_all(settings)
    service = keys.service(settings)
    for organisation in _organisations(settings, options.organisation):
        done = rotation.rotate(service, settings.database_url, organisation, new_key=not options.rewrap)
        sys.stdout.write(f"organisation {organisation}: {done} records are under the new key; old backups still open\n")


def reindex_names(settings: Settings, _options: argparse.Namespace) -> None:
    """Make the name index of every person anew."""
    settings = services.ensure_all(settings)
    done = reindex.reindex_names(keys.service(settings), settings.database_url)
    sys.stdout.write(f"{done} sealed names are indexed\n")


def _organisations(settings: Settings, one: int | None) -> list[int]:
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        found = list(connection.execute(sa.text("select id from organisation order by id")).scalars())
    return [organisation for organisation in found if one in {None, organisation}]
