"""The vault of names."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa

from intake import db, keys
from intake.access.actor import Actor
from intake.errors import Invalid, KeyUnavailable, NotAllowed, NotThere
from intake.people.models import Person
from intake.people.vault import seal_identity, sealed_fields, unseal_identity
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]


def _a_sealed_person(acting: Acting, name: str = "María Guadalupe Núñez") -> str:
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": name, "phone": "555 0100"})
        return str(person.id)


def test_a_name_comes_back_as_it_was_said_for_who_may_read_it(acting: Acting, owner: sa.Connection) -> None:
    person_id = _a_sealed_person(acting)
    with acting("paralegal"):
        opened = unseal_identity(db.session.get_one(Person, person_id), "call back")
    assert opened["legal_name"] == "María Guadalupe Núñez"
    read = owner.execute(
        sa.text("select count(*) from audit.event where kind = 'unseal' and record_id = :id"), {"id": person_id}
    )
    assert read.scalar_one() == 1


def test_no_reason_no_name(acting: Acting) -> None:
    person_id = _a_sealed_person(acting)
    with acting("attorney"), pytest.raises(Invalid):
        unseal_identity(db.session.get_one(Person, person_id), "  ")


@pytest.mark.parametrize(
    "who", ["second_intake", "analyst", "auditor", "admin", "cocounsel", "stranger", "other_attorney"]
)
def test_whoever_lacks_the_right_finds_no_person_and_no_sealed_row(acting: Acting, who: str) -> None:
    person_id = _a_sealed_person(acting)
    with acting(who):
        assert db.session.get(Person, person_id) is None
        assert sealed_fields(person_id) == ()  # type: ignore[arg-type]
    with acting(who), pytest.raises((NotAllowed, NotThere)):
        unseal_identity(Person(id=person_id, compartment_id=1, opened_by_id=1), "curious")


def test_a_dump_without_keys_yields_no_name(acting: Acting, owner: sa.Connection) -> None:
    _a_sealed_person(acting, "Nombre Canario")
    for table in ("vault.identity", "audit.event", "person", "search_entry"):
        text = str(owner.execute(sa.text(f"select * from {table}")).all())
        assert "Canario" not in text


def test_ciphertext_moved_to_another_person_is_refused(acting: Acting, owner: sa.Connection) -> None:
    one, other = _a_sealed_person(acting), _a_sealed_person(acting)
    owner.execute(
        sa.text(
            "update vault.identity t set sealed = s.sealed, wrapped_key = s.wrapped_key, key_id = s.key_id"
            " from vault.identity s where t.person_id = :other and s.person_id = :one"
        ),
        {"one": one, "other": other},
    )
    with acting("attorney"), pytest.raises(KeyUnavailable):
        unseal_identity(db.session.get_one(Person, other), "compare")


def test_an_emptied_field_is_gone_and_the_others_stay(acting: Acting) -> None:
    person_id = _a_sealed_person(acting)
    with acting("intake"):
        person = db.session.get_one(Person, person_id)
        seal_identity(person, {"phone": ""})
        assert sealed_fields(person.id) == ("legal_name",)


def test_if_the_log_cannot_be_written_nothing_is_read(acting: Acting, owner: sa.Connection) -> None:
    person_id = _a_sealed_person(acting)
    owner.execute(sa.text("revoke insert on audit.event from testigo_keeper"))
    try:
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), acting("attorney"):
            unseal_identity(db.session.get_one(Person, person_id), "call back")
    finally:
        owner.execute(sa.text("grant insert on audit.event to testigo_keeper"))


def test_no_key_no_start(tmp_path: Path) -> None:
    with pytest.raises(KeyUnavailable):
        keys.LocalKeyFile(tmp_path / "absent.json")
    keys.LocalKeyFile.create(tmp_path / "keys.json", [1])
    (tmp_path / "keys.json").chmod(0o644)
    with pytest.raises(KeyUnavailable):
        keys.LocalKeyFile(tmp_path / "keys.json")


def test_a_changed_byte_of_ciphertext_is_refused(tmp_path: Path) -> None:
    keys.LocalKeyFile.create(tmp_path / "keys.json", [1])
    service = keys.LocalKeyFile(tmp_path / "keys.json")
    sealed = keys.seal(service, 1, "row", {"legal_name": "x"})
    raw = bytearray(base64.b64decode(sealed.fields["legal_name"]))
    raw[-1] ^= 1
    sealed.fields["legal_name"] = base64.b64encode(bytes(raw)).decode()
    with pytest.raises(KeyUnavailable):
        keys.unseal(service, 1, "row", sealed)
