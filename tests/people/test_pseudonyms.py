"""Pseudonyms: three styles, stable, never given twice."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.access.actor import Actor, current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, NotNow, NotThere
from intake.people.models import Person
from intake.people.pseudonyms import STYLES, choose_style, fix_pseudonym
from intake.people.services import new_person
from intake.people.vault import seal_identity
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def _person(acting: Acting, name: str = "", who: str = "intake") -> str:
    with acting(who):
        person = db.session.get_one(Person, an_account().person_id)
        if name:
            seal_identity(person, {"legal_name": name})
        return str(person.id)


def _styled(acting: Acting, person_id: str, style: str, who: str = "intake") -> str:
    with acting(who):
        return choose_style(db.session.get_one(Person, person_id), style)


@pytest.mark.parametrize(
    ("style", "shape"),
    [
        ("number", r"Declarant \d{4,}"),
        ("initials", r"M\.G\.N\. \d+"),
        ("doe", r"Doe \d+"),
        ("jane_doe", r"Jane Doe \d+"),
        ("john_doe", r"John Doe \d+"),
    ],
)
def test_each_style_has_its_shape_and_the_persons_number(acting: Acting, style: str, shape: str) -> None:
    person_id = _person(acting, "María Guadalupe Núñez")
    pseudonym = _styled(acting, person_id, style)
    assert re.fullmatch(shape, pseudonym)
    with acting("intake"):
        assert str(db.session.get_one(Person, person_id).number) in pseudonym


def test_two_people_of_the_same_initials_have_two_pseudonyms(acting: Acting) -> None:
    names = ("Ana Ruiz", "Andrés Robles", "Alba Ríos")
    given = [_styled(acting, _person(acting, name), "initials") for name in names]
    theirs = _styled(acting, _person(acting, "Aldo Rey", "stranger"), "initials", "stranger")
    assert len({*given, theirs}) == 4
    assert all(pseudonym.startswith("A.R. ") for pseudonym in given)


def test_the_same_style_again_is_the_same_pseudonym(acting: Acting) -> None:
    person_id = _person(acting)
    first = _styled(acting, person_id, "doe")
    _styled(acting, person_id, "number")
    assert _styled(acting, person_id, "doe") == first


def test_a_pseudonym_is_never_given_to_another_person_not_even_a_deleted_ones(
    acting: Acting, owner: sa.Connection
) -> None:
    gone, other = _person(acting), _person(acting)
    pseudonym = _styled(acting, gone, "doe")
    _styled(acting, gone, "number")
    owner.execute(sa.text("delete from account where person_id = :p"), {"p": gone})
    owner.execute(sa.text("delete from person where id = :p"), {"p": gone})
    with pytest.raises(sa.exc.IntegrityError, match="given before"), acting("intake"):
        db.session.execute(sa.update(Person).where(Person.id == other).values(pseudonym=pseudonym))


def test_people_recorded_at_once_get_different_pseudonyms(acting: Acting, world: World) -> None:
    given: list[str] = []

    def record(who: str) -> None:
        for _ in range(10):
            with db.transaction():
                sessions.act_for(world.users[who])
                place = current().compartment_for(Permission.INTAKE_OPEN)
                given.append(new_person(place, current().user_id).pseudonym)

    threads = [threading.Thread(target=record, args=(who,)) for who in ("intake", "paralegal", "stranger")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == len(set(given)) == 30


def test_the_register_shows_nobody_the_pseudonyms_of_people_they_do_not_see(acting: Acting) -> None:
    _person(acting)
    _person(acting, who="stranger")
    count = sa.text(
        "select count(*) from used_pseudonym u where not exists (select from person p where p.id = u.person_id)"
    )
    with acting("attorney"):
        assert db.session.execute(count).scalar_one() == 0
        assert db.session.execute(sa.text("select count(*) from used_pseudonym")).scalar_one() > 0
    with pytest.raises(NotAllowed), acting("attorney"):
        db.session.execute(
            sa.text(
                "insert into used_pseudonym (matter_id, pseudonym, compartment_id, opened_by_id, person_id)"
                " select 1, 'Doe 999999', compartment_id, opened_by_id, id from person limit 1"
            )
        )


def test_a_locked_papers_pseudonym_stays(acting: Acting) -> None:
    person_id = _person(acting)
    with acting("attorney"):
        fix_pseudonym(db.session.get_one(Person, person_id))
    with acting("attorney"), pytest.raises(NotNow):
        choose_style(db.session.get_one(Person, person_id), "doe")


def test_initials_need_a_sealed_name_and_a_known_style_is_needed(acting: Acting) -> None:
    person_id = _person(acting)
    with pytest.raises((Invalid, NotThere)):
        _styled(acting, person_id, "initials")
    with pytest.raises(Invalid):
        _styled(acting, person_id, "nickname")
    assert set(STYLES) == {"number", "initials", "doe", "jane_doe", "john_doe"}


def test_the_style_is_chosen_on_a_page(as_intake: Browser, acting: Acting) -> None:
    person_id = _person(acting, "Beto Luna")
    assert as_intake.post(f"/people/{person_id}/pseudonym", {"style": "initials"}, once=None).status_code == 303
    with acting("intake"):
        assert db.session.get_one(Person, person_id).pseudonym.startswith("B.L. ")
    nameless = _person(acting)
    refused = as_intake.post(f"/people/{nameless}/pseudonym", {"style": "initials"}, once=None)
    assert refused.status_code == 422
    assert "no initials" in refused.get_data(as_text=True)
