"""The whole schema in one place: every slice's tables, and what brings a database to it."""

from __future__ import annotations

from functools import cache

import sqlalchemy as sa
from alembic import command, migration, script
from alembic.autogenerate import compare_metadata
from alembic.config import Config

import intake.access.models
import intake.access.proofs
import intake.audit.models
import intake.copies.models
import intake.declarations.models
import intake.deidentified.models
import intake.evidence.batch_models
import intake.evidence.custody_models
import intake.evidence.models
import intake.exports.models
import intake.incidents.models
import intake.matters.models
import intake.media.models
import intake.people.models
import intake.people.vault_models
import intake.preservation.models
import intake.search.models
import intake.viewing.models  # noqa: F401
from intake import guards
from intake.audit import compare
from intake.db import Base
from intake.settings import project_file

metadata = Base.metadata
_SCHEMAS = {None, "public", "audit", "vault", "deidentified"}


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(project_file("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the database at `owner_url` to `revision`. One at a time: others wait on an advisory lock."""
    with _owner(owner_url) as connection:
        guards.make_roles(connection)
        known: list[str] | None = None
        if _heads() != _here(connection):
            known = compare.known(connection)
            guards.lift(connection)
            command.upgrade(_config(connection), revision)
        if _heads() == _here(connection) and guards.laid(connection) != guards.stamp():
            guards.lay(connection)
            if known is not None:
                compare.adopt(connection, known)


def downgrade(owner_url: str, revision: str) -> None:
    """Take the database back to `revision`, without guards: the older program lays its own before it starts."""
    with _owner(owner_url) as connection:
        guards.lift(connection)
        command.downgrade(_config(connection), revision)


def set_program_password(owner_url: str, password: str, role: str = "testigo_app") -> None:
    """Let the program's role (or the sequencer's) sign in with `password` where the server asks for one."""
    with _owner(owner_url) as connection:
        quoted = connection.execute(sa.text("select quote_literal(:p)"), {"p": password}).scalar_one()
        connection.execute(sa.text(f"ALTER ROLE {role} PASSWORD {quoted}"))


def differences(connection: sa.Connection) -> list[object]:
    """Return what the models have and the database lacks, or the other way round; empty means equal."""
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _p: kind != "schema" or name in _SCHEMAS,
        "include_object": lambda _o, name, kind, _r, _c: kind != "table" or not name.startswith("alembic_"),
        "compare_type": True,
    }
    return list(compare_metadata(migration.MigrationContext.configure(connection, opts=options), metadata))


def behind(connection: sa.Connection) -> bool:
    """Tell whether the database's tables or guards are older than the program."""
    return _heads() != _here(connection) or guards.laid(connection) != guards.stamp()


@cache
def _heads() -> frozenset[str]:
    config = Config()
    config.set_main_option("script_location", str(project_file("migrations")))
    return frozenset(script.ScriptDirectory.from_config(config).get_heads())


def _here(connection: sa.Connection) -> set[str]:
    return set(migration.MigrationContext.configure(connection).get_current_heads())


class _owner:  # noqa: N801
    """A transaction as the owner, alone: two processes that migrate at once take turns."""

    def __init__(self, url: str) -> None:
        self.engine = sa.create_engine(url, poolclass=sa.pool.NullPool)

    def __enter__(self) -> sa.Connection:
        self.connection = self.engine.connect()
        self.transaction = self.connection.begin()
        self.connection.execute(sa.text("select pg_advisory_xact_lock(7370)"))
        return self.connection

    def __exit__(self, kind: object, *_rest: object) -> None:
        if kind is None:
            self.transaction.commit()
        else:
            self.transaction.rollback()
        self.connection.close()
        self.engine.dispose()
