"""The benchmark's databases: 20,000 and 100,000 generated incidents, made once and kept in var/bench."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import sqlalchemy as sa

from intake import keys, schema
from intake.access.models import Organisation
from intake.demo import people, scale
from intake.local import services
from intake.settings import Settings

STATE = Path(__file__).resolve().parent.parent / "var" / "bench"


def stores() -> Settings:
    """Return settings of the benchmark's own embedded stores, started."""
    STATE.mkdir(parents=True, exist_ok=True)
    return services.ensure_all(Settings.load(profile="test").with_(state_dir=STATE), ["*"])


def database(settings: Settings, number: int) -> Settings:
    """Return settings of a database with `number` incidents, making it when it is not there."""
    name = f"bench_{number}_{_stamp()}"
    admin = sa.create_engine(_url(settings, "postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with admin.connect() as connection:
        if connection.execute(sa.text("select 1 from pg_database where datname = :n"), {"n": name}).scalar() is None:
            _make(settings, name, number, connection)
    return settings.with_(database_url=_url(settings, name), program_database_url="")


def fresh(settings: Settings, name: str) -> Settings:
    """Return settings of an empty database with the demonstration's people, made anew."""
    admin = sa.create_engine(_url(settings, "postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"drop database if exists {name} with (force)"))
        connection.execute(sa.text(f"create database {name}"))
    mine = settings.with_(database_url=_url(settings, name), program_database_url="")
    _prepare(mine)
    return mine


def _prepare(mine: Settings) -> None:
    schema.upgrade(mine.database_url)
    schema.set_program_password(mine.database_url, mine.program_password)
    schema.set_program_password(mine.database_url, mine.sequencer_password, "testigo_sequencer")
    owner = sa.create_engine(mine.database_url, poolclass=sa.pool.NullPool)
    with owner.begin() as connection:
        people.load_people(connection)
        keys.LocalKeyFile.create(mine.key_file, list(connection.scalars(sa.select(Organisation.id))))


def _make(settings: Settings, name: str, number: int, admin: sa.Connection) -> None:
    part = f"{name}_part"
    admin.execute(sa.text(f"drop database if exists {part} with (force)"))
    admin.execute(sa.text(f"create database {part}"))
    mine = settings.with_(database_url=_url(settings, part))
    _prepare(mine)
    seconds = scale.load(mine, number)
    sys.stdout.write(f"made {number:,} incidents in {seconds:.0f} s\n")
    admin.execute(sa.text(f"alter database {part} rename to {name}"))


def _stamp() -> str:
    # Another schema, index or generator makes another database: a kept one never measures what is no longer there.
    root = Path(__file__).resolve().parent.parent
    names = (
        "access/rows.py",
        "access/reach.py",
        "audit/trail.py",
        "search/index.py",
        "demo/scale.py",
        "demo/stories.py",
    )
    files = [*sorted((root / "migrations/versions").glob("*.py")), *(root / "intake" / name for name in names)]
    return hashlib.sha256(b"".join(f.read_bytes() for f in files)).hexdigest()[:8]


def _url(settings: Settings, name: str) -> str:
    return sa.engine.make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)
