"""The guards of the database: roles, functions, policies, triggers and rights, laid anew from the code.

Migrations make tables; they are history and never change. What guards the tables is code of today, so it is lifted
and laid again in the same transaction whenever it changed (a stamp on schema `access` tells).
"""

from __future__ import annotations

import hashlib
from functools import cache

import sqlalchemy as sa

from intake.access import rows
from intake.audit import compare, rights, trail
from intake.deidentified import guards as deidentified
from intake.evidence import access_sql, custody_sql
from intake.media import access_sql as media_sql
from intake.people import guards as people
from intake.search import index

SCHEMAS = ("access", "audit", "deidentified", "search", "vault")
_GUARDED = "('public', 'vault', 'audit', 'deidentified')"
# Policies and functions go with everything that hangs on them; tables and their rows stay as they are.
_LIFT = (
    f"""DO $$ DECLARE p record; BEGIN
FOR p IN SELECT schemaname, tablename, policyname FROM pg_policies WHERE schemaname IN {_GUARDED} LOOP
  EXECUTE format('DROP POLICY %I ON %I.%I', p.policyname, p.schemaname, p.tablename);
END LOOP; END $$""",
    """DO $$ DECLARE f regprocedure; v record; BEGIN
FOR v IN SELECT schemaname, viewname FROM pg_views WHERE schemaname IN ('access', 'audit', 'deidentified', 'search', 'vault') LOOP
  EXECUTE format('DROP VIEW IF EXISTS %I.%I CASCADE', v.schemaname, v.viewname);
END LOOP;
FOR f IN SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname IN ('access', 'audit', 'deidentified', 'search', 'vault') LOOP
  -- A function that another one's bound body named has gone with it.
  IF EXISTS (SELECT 1 FROM pg_proc WHERE oid = f::oid) THEN
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', f);
  END IF;
END LOOP; END $$""",
    "DROP SCHEMA IF EXISTS access CASCADE",
    "DROP SCHEMA IF EXISTS search CASCADE",
    f"""DO $$ DECLARE s text; r text; BEGIN
FOR s IN SELECT nspname FROM pg_namespace WHERE nspname IN {_GUARDED} LOOP
  FOR r IN SELECT rolname FROM pg_roles WHERE rolname LIKE 'testigo\\_%' LOOP
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', s, r);
    EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA %I FROM %I', s, r);
  END LOOP;
END LOOP; END $$""",
)


def statements() -> list[str]:
    """Return the SQL that lays every slice's guards on a migrated database, in order; add a slice's own here."""
    guards = [
        *rows.create_functions(),
        *access_sql.create_functions(),
        *custody_sql.create_functions(),
        *media_sql.create_functions(),
        *rows.give_rights(),
        *people.create_guards(),
        *trail.create_log(),
        *rights.give_rights(),
        *compare.create_functions(),
        *index.create_index(),
        *deidentified.create_views(),
    ]
    for table in (*rows.MATTER_TABLES, *rows.VAULT_TABLES):
        guards += rows.protect(table)
    return guards


@cache
def stamp() -> str:
    """Return the SHA-256 (hex) of the guards, as it stands on the database once they are laid."""
    return hashlib.sha256("\n".join([*_LIFT, *statements(), *sorted(trail.NOT_LOGGED)]).encode()).hexdigest()


def laid(connection: sa.Connection) -> str:
    """Return the stamp of the guards that the database has, or '' without any."""
    found = "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = 'access'"
    return str(connection.execute(sa.text(found)).scalar() or "")


def make_roles(connection: sa.Connection) -> None:
    """Make the database roles where they are missing. They belong to the whole server and are never dropped."""
    _run(connection, [*rows.create_roles(), *rights.create_roles()])


def lift(connection: sa.Connection) -> None:
    """Take all guards off. Row security stays forced, so that without its policies nobody sees a row."""
    _run(connection, list(_LIFT))


def lay(connection: sa.Connection) -> None:
    """Lift what guards the database has and lay those of the code."""
    lift(connection)
    _run(connection, [f"CREATE SCHEMA IF NOT EXISTS {schema}" for schema in SCHEMAS])
    _run(connection, statements())
    inspector = sa.inspect(connection)
    tables = inspector.get_table_names(schema="public")
    for table in (*sorted(tables), *(f"vault.{t}" for t in sorted(inspector.get_table_names(schema="vault")))):
        if table not in trail.NOT_LOGGED:
            schema, _, name = table.rpartition(".")
            key = inspector.get_pk_constraint(name, schema=schema or "public")["constrained_columns"]
            _run(connection, trail.log_changes(table, key))
    _run(connection, ["SELECT search.complete()", f"COMMENT ON SCHEMA access IS '{stamp()}'"])


def _run(connection: sa.Connection, sql: list[str]) -> None:
    for statement in sql:
        connection.exec_driver_sql(statement.replace("%", "%%"))
