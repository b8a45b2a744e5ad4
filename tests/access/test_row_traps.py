"""The traps of row security, each built on purpose: what leaks, what does not, and what start and readiness say."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, health
from intake.access import guarded, rows, sessions
from intake.app import create_app
from intake.errors import NotAllowed
from intake.settings import Settings
from intake.worker import prepare
from tests.access.planted import CANARY, Ids
from tests.access.reaching import Acting, a_record
from tests.browser import Browser
from tests.world import World


@pytest.fixture(scope="module")
def planted() -> dict[str, Ids]:
    return {}


@pytest.fixture
def ids(acting: Acting, planted: dict[str, Ids]) -> Ids:
    if not planted:
        planted["ids"] = a_record(acting)
    return planted["ids"]


@pytest.fixture
def program(settings: Settings, world: World) -> Iterator[sa.Engine]:
    """One bare connection as the program's role, the same one again and again."""
    engine = sa.create_engine(settings.program_url, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


def _as(connection: sa.Connection, user_id: int, *, local: bool = True) -> None:
    connection.execute(sa.text("select set_config('app.user_id', :id, :local)"), {"id": str(user_id), "local": local})


def _count(connection: sa.Connection, of: str = "incident") -> int:
    return int(connection.execute(sa.text(f"select count(*) from {of}")).scalar_one())


# Who acts, and for how long.


def test_a_plain_set_would_leak_into_the_next_transaction_and_ours_does_not(
    program: sa.Engine, world: World, ids: Ids
) -> None:
    me = world.users["attorney"]
    with program.begin() as connection:
        _as(connection, me, local=False)
    with program.begin() as connection:
        assert _count(connection) > 0  # the trap: the next user of the connection is the last one
        connection.execute(sa.text("reset app.user_id"))
    with program.begin() as connection:
        _as(connection, me)
        assert _count(connection) > 0
    with program.begin() as connection:
        assert _count(connection) == 0


@pytest.mark.parametrize("ends", ["commit", "rollback", "savepoint", "error"])
def test_the_principal_ends_with_its_transaction_however_that_ends(
    app: Flask, world: World, ids: Ids, ends: str
) -> None:
    try:
        with db.transaction(world.users["attorney"]):
            assert _count(db.session.connection()) > 0
            if ends == "rollback":
                db.session.rollback()
            elif ends == "savepoint":
                with db.session.begin_nested():
                    assert _count(db.session.connection()) > 0
            elif ends == "error":
                db.session.execute(sa.text("select 1 / 0"))
    except sa.exc.DBAPIError:
        assert ends == "error"
    with db.transaction():
        assert _count(db.session.connection()) == 0


@pytest.mark.parametrize("table", [*rows.MATTER_TABLES])
def test_without_a_principal_no_table_shows_a_row_and_none_can_be_written(
    program: sa.Engine, owner: sa.Connection, ids: Ids, table: str
) -> None:
    with program.begin() as connection:
        assert _count(connection, table) == 0
    if not owner.execute(sa.text(f"select exists (select 1 from {table})")).scalar_one():
        return
    touched = 0
    with program.connect() as connection, suppress(sa.exc.ProgrammingError):  # no such column, or no right to write
        touched = connection.execute(sa.text(f"update {table} set compartment_id = compartment_id")).rowcount
    assert touched == 0


@pytest.mark.parametrize("wrong", ["", "0", "-1", "2147483647"])
def test_a_principal_that_nobody_is_sees_nothing(program: sa.Engine, ids: Ids, wrong: str) -> None:
    with program.begin() as connection:
        connection.execute(sa.text("select set_config('app.user_id', :id, true)"), {"id": wrong})
        assert _count(connection) == 0


def test_a_principal_that_is_no_number_is_an_error_and_not_a_row(program: sa.Engine, ids: Ids) -> None:
    with program.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="invalid input syntax"):
        connection.execute(sa.text("select set_config('app.user_id', '1 or 1=1', true)"))
        _count(connection)


