"""Opening one name and looking for people, as a browser sees it."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.keys import AwsKms
from intake.people import vault
from intake.people.models import Person
from intake.people.vault import seal_identity
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def _sealed(acting: Acting, name: str) -> str:
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": name, "phone": "555 0100"})
        return str(person.id)


def test_one_record_is_shown_with_reader_and_time_over_it_and_leaves_by_itself(
    as_attorney: Browser, acting: Acting
) -> None:
    person_id = _sealed(acting, "Zenaida Abierta")
    answer = as_attorney.post(f"/people/{person_id}/name", {"reason": "call back"}, once=None)
    page = answer.get_data(as_text=True)
    assert "Zenaida Abierta" in page
    assert page.count("Attorney ·") >= 6
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Refresh"] == "120; url=/"
    assert "Zenaida" not in as_attorney.get(f"/people/{person_id}/name").get_data(as_text=True)


@pytest.mark.parametrize(
    "form", [{}, {"reason": ""}, {"reason": "curious"}, {"reason": "other"}], ids=["none", "empty", "unknown", "bare"]
)
def test_without_a_reason_of_the_list_nothing_is_shown_or_logged_as_read(
    as_attorney: Browser, acting: Acting, owner: sa.Connection, form: dict[str, str]
) -> None:
    person_id = _sealed(acting, "Zenaida Cerrada")
    answer = as_attorney.post(f"/people/{person_id}/name", form, once=None)
    assert answer.status_code == 422
    assert "Zenaida" not in answer.get_data(as_text=True)
    read = sa.text("select count(*) from audit.event where kind = 'unseal' and record_id = :p")
    assert owner.execute(read, {"p": person_id}).scalar_one() == 0


def test_the_entry_of_a_reading_stands_even_when_the_request_fails_after_it(
    acting: Acting, owner: sa.Connection, world: World
) -> None:
    person_id = _sealed(acting, "Zenaida Leída")

    def read_and_fail() -> None:
        vault.unseal_identity(db.session.get_one(Person, person_id), "call back")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), acting("attorney"):
        read_and_fail()
    read = sa.text("select actor_id, compartment_id from audit.event where kind = 'unseal' and record_id = :p")
    assert owner.execute(read, {"p": person_id}).one() == (world.users["attorney"], world.compartment)


def test_a_log_that_takes_no_entry_shows_nothing(as_attorney: Browser, acting: Acting, owner: sa.Connection) -> None:
    person_id = _sealed(acting, "Zenaida Oculta")
    owner.execute(sa.text("revoke insert on audit.event from testigo_keeper"))
    try:
        answer = as_attorney.post(f"/people/{person_id}/name", {"reason": "call back"}, once=None)
    finally:
        owner.execute(sa.text("grant insert on audit.event to testigo_keeper"))
    assert answer.status_code == 500
    assert "Zenaida" not in answer.get_data(as_text=True)


@pytest.fixture
def kms_away(app: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A KMS at whose address nobody answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "stand-in")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "stand-in")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    before = vault.service()
    vault.use(AwsKms(region="us-east-1", endpoint_url=address, key="alias/a", index_key="alias/b"))
    yield
    vault.use(before)


def test_while_the_key_service_is_away_names_are_closed_in_plain_words_and_the_rest_works(
    as_attorney: Browser, as_intake: Browser, acting: Acting, owner: sa.Connection, kms_away: None
) -> None:
    with acting("intake"):
        account = an_account(narrative="They stopped me.")
        person_id, incident_id = account.person_id, account.incident_id
    answer = as_intake.post(f"/incidents/{incident_id}/intake/person", {"legal_name": "Nunca En Claro"}, once=None)
    assert answer.status_code == 503
    assert "names are closed" in answer.get_data(as_text=True)
    assert as_attorney.post("/people/find", {"words": "Nunca"}, once=None).status_code == 503
    assert as_attorney.get(f"/incidents/{incident_id}").status_code == 200
    assert as_attorney.get("/search").status_code == 200
    assert (
        owner.execute(
            sa.text("select count(*) from vault.identity where person_id = :p"), {"p": person_id}
        ).scalar_one()
        == 0
    )


def test_the_words_of_a_name_search_are_in_no_address_title_or_log_line(
    as_attorney: Browser, acting: Acting, caplog: pytest.LogCaptureFixture
) -> None:
    person_id = _sealed(acting, "Jilguero Buscado")
    with caplog.at_level(logging.DEBUG):
        answer = as_attorney.post("/people/find", {"words": "jilguero buscado"}, once=None)
    page = answer.get_data(as_text=True)
    with acting("attorney"):
        assert db.session.get_one(Person, person_id).pseudonym in page
    assert "as written" in page
    assert "ilguero" not in page.replace('value="jilguero buscado"', "")
    assert "ilguero" not in answer.request.path + answer.request.query_string.decode()
    assert "ilguero" not in caplog.text


def test_nobody_of_that_name_is_said_calmly(as_attorney: Browser) -> None:
    page = as_attorney.post("/people/find", {"words": "Nadie Conocido"}, once=None)
    assert page.status_code == 200
    assert "Nobody of this name" in page.get_data(as_text=True)
    assert as_attorney.post("/people/find", {"words": " . "}, once=None).status_code == 422


def test_at_intake_the_same_name_is_a_hint_and_no_name_is_shown(as_intake: Browser, acting: Acting) -> None:
    first = _sealed(acting, "Crisanto Belmonte")
    with acting("intake"):
        incident_id = an_account().incident_id
        pseudonym = db.session.get_one(Person, first).pseudonym
    form = {"legal_name": "Belmonte, Crisanto", "age_band": "25_44"}
    answer = as_intake.post(f"/incidents/{incident_id}/intake/person", form, once=None, follow_redirects=True)
    assert f"may be the same person as {pseudonym}" in answer.get_data(as_text=True)
    assert "Crisanto" not in answer.get_data(as_text=True)
