"""The findings of the peer's penetration test that belong to operations, each with what is so here instead."""

from __future__ import annotations

import re
import stat
import tomllib
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import cli, jobs
from intake.access import rows
from intake.media import reading
from intake.settings import Settings
from tests.world import World

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


def sources() -> dict[str, str]:
    """Return the program's own source by path."""
    return {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "intake").rglob("*.py")}


def names_in(lock: Path) -> set[str]:
    return {
        found.lower() for found in re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==", lock.read_text(), re.MULTILINE)
    }


def test_bay_006_and_031_the_programs_database_role_is_nobody_special(settings: Settings, app: Flask) -> None:
    with sa.create_engine(settings.program_url, poolclass=sa.pool.NullPool).connect() as connection:
        flags = "rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
        row = connection.execute(sa.text(f"select {flags} from pg_roles where rolname = current_user")).one()
        assert tuple(row) == (False,) * 5
        assert rows.unprotected(connection) == []


def test_bay_013_there_is_no_updater_whose_state_could_be_changed() -> None:
    assert not [name for name in vars(cli) if "update" in name.lower() or "upgrade" in name.lower()]
    assert not [path for path, text in sources().items() if re.search(r"\bpip install\b|ensurepip", text)]


def test_bay_014_and_025_the_program_asks_no_address_that_anybody_typed() -> None:
    # The only doors out: the store, the key service, witnesses and time authorities of the configuration, our own health.
    doors = {"intake/audit/posting.py", "intake/local/supervisor.py", "intake/local/weed.py"}
    asking = re.compile(r"urllib\.request|http\.client|\bimport (?:requests|httpx|aiohttp)\b|socket\.create_connection")
    found = {path for path, text in sources().items() if asking.search(text)}
    assert found <= doors, found - doors


def test_bay_017_everything_that_is_installed_is_pinned_by_its_hash() -> None:
    assert LOCKS
    for lock in LOCKS:
        for entry in re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", lock.read_text(), flags=re.MULTILINE)):
            if "==" in entry:
                assert "--hash=sha256:" in entry, (lock.name, entry[:60])


def test_bay_019_nobody_signs_in_through_another_service(app: Flask) -> None:
    for lock in LOCKS:
        if lock.name == "run.lock":
            assert not names_in(lock) & {
                "authlib",
                "oauthlib",
                "requests-oauthlib",
                "flask-dance",
                "python3-saml",
                "pysaml2",
            }
    assert not [r.rule for r in app.url_map.iter_rules() if re.search(r"oauth|openid|saml|callback", r.rule)]


def test_bay_023_a_pdf_of_endless_pages_is_read_up_to_a_limit() -> None:
    assert 0 < reading.MOST_PAGES <= 1000


def test_bay_027_there_is_no_redis_to_forget_a_password_for() -> None:
    for lock in LOCKS:
        if lock.name == "run.lock":
            assert not names_in(lock) & {"redis", "hiredis", "celery", "valkey", "rq"}


def test_bay_030_the_keys_are_for_their_owner_alone(settings: Settings, world: World, app: Flask) -> None:
    assert stat.S_IMODE(settings.key_file.stat().st_mode) == 0o600


def test_bay_032_each_part_has_a_database_role_of_its_own(settings: Settings, app: Flask, owner: sa.Connection) -> None:
    roles = owner.execute(sa.text("select rolname, rolcanlogin from pg_roles where rolname like 'testigo\\_%'")).all()
    may_sign_in = {row.rolname for row in roles if row.rolcanlogin}
    assert rows.APP in may_sign_in
    assert not may_sign_in & {rows.VAULT, rows.KEEPER}
    with sa.create_engine(settings.program_url, poolclass=sa.pool.NullPool).connect() as connection:
        for table in ("vault.identity", "audit.event", "deidentified.secret"):
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), connection.begin_nested():
                connection.execute(sa.text(f"select 1 from {table}"))


def test_bay_033_files_are_parsed_in_the_jail_alone() -> None:
    # Whatever reads bytes that somebody sent is imported by the jailed part only (tests/media show what the jail holds).
    readers = re.compile(r"^\s*(?:import|from) (?:PIL|pypdfium2|pikepdf|pi_heif|pymediainfo|filetype)\b", re.MULTILINE)
    jailed = {"intake/media/parsers.py", "intake/media/copy_parsers.py", "intake/media/copy_words.py"}
    ours = re.compile(r"intake/(documents|demo)/")  # our own papers, and pictures that the demonstration draws
    found = {path for path, text in sources().items() if readers.search(text) and not ours.match(path)}
    assert found <= jailed, found - jailed


def test_bay_041_no_job_and_no_statement_runs_for_ever(settings: Settings, app: Flask) -> None:
    from intake import db  # noqa: PLC0415

    with db.transaction():
        limit = db.session.execute(sa.text("select setting::int from pg_settings where name = 'statement_timeout'"))
        assert 0 < limit.scalar_one() <= 60_000
    assert jobs.STALLED_AFTER <= 60


def test_pr_312_no_queue_takes_pickled_objects() -> None:
    assert not [path for path, text in sources().items() if re.search(r"\b(?:pickle|marshal|shelve|dill)\b", text)]


def test_debug_is_off_and_no_profile_turns_it_on(app: Flask) -> None:
    assert not app.debug
    assert app.config["TESTING"] is False
    for profile in (ROOT / "config").glob("*.toml"):
        assert not re.search(r"^\s*debug", profile.read_text(), re.MULTILINE | re.IGNORECASE), profile
    assert tomllib.loads((ROOT / "config/production.toml").read_text())["secure_cookies"] is True
