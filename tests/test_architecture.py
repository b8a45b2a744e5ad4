"""What holds for the whole house: permissions, row security, the log, migrations, file sizes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import schema
from intake.access import rows
from intake.access.fields import KEYS, classes_of
from intake.access.policy import ALLOWED, Permission
from intake.audit import trail
from intake.db import Base
from intake.settings import Settings
from intake.web import OPEN_ENDPOINTS, undeclared
from tests.world import make_world

ROOT = Path(__file__).parent.parent


def test_every_route_declares_a_permission_or_is_one_of_the_few_open_ones(app: Flask) -> None:
    assert undeclared(app) == []
    assert set(app.view_functions) >= OPEN_ENDPOINTS


def test_every_permission_stands_in_the_one_table() -> None:
    assert set(ALLOWED) == set(Permission)


def test_a_route_without_a_permission_is_named(app: Flask) -> None:
    app.view_functions["forgotten"] = lambda: ""
    try:
        assert undeclared(app) == ["forgotten"]
    finally:
        del app.view_functions["forgotten"]


def test_every_matter_table_has_forced_row_security_and_a_policy(owner: sa.Connection) -> None:
    assert rows.unprotected(owner) == []


def test_every_table_with_a_compartment_is_a_matter_table(owner: sa.Connection) -> None:
    found = owner.execute(
        sa.text(
            "select case table_schema when 'public' then table_name else table_schema || '.' || table_name end"
            " from information_schema.columns join information_schema.tables using (table_schema, table_name)"
            " where column_name in ('compartment_id', 'incident_id') and table_type = 'BASE TABLE'"
            " and table_schema in ('public', 'vault')"
        )
    )
    not_matter = {"access_grant", "ethical_wall"}  # who may see, not what is seen
    assert set(found.scalars()) - not_matter <= set(rows.MATTER_TABLES) | set(rows.VAULT_TABLES)


def test_every_column_of_a_matter_table_has_a_field_class() -> None:
    models = {m.local_table.fullname: m for m in Base.registry.mappers}  # type: ignore[attr-defined]
    for table in (*rows.MATTER_TABLES, *rows.VAULT_TABLES):
        declared, columns = classes_of(models[table].class_), {each.key for each in models[table].column_attrs}
        assert columns - set(declared) == set(), f"say in {table}'s model, in __field_classes__, what these may tell"
        assert set(declared) - columns - KEYS == set(), f"{table} has no such column"


def test_every_table_has_the_audit_trigger_unless_it_is_derived_or_fleeting(owner: sa.Connection) -> None:
    look = sa.inspect(owner)
    tables = {*look.get_table_names(schema="public"), *(f"vault.{t}" for t in look.get_table_names(schema="vault"))}
    logged = owner.execute(
        sa.text(
            "select case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end from pg_trigger t"
            " join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace"
            " where t.tgname = 'audit_changes' and t.tgenabled = 'O'"
        )
    )
    assert tables - set(logged.scalars()) == set(trail.NOT_LOGGED)


def test_the_program_role_owns_nothing_and_cannot_pass_row_security(owner: sa.Connection) -> None:
    role = owner.execute(
        sa.text("select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb from pg_roles where rolname = 'testigo_app'")
    ).one()
    assert tuple(role) == (False, False, False, False)
    owned = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'testigo_app'"
    assert owner.execute(sa.text(owned)).scalar_one() == 0


def test_models_and_migrated_database_are_equal(owner: sa.Connection) -> None:
    assert schema.differences(owner) == []


def test_migrations_go_down_and_up_again_and_on_a_filled_database(settings: Settings) -> None:
    admin = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text("create database migrations_trial"))
    url = (
        sa.engine.make_url(settings.database_url).set(database="migrations_trial").render_as_string(hide_password=False)
    )
    try:
        schema.upgrade(url)
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            make_world(connection)
        schema.downgrade(url, "base")
        with engine.connect() as connection:
            assert sa.inspect(connection).get_table_names(schema="public") == ["alembic_version"]
        schema.upgrade(url)
        with engine.connect() as connection:
            assert rows.unprotected(connection) == []
            assert schema.differences(connection) == []
            assert not schema.behind(connection)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text("drop database if exists migrations_trial with (force)"))


def test_every_step_down_keeps_the_rows_and_the_next_start_lays_the_guards_again(settings: Settings) -> None:
    admin = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text("create database steps_trial"))
    url = sa.engine.make_url(settings.database_url).set(database="steps_trial").render_as_string(hide_password=False)
    try:
        schema.upgrade(url)
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        with engine.begin() as connection:
            make_world(connection)
        schema.downgrade(url, "0001")
        with engine.connect() as connection:
            assert connection.execute(sa.text("select count(*) from app_user")).scalar_one() > 5
            assert connection.execute(sa.text("select count(*) from pg_policies")).scalar_one() == 0
        schema.upgrade(url)
        with engine.connect() as connection:
            assert rows.unprotected(connection) == []
            assert not schema.behind(connection)
    finally:
        with admin.connect() as connection:
            connection.execute(sa.text("drop database if exists steps_trial with (force)"))


def test_without_a_principal_no_matter_table_shows_a_row(settings: Settings, app: Flask) -> None:
    program = sa.create_engine(settings.program_url, poolclass=sa.pool.NullPool)
    with program.connect() as connection:
        for table in rows.MATTER_TABLES:
            assert connection.execute(sa.text(f"select count(*) from {table}")).scalar_one() == 0


def test_the_program_may_neither_read_nor_write_the_logs_payloads_nor_the_vault(settings: Settings) -> None:
    program = sa.create_engine(settings.program_url, poolclass=sa.pool.NullPool)
    for statement in (
        "select payload from audit.event",
        "delete from audit.event",
        "update audit.event set kind = ''",
        "truncate audit.event",
        "insert into audit.event default values",
        "select * from vault.identity",
        "insert into search_entry (incident_id) values (uuidv7())",
    ):
        with program.connect() as connection, pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            connection.execute(sa.text(statement))


def test_no_file_outgrows_four_hundred_lines_and_no_service_knows_http() -> None:
    for path in [*ROOT.glob("intake/**/*.py"), *ROOT.glob("tests/**/*.py")]:
        text = path.read_text()
        assert text.count("\n") <= 400, path
        if path.name in {"models.py", "services.py", "queries.py"} and "intake" in path.parts:
            assert not re.search(r"^(from|import) (flask|wtforms|werkzeug)", text, re.MULTILINE), path
