"""Protected facts: two attorneys to keep one, two for each reading, nobody else at all."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask
from wtforms import Form

import intake.schema
from intake import db
from intake.access.actor import Actor
from intake.db import Base
from intake.errors import Invalid, KeyUnavailable, NotAllowed, NotNow, NotThere
from intake.people import protected
from intake.people.models import Person
from intake.web import CaseForm
from tests.browser import Browser
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]
CANARY = "A 098 765 432"


@pytest.fixture
def person_id(acting: Acting) -> uuid.UUID:
    """A person of an intake."""
    with acting("intake"):
        return an_account().person_id


def _proposed(acting: Acting, person_id: uuid.UUID) -> uuid.UUID:
    with acting("attorney"):
        return protected.propose(db.session.get_one(Person, person_id), "PX.A_NUMBER", CANARY, "remedy")


def _kept(acting: Acting, person_id: uuid.UUID) -> uuid.UUID:
    entry_id = _proposed(acting, person_id)
    with acting("second_attorney"):
        protected.decide(entry_id, approve=True)
    return entry_id


def _allowed(acting: Acting, entry_id: uuid.UUID) -> uuid.UUID:
    with acting("attorney"):
        opening_id = protected.ask(entry_id, "advise_client")
    with acting("second_attorney"):
        protected.answer(opening_id, approve=True)
    return opening_id


def test_a_fact_is_kept_by_two_attorneys_and_read_once_with_the_consent_of_two(
    acting: Acting, person_id: uuid.UUID, owner: sa.Connection
) -> None:
    entry_id = _proposed(acting, person_id)
    with acting("second_attorney"):
        assert protected.review(entry_id)["value"] == CANARY
        protected.decide(entry_id, approve=True)
    opening_id = _allowed(acting, entry_id)
    with acting("attorney"):
        _entry, opened = protected.open_once(opening_id)
        assert opened == {"code": "PX.A_NUMBER", "value": CANARY, "reason": "remedy"}
    with acting("attorney"), pytest.raises(NotNow):
        protected.open_once(opening_id)
    read = sa.text(
        "select count(*) from audit.event where kind = 'unseal' and subject = 'protected' and record_id = :id"
    )
    assert owner.execute(read, {"id": str(entry_id)}).scalar_one() == 2


def test_nobody_decides_on_their_own_fact_or_request(acting: Acting, person_id: uuid.UUID) -> None:
    entry_id = _proposed(acting, person_id)
    for act in (lambda: protected.decide(entry_id, approve=True), lambda: protected.review(entry_id)):
        with acting("attorney"), pytest.raises(NotAllowed):
            act()
    with acting("second_attorney"):
        protected.decide(entry_id, approve=True)
    with acting("attorney"):
        opening_id = protected.ask(entry_id, "court_order")
    with acting("attorney"), pytest.raises(NotAllowed):
        protected.answer(opening_id, approve=True)
    with acting("attorney"), pytest.raises(NotNow):
        protected.open_once(opening_id)


def test_the_database_itself_holds_the_two_person_rule(
    acting: Acting, person_id: uuid.UUID, world: object, owner: sa.Connection
) -> None:
    entry_id = _proposed(acting, person_id)
    other = world.users["second_attorney"]  # type: ignore[attr-defined]
    forged = f"update vault.protected set decision = 'approved', decided_by_id = {other}, decided_at = now() where id = '{entry_id}'"
    for statement in (forged, forged.replace(str(other), "proposed_by_id")):
        with pytest.raises((NotAllowed, sa.exc.DBAPIError)), acting("attorney"):
            db.session.execute(sa.text(f"set local role testigo_vault; {statement}"))
    decision = sa.text("select decision from vault.protected where id = :id")
    assert owner.execute(decision, {"id": entry_id}).scalar_one() == ""


def test_an_approval_is_worth_an_hour(acting: Acting, person_id: uuid.UUID, owner: sa.Connection) -> None:
    opening_id = _allowed(acting, _kept(acting, person_id))
    owner.execute(sa.text("alter table vault.opening disable trigger two_people"))
    owner.execute(
        sa.text("update vault.opening set decided_at = now() - interval '61 minutes' where id = :i"), {"i": opening_id}
    )
    owner.execute(sa.text("alter table vault.opening enable trigger two_people"))
    with acting("attorney"), pytest.raises(NotNow):
        protected.open_once(opening_id)


def test_anothers_request_is_not_mine_to_use(acting: Acting, person_id: uuid.UUID) -> None:
    opening_id = _allowed(acting, _kept(acting, person_id))
    with acting("second_attorney"), pytest.raises(NotAllowed):
        protected.open_once(opening_id)


def test_a_refused_fact_is_emptied(acting: Acting, person_id: uuid.UUID, owner: sa.Connection) -> None:
    entry_id = _proposed(acting, person_id)
    with acting("second_attorney"):
        protected.decide(entry_id, approve=False)
    row = owner.execute(
        sa.text("select sealed, wrapped_key from vault.protected where id = :id"), {"id": entry_id}
    ).one()
    assert (row.sealed, bytes(row.wrapped_key)) == ({}, b"")
    with acting("attorney"), pytest.raises(NotNow):
        protected.ask(entry_id, "court_order")


@pytest.mark.parametrize(
    "who", ["intake", "paralegal", "analyst", "auditor", "admin", "cocounsel", "stranger", "other_attorney"]
)
def test_whoever_is_no_attorney_of_the_owner_finds_nothing(acting: Acting, person_id: uuid.UUID, who: str) -> None:
    entry_id = _kept(acting, person_id)
    with acting(who):
        assert protected.entries_of(person_id) == []
        assert (protected.proposals(), protected.requests()) == ([], [])
    with acting(who), pytest.raises((NotAllowed, NotThere)):
        protected.ask(entry_id, "court_order")
    with acting(who):
        db.session.execute(sa.text("set local role testigo_vault"))
        assert db.session.execute(sa.text("select count(*) from vault.protected")).scalar_one() == 0


def test_only_known_kinds_and_reasons_are_taken(acting: Acting, person_id: uuid.UUID) -> None:
    for code, value, reason in (
        ("SP.NOTASKED", "x", "remedy"),
        ("PX.VISA", " ", "remedy"),
        ("PX.VISA", "x", "curious"),
    ):
        with acting("attorney"), pytest.raises(Invalid):
            protected.propose(db.session.get_one(Person, person_id), code, value, reason)


def test_neither_table_nor_log_tells_what_was_recorded_or_why(
    acting: Acting, person_id: uuid.UUID, owner: sa.Connection
) -> None:
    _kept(acting, person_id)
    for table in ("vault.protected", "vault.opening", "audit.event"):
        text = str(owner.execute(sa.text(f"select * from {table}")).all())
        assert CANARY not in text
        assert "A_NUMBER" not in text
        assert "remedy" not in text


def test_ciphertext_moved_to_another_entry_is_refused(
    acting: Acting, person_id: uuid.UUID, owner: sa.Connection
) -> None:
    one, other = _kept(acting, person_id), _kept(acting, person_id)
    opening_id = _allowed(acting, other)
    moved = "update vault.protected t set sealed = s.sealed, wrapped_key = s.wrapped_key from vault.protected s"
    owner.execute(sa.text("alter table vault.protected disable trigger two_people"))
    owner.execute(sa.text(f"{moved} where t.id = :other and s.id = :one"), {"one": one, "other": other})
    owner.execute(sa.text("alter table vault.protected enable trigger two_people"))
    with pytest.raises(KeyUnavailable), acting("attorney"):
        protected.open_once(opening_id)
    with acting("attorney"):
        # What could not be read was not used up.
        assert protected.request_of(opening_id).ready


def test_if_the_log_cannot_be_written_nothing_protected_is_read(
    acting: Acting, person_id: uuid.UUID, owner: sa.Connection
) -> None:
    opening_id = _allowed(acting, _kept(acting, person_id))
    owner.execute(sa.text("revoke insert on audit.event from testigo_keeper"))
    try:
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), acting("attorney"):
            protected.open_once(opening_id)
    finally:
        owner.execute(sa.text("grant insert on audit.event to testigo_keeper"))


def test_from_proposal_to_reading_on_the_pages(
    browser_of: Callable[[str], Browser], person_id: uuid.UUID, acting: Acting
) -> None:
    first, second = browser_of("attorney"), browser_of("second_attorney")
    form = {"code": "PX.CONSULATE", "value": "Consulado Ejemplo", "reason": "safety"}
    assert first.post(f"/people/{person_id}/protected", form).status_code == 303
    with acting("attorney"):
        (entry,) = protected.entries_of(person_id)
    shown = second.post(f"/protected/{entry.id}/review", {}, once=None)
    assert "Consulado Ejemplo" in shown.get_data(as_text=True)
    assert "Second Attorney" in shown.get_data(as_text=True)
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["Refresh"].startswith("120;")
    assert second.post(f"/protected/{entry.id}/decision", {"answer": "yes"}, once=None).status_code == 303
    assert first.post(f"/protected/{entry.id}/ask", {"reason": "advise_client"}, once=None).status_code == 303
    with acting("attorney"):
        (asked,) = [r for r in protected.requests() if r.entry.id == entry.id]
    assert "Agree" in second.get("/protected").get_data(as_text=True)
    assert second.post(f"/openings/{asked.id}/decision", {"answer": "yes"}, once=None).status_code == 303
    assert "Read it once" in first.get("/protected").get_data(as_text=True)
    assert "Consulado Ejemplo" in first.post(f"/openings/{asked.id}/open", {}, once=None).get_data(as_text=True)
    assert first.post(f"/openings/{asked.id}/open", {}, once=None).status_code == 409
    for page in (f"/people/{person_id}/protected", "/protected"):
        assert "Consulado" not in first.get(page).get_data(as_text=True)


STATUS = re.compile(
    r"citizen|immigra|alien|visa|a_?number|nationality|birth_?(country|place)|country_of|consulate|undocumented|"
    r"(legal|migra\w*|residence)_?status|passport|asylum|green_?card",
    re.IGNORECASE,
)


def _forms(kind: type[Form]) -> list[type[Form]]:
    return [found for each in kind.__subclasses__() for found in (each, *_forms(each))]


def test_no_column_and_no_form_field_asks_for_status(app: Flask) -> None:
    assert intake.schema.metadata is Base.metadata
    columns = [f"{table.name}.{c.name}" for table in Base.metadata.tables.values() for c in table.columns]
    fields = [f"{form.__name__}.{name}" for form in _forms(CaseForm) for name in vars(form) if not name.startswith("_")]
    assert len(columns) > 200
    assert len(fields) > 50
    assert [name for name in (*columns, *fields) if STATUS.search(name.partition(".")[2])] == []
