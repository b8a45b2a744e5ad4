"""Fixtures: stores started once, a migrated template database, a database per test module, signed-in browsers."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db, guards, keys, schema
from intake.access import sessions
from intake.access.actor import Actor
from intake.app import create_app
from intake.settings import Settings
from tests.browser import Browser
from tests.chromium import address, chromium, kept_cookies, open_page  # noqa: F401
from tests.stores import shared_stores
from tests.world import World, make_world

TEMPLATE = "testigo_template"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Where skips are forbidden (.ci/run), a skipped test fails: nothing passes by not being run."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("TESTIGO_FORBID_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"skipped where skips are forbidden: {report.longrepr}"


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Real PostgreSQL and SeaweedFS, shared by all test processes, with a migrated template database."""
    settings = shared_stores()
    state = tmp_path_factory.mktemp("state")
    settings = settings.with_(state_dir=state, secret_key=settings.secret_key or "test", key_file_path="")
    with _admin(settings) as admin:
        admin.execute(sa.text("select pg_advisory_lock(7371)"))
        name = f"{TEMPLATE}_{_schema_stamp()}"
        if not admin.execute(sa.text("select 1 from pg_database where datname = :n"), {"n": name}).scalar():
            admin.execute(sa.text(f"drop database if exists {name}_part with (force)"))
            admin.execute(sa.text(f"create database {name}_part"))
            schema.upgrade(_database(settings, f"{name}_part"))
            schema.set_program_password(_database(settings, f"{name}_part"), settings.program_password)
            schema.set_program_password(
                _database(settings, f"{name}_part"), settings.sequencer_password, "testigo_sequencer"
            )
            admin.execute(sa.text(f"alter database {name}_part rename to {name}"))
        admin.execute(sa.text("select pg_advisory_unlock(7371)"))
    return settings


@pytest.fixture(scope="module")
def settings(stores: Settings) -> Iterator[Settings]:
    """The settings of a fresh database, made from the template; dropped after the module."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    with _admin(stores) as admin:
        admin.execute(sa.text(f"create database {name} template {TEMPLATE}_{_schema_stamp()}"))
    mine = stores.with_(database_url=_database(stores, name))
    yield mine
    db.session.remove()
    with _admin(stores) as admin:
        admin.execute(sa.text(f"drop database {name} with (force)"))


@pytest.fixture(scope="module")
def world(settings: Settings) -> World:
    """Two organisations in one matter, a user of each role, and a stranger."""
    owner = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)
    with owner.begin() as connection:
        world = make_world(connection)
    keys.LocalKeyFile.create(settings.key_file, [world.organisation, world.other_organisation])
    return world


@pytest.fixture(scope="module")
def app(settings: Settings, world: World) -> Flask:
    """The program on this module's database."""
    made = create_app(settings)
    made.jinja_env.loud = True  # type: ignore[attr-defined]  # a page that asks for a hidden column fails
    return made


@pytest.fixture
def owner(settings: Settings) -> Iterator[sa.Connection]:
    """A connection of the database's owner, past row security, to look at what is really stored."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def acting(app: Flask, world: World) -> Callable[[str], AbstractContextManager[Actor]]:
    """`with acting("intake"):` one transaction as that user of the world."""

    @contextmanager
    def act(name: str) -> Iterator[Actor]:
        with db.transaction():
            yield sessions.act_for(world.users[name])

    return act


@pytest.fixture
def browser_of(app: Flask, world: World) -> Callable[[str], Browser]:
    """Return a signed-in browser (without JavaScript) of a user of the world."""
    return lambda name: Browser(app).sign_in(world.emails[name])


@pytest.fixture
def client(app: Flask) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(app)


@pytest.fixture
def as_intake(browser_of: Callable[[str], Browser]) -> Browser:
    """An intake worker of the owning organisation."""
    return browser_of("intake")


@pytest.fixture
def as_paralegal(browser_of: Callable[[str], Browser]) -> Browser:
    """A paralegal of the owning organisation."""
    return browser_of("paralegal")


@pytest.fixture
def as_attorney(browser_of: Callable[[str], Browser]) -> Browser:
    """The supervising attorney of the owning organisation."""
    return browser_of("attorney")


@pytest.fixture
def as_cocounsel(browser_of: Callable[[str], Browser]) -> Browser:
    """Co-counsel of the other organisation in the same matter."""
    return browser_of("cocounsel")


@pytest.fixture
def as_analyst(browser_of: Callable[[str], Browser]) -> Browser:
    """An analyst: de-identified counts only."""
    return browser_of("analyst")


@pytest.fixture
def as_auditor(browser_of: Callable[[str], Browser]) -> Browser:
    """An auditor: the log without payloads."""
    return browser_of("auditor")


@pytest.fixture
def as_admin(browser_of: Callable[[str], Browser]) -> Browser:
    """An administrator: people, never content."""
    return browser_of("admin")


@pytest.fixture
def as_stranger(browser_of: Callable[[str], Browser]) -> Browser:
    """An intake worker of the other organisation, with nothing shared."""
    return browser_of("stranger")


@contextmanager
def _admin(settings: Settings) -> Iterator[sa.Connection]:
    engine = sa.create_engine(_database(settings, "postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield connection


def _database(settings: Settings, name: str) -> str:
    return sa.engine.make_url(settings.database_url).set(database=name).render_as_string(hide_password=False)


def _schema_stamp() -> str:
    # A changed migration, or changed guards, make another template.
    files = sorted((Path(__file__).parent.parent / "migrations/versions").glob("*.py"))
    content = b"".join(f.read_bytes() for f in files) + guards.stamp().encode()
    return hashlib.sha256(content).hexdigest()[:10]
