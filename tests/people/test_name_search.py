"""Finding people by sealed names: whose, by whom, and what stays behind."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.errors import Invalid, NotAllowed
from intake.people import names, vault
from intake.people.models import Person
from intake.people.name_search import find_by_name, may_be_same
from intake.people.reindex import reindex_names
from intake.people.vault import seal_identity
from intake.settings import Settings
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def _sealed(acting: Acting, name: str, who: str = "intake") -> str:
    with acting(who):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": name, "phone": "555 0100"})
        return str(person.id)


def _found(acting: Acting, who: str, words: str) -> list[str]:
    with acting(who):
        return [str(match.person.id) for match in find_by_name(words)]


def test_a_person_is_found_by_name_and_shown_by_pseudonym(acting: Acting) -> None:
    person_id = _sealed(acting, "Graciela Ocampo de la Vega")
    with acting("attorney"):
        (match,) = find_by_name("vega graciela")
        assert (str(match.person.id), match.exact) == (person_id, True)
        (match,) = find_by_name("Grasiela Okampo")
        assert (str(match.person.id), match.exact) == (person_id, False)
        assert find_by_name("Graciela Distinta") == []


def test_one_of_three_words_may_be_missing(acting: Acting) -> None:
    person_id = _sealed(acting, "Teófilo Barrientos")
    assert _found(acting, "paralegal", "Teofilo Barrientos Mora") == [person_id]


def test_the_best_match_comes_first(acting: Acting) -> None:
    near, same = _sealed(acting, "Xochitl Valdes"), _sealed(acting, "Xóchitl Valdez")
    assert _found(acting, "attorney", "Xochitl Valdez") == [same, near]


def test_one_organisation_never_finds_the_people_of_another(acting: Acting, owner: sa.Connection) -> None:
    mine, theirs = _sealed(acting, "Ulises Quintanar"), _sealed(acting, "Ulises Quintanar", "stranger")
    assert _found(acting, "attorney", "Ulises Quintanar") == [mine]
    assert _found(acting, "other_attorney", "Ulises Quintanar") == [theirs]
    shared = sa.text(
        "select count(*) from vault.name_index a join vault.name_index b using (token)"
        " where a.person_id = :mine and b.person_id = :theirs"
    )
    assert owner.execute(shared, {"mine": mine, "theirs": theirs}).scalar_one() == 0


def test_an_intake_worker_finds_their_own_people_only(acting: Acting) -> None:
    mine = _sealed(acting, "Wenceslao Trigo")
    assert _found(acting, "intake", "Wenceslao Trigo") == [mine]
    assert _found(acting, "second_intake", "Wenceslao Trigo") == []


@pytest.mark.parametrize("who", ["analyst", "auditor", "admin", "cocounsel"])
def test_who_may_not_open_names_may_not_look_for_them(acting: Acting, who: str) -> None:
    with acting(who), pytest.raises(NotAllowed):
        find_by_name("Graciela")


def test_no_word_no_search(acting: Acting) -> None:
    with acting("attorney"), pytest.raises(Invalid):
        find_by_name(" ,. ")


def test_a_changed_or_removed_name_is_no_longer_found(acting: Acting) -> None:
    person_id = _sealed(acting, "Filiberto Antes")
    with acting("intake"):
        seal_identity(db.session.get_one(Person, person_id), {"legal_name": "Filiberto Después"})
    assert _found(acting, "attorney", "Filiberto Antes") == []
    assert _found(acting, "attorney", "Filiberto Despues") == [person_id]
    with acting("intake"):
        seal_identity(db.session.get_one(Person, person_id), {"phone": "555 0111"})
    assert _found(acting, "attorney", "Filiberto Despues") == [person_id]
    with acting("intake"):
        seal_identity(db.session.get_one(Person, person_id), {"legal_name": ""})
    assert _found(acting, "attorney", "Filiberto Despues") == []


def test_a_hint_names_who_may_be_the_same_person(acting: Acting) -> None:
    first = _sealed(acting, "Nicanor Bustamante Rey")
    second = _sealed(acting, "Nicanor Bustamante")
    with acting("attorney"):
        person = db.session.get_one(Person, second)
        assert [str(m.person.id) for m in may_be_same(person, "Nicanor Bustamante")] == [first]
        assert may_be_same(person, "Nicanor") == []


def test_the_log_keeps_the_search_but_not_the_words(acting: Acting, owner: sa.Connection) -> None:
    _sealed(acting, "Canario Buscado")
    _found(acting, "attorney", "Canario Buscado")
    event = owner.execute(
        sa.text("select actor_id, payload from audit.event where kind = 'name_search' order by id desc limit 1")
    ).one()
    assert event.actor_id is not None
    assert '"found": 1' in event.payload
    for table in ("audit.event", "vault.name_index", "vault.identity"):
        assert "anario" not in str(owner.execute(sa.text(f"select * from {table}")).all())


def test_tokens_cannot_be_made_without_the_organisations_key(
    acting: Acting, owner: sa.Connection, world: World
) -> None:
    person_id = _sealed(acting, "Eustaquio Leal")
    kept = set(
        owner.execute(sa.text("select token from vault.name_index where person_id = :p"), {"p": person_id}).scalars()
    )
    guess = {names.token(key, "exact", "eustaquio") for key in (b"", b"\x00" * 32, b"name index")}
    assert not {bytes(t) for t in kept} & guess
    key = names.index_key(vault.service(), world.organisation)
    assert names.token(key, "exact", "eustaquio") in {bytes(t) for t in kept}


def test_the_index_is_made_anew_from_the_sealed_names(acting: Acting, owner: sa.Connection, settings: Settings) -> None:
    person_id = _sealed(acting, "Hermenegildo Paz")
    owner.execute(sa.text("delete from vault.name_index"))
    assert _found(acting, "attorney", "Hermenegildo Paz") == []
    people = owner.execute(sa.text("select count(*) from vault.identity")).scalar_one()
    assert reindex_names(vault.service(), settings.database_url) == people
    assert _found(acting, "attorney", "Hermenegildo Paz") == [person_id]