def test_an_injected_set_config_would_be_somebody_else_which_is_why_every_statement_has_parameters(
    program: sa.Engine, world: World, ids: Ids, as_cocounsel: Browser, as_attorney: Browser
) -> None:
    # The trap, on a statement glued from text: row security trusts whoever may run SQL as the program.
    typed = f"x' and set_config('app.user_id', '{world.users['attorney']}', true) = '{world.users['attorney']}"
    with program.begin() as connection:
        _as(connection, world.users["cocounsel"])
        connection.execute(sa.text(f"select 1 where 'x' = '{typed}'".replace(":", "\\:")))
        assert _count(connection) > 0
    # The same text through every door that takes words: a parameter stays text.
    for browser in (as_cocounsel, as_attorney):
        browser.get("/search")
        found = browser.post("/search", {"words": typed})
        assert str(ids["incident"]) not in browser.get(found.location).get_data(as_text=True)
    as_cocounsel.get("/closed-records")
    assert as_cocounsel.post("/closed-records/ask", {"number": typed, "reason": typed}).status_code == 422
    for address in ("/incidents?before=", "/log?kind=", "/search?claim=", "/exports/new?month="):
        answer = as_cocounsel.get(address + typed.replace(" ", "%20"))
        assert CANARY not in answer.get_data(as_text=True)
        assert answer.status_code in {200, 302, 403, 404, 422}


# What a careless schema would leak, and what start and readiness say of it.


@contextmanager
def _trap(owner: sa.Connection, make: str, undo: str) -> Iterator[None]:
    owner.execute(sa.text(make))
    try:
        yield
    finally:
        owner.execute(sa.text(undo))


def _ready(browser: Browser) -> tuple[int, str]:
    answer = browser.client.get("/health/ready")
    return answer.status_code, answer.get_data(as_text=True)


TRAPS = {
    "a view without security_invoker": (
        "create view leaky as select * from incident; grant select on leaky to testigo_app",
        "drop view leaky",
        "view public.leaky passes row security",
        "leaky",
    ),
    "a materialised view": (
        "create materialized view leaky as select * from incident; grant select on leaky to testigo_app",
        "drop materialized view leaky",
        "view public.leaky passes row security",
        "leaky",
    ),
    "a forgotten table": (
        "create table forgotten as select * from incident; grant select on forgotten to testigo_app",
        "drop table forgotten",
        "public.forgotten holds matter data without a policy",
        "forgotten",
    ),
    "row security switched off": (
        "alter table incident disable row level security",
        "alter table incident enable row level security",
        "public.incident does not force row security",
        "incident",
    ),
}


@pytest.mark.parametrize("trap", TRAPS, ids=str)
def test_a_trap_leaks_and_is_named_by_start_and_readiness(
    program: sa.Engine, owner: sa.Connection, app: Flask, settings: Settings, client: Browser, ids: Ids, trap: str
) -> None:
    make, undo, named, leaks = TRAPS[trap]
    assert _ready(client) == (200, "ready\n")
    with _trap(owner, make, undo):
        with program.begin() as connection:
            assert _count(connection, leaks) > 0  # proof that the trap works: nobody is set, and rows are seen
            assert named in guarded.findings(connection)
        assert _ready(client) == (503, "not ready\n")
        for start in (create_app, prepare):
            with pytest.raises(RuntimeError, match=named):
                start(settings)
    assert _ready(client) == (200, "ready\n")


def test_a_view_with_security_invoker_shows_each_their_own(
    program: sa.Engine, owner: sa.Connection, world: World, ids: Ids
) -> None:
    make = (
        "create view safe with (security_invoker = true) as select * from incident; grant select on safe to testigo_app"
    )
    with _trap(owner, make, "drop view safe"), program.begin() as connection:
        assert _count(connection, "safe") == 0
        _as(connection, world.users["attorney"])
        assert _count(connection, "safe") == _count(connection)
        assert guarded.findings(connection) == []


