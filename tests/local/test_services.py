"""Settings filled in by the embedded stores."""

from __future__ import annotations

import stat
from pathlib import Path

from intake.local import services
from intake.settings import Settings, project_file


def test_both_stores_start_and_fill_the_settings(state: Path) -> None:
    empty = Settings.load({"TESTIGO_STATE": str(state)}, "test")
    filled = services.ensure_all(empty)
    assert filled.database_url.startswith("postgresql+psycopg://postgres@/testigo?host=")
    assert filled.s3_endpoint_url.startswith("http://127.0.0.1:")
    assert services.ensure_all(empty) == filled


def test_the_secret_key_is_made_once_and_nobody_else_reads_it(state: Path) -> None:
    filled = services.ensure_all(Settings.load({"TESTIGO_STATE": str(state)}, "test"))
    kept = state / "secret.key"
    assert filled.secret_key == kept.read_text()
    assert len(bytes.fromhex(filled.secret_key)) == 32
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_given_stores_are_used_and_none_is_started(tmp_path: Path) -> None:
    given = Settings.load(
        {
            "TESTIGO_STATE": str(tmp_path),
            "DATABASE_URL": "postgres://owner@db.example/testigo",
            "S3_ENDPOINT_URL": "https://s3.example",
        },
        "production",
    )
    filled = services.ensure_all(given)
    assert filled.database_url == "postgresql+psycopg://owner@db.example/testigo"
    assert filled.s3_endpoint_url == "https://s3.example"
    assert not (tmp_path / "postgres").exists()


def test_the_programs_role_is_derived_from_the_owners_address() -> None:
    environment = {"DATABASE_URL": "postgresql://owner:secret@db.example:5433/testigo", "TESTIGO_SECRET_KEY": "k"}
    settings = Settings.load(environment)
    assert settings.program_url.startswith("postgresql+psycopg://testigo_app:")
    assert settings.program_url.endswith("@db.example:5433/testigo")
    assert "secret" not in settings.program_url
    other = Settings.load({**environment, "TESTIGO_SECRET_KEY": "l"})
    assert other.program_url != settings.program_url


def test_what_the_program_reads_travels_with_it() -> None:
    for name in ("config/default.toml", "config/production.toml", "migrations/env.py"):
        assert project_file(name).exists()
