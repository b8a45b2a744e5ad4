"""Sealed names and words about status are seen in a declaration's text, without opening a name."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.declarations.models import Declaration
from intake.declarations.sealed_words import sealed_words
from intake.declarations.services import start_declaration
from intake.errors import KeyUnavailable
from intake.people import vault
from intake.people.models import Person
from intake.people.vault import seal_identity
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]


def _declared(acting: Acting, told: str, *, name: str = "Rosaura Quintanilla", other: str = "") -> uuid.UUID:
    with acting("intake"):
        account = an_account(narrative=told)
        seal_identity(db.session.get_one(Person, account.person_id), {"legal_name": name})
        if other:
            second = an_account(incident=account.incident, narrative="I saw it too.")
            seal_identity(db.session.get_one(Person, second.person_id), {"legal_name": other})
        return start_declaration(account).id


def _found(acting: Acting, declaration_id: uuid.UUID, who: str = "attorney") -> set[str]:
    with acting(who):
        return {each.code for each in sealed_words(db.session.get_one(Declaration, declaration_id))}


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("They called me QUINTANILLA, rosaura and laughed.", {"name_sealed"}),
        ("My friend Rosaura ran.", {"name_part"}),
        ("The rosaura bush.", set()),
        ("An agent ran.", set()),
        ("He said I have no visa.", {"status_words"}),
    ],
    ids=["whole", "part", "small-letter", "none", "status"],
)
def test_a_text_is_compared_with_the_sealed_names_of_its_incident(acting: Acting, told: str, code: set[str]) -> None:
    assert _found(acting, _declared(acting, told)) == code


def test_the_name_of_another_person_of_the_incident_is_seen_too(acting: Acting) -> None:
    assert _found(acting, _declared(acting, "I ran with Eloy Tovar.", other="Eloy Tovar Cano")) == {"name_sealed"}


def test_names_of_other_incidents_are_not_compared(acting: Acting) -> None:
    _declared(acting, "I ran.", name="Basilia Montero")
    assert _found(acting, _declared(acting, "I ran with Basilia Montero.")) == set()


def test_a_reader_without_the_right_to_names_cannot_guess_one_by_typing(acting: Acting) -> None:
    declaration_id = _declared(acting, "They called me Rosaura Quintanilla.")
    with acting("second_intake"):
        assert db.session.get(Declaration, declaration_id) is None
    with acting("attorney"):
        place = db.session.get_one(Declaration, declaration_id)
        copy = Declaration(
            id=place.id, incident_id=place.incident_id, person_id=place.person_id, name_style="pseudonym"
        )
        copy.paragraphs, copy.in_support_of = [], "Rosaura Quintanilla"
        db.session.expunge_all()
    with acting("cocounsel"):
        assert list(sealed_words(copy)) == []


def test_looking_opens_no_name(acting: Acting, owner: sa.Connection) -> None:
    opened = sa.text("select count(*) from audit.event where kind = 'unseal'")
    before = owner.execute(opened).scalar_one()
    _found(acting, _declared(acting, "They called me Rosaura Quintanilla."))
    assert owner.execute(opened).scalar_one() == before


def test_while_keys_are_away_the_page_says_that_names_were_not_compared(
    acting: Acting, monkeypatch: pytest.MonkeyPatch
) -> None:
    declaration_id = _declared(acting, "They called me Rosaura Quintanilla.")
    fired = []

    def away(*_arguments: object) -> bytes:
        fired.append(1)
        raise KeyUnavailable

    monkeypatch.setattr(vault.service(), "derive", away)
    assert _found(acting, declaration_id) == {"names_unchecked"}
    assert fired