def test_without_force_the_owner_of_a_table_would_see_it_all(owner: sa.Connection, ids: Ids) -> None:
    # An owner that is no superuser: what production gives the migrations.
    owner.execute(sa.text("create role trial_owner nologin nosuperuser nobypassrls"))
    try:
        for setup in (
            "create table trial as select id, compartment_id from incident",
            "alter table trial owner to trial_owner",
            "alter table trial enable row level security",
            "grant usage on schema public to trial_owner",
        ):
            owner.execute(sa.text(setup))
        owner.execute(sa.text("set role trial_owner"))
        assert _count(owner, "trial") > 0
        owner.execute(sa.text("alter table trial force row level security"))
        assert _count(owner, "trial") == 0
    finally:
        owner.execute(sa.text("reset role"))
        owner.execute(sa.text("drop table if exists trial"))
        owner.execute(sa.text("drop owned by trial_owner"))
        owner.execute(sa.text("drop role trial_owner"))


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ("superuser", "is a superuser"),
        ("bypassrls in role testigo_app", "bypasses row security"),
        ("in role testigo_keeper", "may become the keeper of every row"),
    ],
    ids=["superuser", "bypassrls", "keeper"],
)
def test_a_role_that_row_security_does_not_bind_is_refused(
    owner: sa.Connection, settings: Settings, ids: Ids, made: str, named: str
) -> None:
    role = f"trial_{uuid.uuid4().hex[:8]}"
    owner.execute(sa.text(f"create role {role} login password 'x' {made}"))
    url = sa.engine.make_url(settings.program_url).set(username=role, password="x")
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    try:
        with pytest.raises(RuntimeError, match=named):
            health.refuse_unguarded(engine)
        if made != "in role testigo_keeper":
            with engine.connect() as connection:
                assert _count(connection) > 0  # what it would have seen
    finally:
        owner.execute(sa.text(f"drop role {role}"))


def test_the_owner_of_the_tables_is_refused_as_the_programs_role(owner: sa.Connection, world: World) -> None:
    owner.execute(sa.text("create role trial_owner nologin; grant create, usage on schema public to trial_owner"))
    try:
        owner.execute(sa.text("create table trial (n int); alter table trial owner to trial_owner"))
        owner.execute(sa.text("set role trial_owner"))
        assert "the program's role owns tables" in guarded.findings(owner)
    finally:
        owner.execute(sa.text("reset role; drop table trial; drop owned by trial_owner; drop role trial_owner"))


