"""Alembic's environment: `testigo migrate` gives it a connection of the owner."""

from __future__ import annotations

from alembic import context

from intake.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    include_schemas=True,
    include_name=lambda name, kind, _parents: kind != "schema" or name in {None, "public", "audit", "vault"},
    include_object=lambda _object, name, kind, _reflected, _compare: kind != "table" or not name.startswith("alembic_"),
    version_table_schema="public",
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
