"""New keys while people work: nothing is lost, everything opens, a backup from before opens too."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import cli, db, keys
from intake.access import sessions
from intake.access.actor import Actor
from intake.errors import KeyUnavailable
from intake.local.postgres import installed_programs
from intake.people import rotation, vault
from intake.people.models import Person
from intake.people.vault import seal_identity, unseal_identity
from intake.settings import Settings
from tests.factories import an_account
from tests.people.test_dump import dump
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
WRITERS, ROUNDS = 3, 8


def _sealed(acting: Acting, name: str) -> str:
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": name})
        return str(person.id)


def _opened(acting: Acting, person_id: str) -> str:
    with acting("attorney"):
        return unseal_identity(db.session.get_one(Person, person_id), "test")["legal_name"]


def _key_ids(owner: sa.Connection, organisation: int) -> set[str]:
    query = sa.text("select distinct key_id from vault.identity where organisation_id = :o")
    return set(owner.execute(query, {"o": organisation}).scalars())


def test_all_data_keys_move_and_no_ciphertext_changes(
    acting: Acting, owner: sa.Connection, settings: Settings, world: World
) -> None:
    people = {_sealed(acting, f"Persona {n}"): f"Persona {n}" for n in range(5)}
    look = sa.text("select person_id, sealed, updated_at from vault.identity order by person_id")
    before, old = owner.execute(look).all(), vault.service().current(world.organisation)
    assert rotation.rotate(vault.service(), settings.database_url, world.organisation) >= len(people)
    assert owner.execute(look).all() == before
    assert _key_ids(owner, world.organisation) == {vault.service().current(world.organisation)} != {old}
    assert {p: _opened(acting, p) for p in people} == people
    logged = owner.execute(sa.text("select count(*) from audit.event where kind = 'rotate_keys'")).scalar_one()
    assert logged == 1


def test_writers_at_work_lose_nothing_while_keys_rotate(
    acting: Acting, owner: sa.Connection, settings: Settings, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    people = [_sealed(acting, "antes") for _ in range(WRITERS * 2)]
    last: dict[str, str] = {}
    started = threading.Barrier(WRITERS + 1)
    failures: list[BaseException] = []

    def write(mine: list[str]) -> None:
        started.wait()
        try:
            for turn in range(ROUNDS):
                for person_id in mine:
                    with db.transaction():
                        sessions.act_for(world.users["intake"])
                        seal_identity(db.session.get_one(Person, person_id), {"legal_name": f"vez {turn}"})
                    last[person_id] = f"vez {turn}"
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=write, args=(people[n::WRITERS],)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    started.wait()
    rotations = 0
    while any(thread.is_alive() for thread in threads):
        rotation.rotate(vault.service(), settings.database_url, world.organisation)
        rotations += 1
    for thread in threads:
        thread.join()
    assert failures == []
    assert rotations > 1
    rotation.rotate(vault.service(), settings.database_url, world.organisation)
    assert _key_ids(owner, world.organisation) == {vault.service().current(world.organisation)}
    assert {p: _opened(acting, p) for p in people} == last == dict.fromkeys(people, f"vez {ROUNDS - 1}")


def test_a_dump_from_before_two_rotations_opens_where_it_is_restored(
    acting: Acting, settings: Settings, world: World, owner: sa.Connection
) -> None:
    person_id = _sealed(acting, "De Antes")
    content = dump(settings)
    for _ in range(2):
        rotation.rotate(vault.service(), settings.database_url, world.organisation)
    url = sa.engine.make_url(settings.database_url).set(database="restored_trial")
    owner.execute(sa.text("create database restored_trial"))
    try:
        target = url.set(drivername="postgresql").render_as_string(hide_password=False)
        psql = [str(installed_programs() / "bin" / "psql"), "-q", "-v", "ON_ERROR_STOP=1", target]
        subprocess.run(psql, input=content, check=True, capture_output=True, timeout=120)
        engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            row = connection.execute(
                sa.text("select organisation_id, key_id, wrapped_key, sealed from vault.identity where person_id = :p"),
                {"p": person_id},
            ).one()
    finally:
        owner.execute(sa.text("drop database if exists restored_trial with (force)"))
    assert row.key_id != vault.service().current(world.organisation)
    assert vault.open_fields(f"vault.identity|{person_id}", row) == {"legal_name": "De Antes"}


def test_one_organisations_rotation_leaves_the_other_alone(
    acting: Acting, owner: sa.Connection, settings: Settings, world: World
) -> None:
    with acting("stranger"):
        seal_identity(db.session.get_one(Person, an_account().person_id), {"legal_name": "Otra"})
    before = _key_ids(owner, world.other_organisation)
    rotation.rotate(vault.service(), settings.database_url, world.organisation)
    assert _key_ids(owner, world.other_organisation) == before


def test_who_rotates_can_read_no_ciphertext(owner: sa.Connection) -> None:
    for statement in ("select sealed from vault.identity", "select token from vault.name_index"):
        owner.execute(sa.text("set role testigo_rotator"))
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            owner.execute(sa.text(statement))
        owner.execute(sa.text("reset role"))


def test_lost_keys_are_named_before_new_ones_are_made(acting: Acting, settings: Settings) -> None:
    _sealed(acting, "x")
    rotation.refuse_lost_keys(vault.service, settings.database_url)
    kept = settings.key_file.read_bytes()
    settings.key_file.unlink()
    try:
        with pytest.raises(KeyUnavailable, match="missing"):
            rotation.refuse_lost_keys(lambda: keys.service(settings), settings.database_url)
        keys.LocalKeyFile.create(settings.key_file, [1, 2])
        with pytest.raises(KeyUnavailable, match="not in the key file"):
            rotation.refuse_lost_keys(lambda: keys.service(settings), settings.database_url)
    finally:
        settings.key_file.write_bytes(kept)
        settings.key_file.chmod(0o600)


@pytest.mark.parametrize("command", ["worker", "rotate-keys", "migrate"])
def test_without_its_key_file_no_command_starts_and_the_reason_is_one_line(
    acting: Acting,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    _sealed(acting, "x")
    mine = settings.with_(key_file_path=str(settings.state_dir / "absent.json"))
    monkeypatch.setattr(Settings, "load", classmethod(lambda _cls: mine))
    assert cli.main([command]) == 1
    said = capsys.readouterr().err
    assert "key file is missing" in said
    assert "Traceback" not in said
    assert not mine.key_file.exists()


def test_the_command_rotates(
    acting: Acting,
    settings: Settings,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    person_id = _sealed(acting, "Por Orden")
    monkeypatch.setattr(Settings, "load", classmethod(lambda _cls: settings))
    assert cli.main(["rotate-keys", "--organisation", str(world.organisation)]) == 0
    assert f"organisation {world.organisation}:" in capsys.readouterr().out
    assert _opened(acting, person_id) == "Por Orden"


def test_the_web_does_not_start_without_keys_and_says_so_in_one_line(settings: Settings, world: World) -> None:
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "S3_ENDPOINT_URL": settings.s3_endpoint_url,
        "AWS_ACCESS_KEY_ID": settings.s3_access_key,
        "AWS_SECRET_ACCESS_KEY": settings.s3_secret_key,
        "TESTIGO_SECRET_KEY": settings.secret_key,
        "TESTIGO_STATE": str(settings.state_dir),
        "TESTIGO_KEY_FILE": str(settings.state_dir / "absent.json"),
    }
    ended = subprocess.run(
        [sys.executable, "-c", "import intake.wsgi"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.strip().startswith("testigo: The key file is missing.")
    assert len(ended.stderr.strip().splitlines()) == 1