@pytest.mark.parametrize("seconds", [-3, 3])
def test_clocks_that_differ_by_more_than_two_seconds_are_not_ready(
    owner: sa.Connection, client: Browser, settings: Settings, app: Flask, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The program's own clock is moved; the database's is real.
    assert _ready(client)[0] == 200
    moved = dt.timedelta(seconds=seconds)
    monkeypatch.setattr(health, "_now", lambda: dt.datetime.now(dt.UTC) + moved)
    assert _ready(client) == (503, "not ready\n")
    assert any("clocks" in each for each in health.findings(owner))


def test_an_older_database_is_not_ready(owner: sa.Connection, client: Browser, world: World) -> None:
    stamp = owner.execute(sa.text("select obj_description('access'::regnamespace, 'pg_namespace')")).scalar_one()
    with _trap(owner, "comment on schema access is 'older'", f"comment on schema access is '{stamp}'"):
        assert _ready(client) == (503, "not ready\n")
    assert _ready(client)[0] == 200


# Writing across the line.


@pytest.mark.parametrize("how", ["insert", "update", "upsert"])
def test_nobody_writes_into_another_organisations_compartment(
    app: Flask, owner: sa.Connection, world: World, ids: Ids, how: str
) -> None:
    mine = "(select id from incident where compartment_id = :mine limit 1)"
    statement = {
        "insert": "insert into incident (compartment_id, opened_by_id) values (:theirs, :me)",
        "update": f"update incident set compartment_id = :theirs where id = {mine}",
        "upsert": "insert into incident (id, compartment_id, opened_by_id) values (:id, :mine, :me)"
        " on conflict (id) do update set title = 'taken'",
    }[how]
    values = {
        "id": _theirs(owner, world),
        "mine": world.compartment,
        "theirs": world.other_compartment,
        "me": world.users["attorney"],
    }
    with pytest.raises(NotAllowed), db.transaction():
        sessions.act_for(world.users["attorney"])
        db.session.execute(sa.text(statement), {n: v for n, v in values.items() if f":{n}" in statement})
    assert owner.execute(sa.text("select count(*) from incident where title = 'taken'")).scalar_one() == 0


def test_unique_numbers_tell_nothing_because_nobody_chooses_them(
    app: Flask, owner: sa.Connection, world: World
) -> None:
    # A unique constraint sees hidden rows (that is the trap). On matter tables every unique column is drawn by the
    # database or random, except where all its columns lie in rows that the writer sees anyway.
    drawn = {
        "id", "number", "object_key", "once_key", "key", "token_hash", "opened_by_id",
        "incident_id", "account_id", "item_id", "declaration_id", "person_id", "export_id", "batch_id", "hold_id",
        "project_id", "compartment_id", "user_id", "to_compartment_id", "layer", "code", "kind", "part",
    }  # fmt: skip
    found = owner.execute(
        sa.text(
            "select c.relname, array_agg(a.attname::text order by a.attname) from pg_index i join pg_class c on c.oid = i.indrelid"
            " join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)"
            " where i.indisunique and c.relname = any(:tables) group by i.indexrelid, c.relname"
        ),
        {"tables": list(rows.MATTER_TABLES)},
    ).all()
    assert found
    chosen = {(table, tuple(names)) for table, names in found if not set(names) & drawn}
    assert chosen <= {("used_pseudonym", ("matter_id", "pseudonym"))}  # numbers of one sequence; a trigger writes them


def test_statistics_of_guarded_tables_are_hidden_from_the_program(
    program: sa.Engine, owner: sa.Connection, ids: Ids
) -> None:
    owner.execute(sa.text("analyze incident, account, person"))
    kept = (
        "select count(*) from pg_stats where schemaname = 'public' and tablename in ('incident', 'account', 'person')"
    )
    assert owner.execute(sa.text(kept)).scalar_one() > 0
    with program.begin() as connection:
        assert connection.execute(sa.text(kept)).scalar_one() == 0


@pytest.mark.parametrize(
    "statement",
    [
        "alter table incident disable row level security",
        "alter table incident no force row level security",
        "drop policy seen on incident",
        "create policy all_of_it on incident using (true)",
        "set role testigo_keeper",
        "set session authorization postgres",
        "create function access.me() returns int language sql as 'select 1'",
        "create or replace view access.live as select 1",
        "select * from access.live",
        "copy incident to program 'cat'",
        "set row_security = off; select count(*) from incident",
    ],
    ids=lambda text: text.split(";")[0],
)
def test_the_programs_role_cannot_take_the_guards_off(program: sa.Engine, ids: Ids, statement: str) -> None:
    with program.connect() as connection, pytest.raises(sa.exc.DBAPIError):
        connection.execute(sa.text(statement))


def test_functions_that_see_every_row_belong_to_no_superuser_and_look_nothing_up(owner: sa.Connection) -> None:
    found = owner.execute(
        sa.text(
            "select n.nspname || '.' || p.proname, r.rolname, p.proconfig, p.prosqlbody is not null from pg_proc p"
            " join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner"
            # What the program may not call cannot lend it anything.
            " where p.prosecdef and has_function_privilege('testigo_app', p.oid, 'execute') and n.nspname in ('access', 'audit', 'search', 'vault', 'deidentified', 'public')"
        )
    ).all()
    assert len(found) > 20
    superusers = set(owner.execute(sa.text("select rolname from pg_roles where rolsuper")).scalars())
    for name, role, config, bound in found:
        assert role not in superusers, name
        # A body that was bound when it was made looks nothing up any more.
        assert bound or any(setting.startswith("search_path=") for setting in config or ()), name


def _theirs(owner: sa.Connection, world: World) -> uuid.UUID:
    made = "insert into incident (compartment_id, opened_by_id) values (:c, :u) returning id"
    values = {"c": world.other_compartment, "u": world.users["other_attorney"]}
    return uuid.UUID(str(owner.execute(sa.text(made), values).scalar_one()))
