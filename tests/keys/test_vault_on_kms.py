"""The vault on AWS KMS (moto stands in): sealing, opening, finding and rotating as on the key file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.keys import AwsKms
from intake.people import rotation, vault
from intake.people.models import Person
from intake.people.name_search import find_by_name
from intake.settings import Settings
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def on_kms(app: object, kms: AwsKms, world: World) -> Iterator[None]:
    """The vault on KMS for one test."""
    before = vault.service()
    kms.prepare([world.organisation, world.other_organisation])
    vault.use(kms)
    yield
    vault.use(before)


def test_a_name_is_sealed_found_rotated_and_opened(
    acting: Acting, owner: sa.Connection, settings: Settings, world: World, on_kms: None
) -> None:
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        vault.seal_identity(person, {"legal_name": "Quetzalli Obregón"})
        person_id = person.id
    kept = sa.text("select key_id, sealed from vault.identity where person_id = :p")
    before = owner.execute(kept, {"p": person_id}).one()
    assert before.key_id.startswith("arn:aws:kms:")
    assert rotation.rotate(vault.service(), settings.database_url, world.organisation) == 1
    after = owner.execute(kept, {"p": person_id}).one()
    assert (after.key_id != before.key_id, after.sealed) == (True, before.sealed)
    with acting("attorney"):
        (match,) = find_by_name("obregon quetzalli")
        assert vault.unseal_identity(match.person, "call back")["legal_name"] == "Quetzalli Obregón"
