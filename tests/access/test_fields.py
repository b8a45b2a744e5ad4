"""Field classes: every column has one, one table says who reads which, and pages, JSON and exports obey it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask, g, render_template_string

import intake.schema  # noqa: F401  (every slice's models)
from intake import db
from intake.access import fields, rows
from intake.access.actor import Actor, Granted
from intake.access.fields import READS, FieldClass, Reach, classes, classes_of, may_read, readable
from intake.access.policy import Permission, Role, permitted
from intake.db import Base
from intake.errors import NotAllowed
from intake.exports.records import CLASSES, PROFILES, SOURCES
from intake.incidents.claims import write_note
from intake.incidents.models import ClaimTag, Incident, Note
from intake.pages import FieldHidden
from intake.people.models import Person
from intake.people.vault_models import Identity
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]
GUARDED = set(rows.MATTER_TABLES) | set(rows.VAULT_TABLES)
MODELS = sorted(
    (m.class_ for m in Base.registry.mappers if m.local_table.fullname in GUARDED),  # type: ignore[attr-defined]
    key=lambda model: str(model.__name__),
)


def an_actor(role: str, user_id: int = 7, compartment: int = 1) -> Actor:
    grant = Granted(compartment_id=compartment, matter_id=1, organisation_id=1, role=role)
    return Actor(user_id, "A", "a@example.org", 1, "en", True, (grant,))


def a_row(model: type[Any], *, opened_by: int = 8, compartment: int = 1) -> Any:
    made = model()
    if hasattr(model, "opened_by_id"):
        made.opened_by_id, made.compartment_id = opened_by, compartment
    return made


def test_a_column_named_twice_or_in_a_class_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="two classes"):
        classes(public="a", confidential="a")
    with pytest.raises(KeyError):
        classes(secret="a")


def test_nobody_reads_a_sealed_column_through_the_table() -> None:
    assert all(FieldClass.SEALED not in found for reaches in READS.values() for found in reaches.values())


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR], ids=str)
@pytest.mark.parametrize("reach", list(Reach), ids=str)
def test_analysts_auditors_and_administrators_read_no_class_of_any_record(role: Role, reach: Reach) -> None:
    # Their own are projects and notices: codes and a title, and nothing that anybody told.
    own = {FieldClass.PUBLIC} if reach is Reach.OWN else set()
    assert READS.get(role, {}).get(reach, set()) == own


def test_no_role_reads_work_product_of_a_record_that_was_only_shared() -> None:
    for role, reaches in READS.items():
        assert not reaches.get(Reach.SHARED, frozenset()) & {FieldClass.WORK_PRODUCT, FieldClass.OPINION}, role


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_the_table_of_classes_and_the_table_of_permissions_agree(role: Role) -> None:
    read = frozenset().union(*READS.get(role, {}).values())
    assert (FieldClass.CONFIDENTIAL in read) == permitted(frozenset({role}), Permission.INCIDENT_READ)
    assert (FieldClass.OPINION in read) == permitted(frozenset({role}), Permission.CLAIM_READ)
    assert (FieldClass.MEDIA in read) == permitted(frozenset({role}), Permission.EVIDENCE_READ)


_OWN_KEYS = {
    "Note": {"id", "created_at", "version", "compartment_id", "opened_by_id", "incident_id"},
    "ClaimTag": {"id", "created_at", "version", "compartment_id", "opened_by_id", "incident_id"},
}
_NOTE = _OWN_KEYS["Note"] | {"text", "language", "author_id"}
_TAG = _OWN_KEYS["ClaimTag"] | {"code", "status", "reason", "suggested_by_id", "decided_by_id", "decided_at"}


@pytest.mark.parametrize(
    ("role", "reach", "note", "tag"),
    [
        (Role.INTAKE, Reach.OWN, _NOTE, _TAG),
        (Role.INTAKE, Reach.ORGANISATION, set(), set()),
        (Role.PARALEGAL, Reach.ORGANISATION, _NOTE, _OWN_KEYS["ClaimTag"]),
        (Role.PARALEGAL, Reach.SHARED, _OWN_KEYS["Note"], _OWN_KEYS["ClaimTag"]),
        (Role.SUPERVISING_ATTORNEY, Reach.ORGANISATION, _NOTE, _TAG),
        (Role.SUPERVISING_ATTORNEY, Reach.SHARED, _OWN_KEYS["Note"], _OWN_KEYS["ClaimTag"]),
        (Role.CO_COUNSEL, Reach.SHARED, _OWN_KEYS["Note"], _OWN_KEYS["ClaimTag"]),
        (Role.CO_COUNSEL, Reach.OWN, _NOTE, _TAG),
        (Role.ANALYST, Reach.ORGANISATION, set(), set()),
        (Role.AUDITOR, Reach.ORGANISATION, set(), set()),
        (Role.ADMINISTRATOR, Reach.ORGANISATION, set(), set()),
    ],
    ids=lambda value: "keys" if isinstance(value, (set, frozenset)) else str(value),  # the same in every process
)
def test_each_role_gets_exactly_its_keys_of_a_note_and_of_a_claim(
    role: Role, reach: Reach, note: set[str], tag: set[str]
) -> None:
    actor = an_actor(role, compartment=2 if reach is Reach.SHARED else 1)
    opened_by = actor.user_id if reach is Reach.OWN else 8
    assert set(readable(a_row(Note, opened_by=opened_by), actor)) == note
    assert set(readable(a_row(ClaimTag, opened_by=opened_by), actor)) == tag


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_the_serializer_gives_exactly_the_columns_of_the_roles_classes(role: Role) -> None:
    allowed = READS.get(role, {}).get(Reach.ORGANISATION, frozenset())
    for model in MODELS:
        declared = classes_of(model)
        if declared and hasattr(model, "compartment_id"):
            columns = {attribute.key for attribute in sa.inspect(model).column_attrs}
            assert set(readable(a_row(model), an_actor(role))) == {c for c in columns if declared.get(c) in allowed}


def test_sealed_columns_are_in_no_roles_reach() -> None:
    for role in Role:
        assert not {"sealed", "wrapped_key", "key_id"} & set(readable(a_row(Identity, opened_by=7), an_actor(role)))


def test_a_role_held_in_another_compartment_does_not_open_this_one() -> None:
    supervising_elsewhere = (
        Granted(1, 1, 1, Role.PARALEGAL.value),
        Granted(2, 1, 1, Role.SUPERVISING_ATTORNEY.value),
    )
    actor = Actor(7, "A", "a@example.org", 1, "en", True, supervising_elsewhere)
    assert not may_read(a_row(ClaimTag), "reason", actor)
    assert may_read(a_row(ClaimTag, compartment=2), "reason", actor)


def test_a_model_without_classes_is_not_serialized() -> None:
    from intake.access.models import User  # noqa: PLC0415

    with pytest.raises(TypeError, match="no field classes"):
        readable(User(), an_actor(Role.SUPERVISING_ATTORNEY))


def test_a_column_that_a_model_forgot_to_class_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {name: each for name, each in vars(Note)["__field_classes__"].items() if name != "text"}
    monkeypatch.setattr(Note, "__field_classes__", kept)
    monkeypatch.setattr(fields, "_known", {})
    assert "text" not in readable(a_row(Note, opened_by=7), an_actor(Role.SUPERVISING_ATTORNEY))


def test_a_page_prints_nothing_of_a_hidden_column_and_is_loud_in_tests(app: Flask, acting: Acting) -> None:
    with acting("intake"):
        incident = db.session.get_one(Incident, an_account().incident_id)
        note_id = write_note(incident, "zorzalnota", "en").id
    environment: Any = app.jinja_env
    with app.test_request_context("/"), acting("attorney"):
        note = db.session.get_one(Note, note_id)
        g.actor = None
        assert render_template_string("{{ note.text }}", note=note) == "zorzalnota"
        db.session.info["actor"] = an_actor(Role.SUPERVISING_ATTORNEY, compartment=note.compartment_id + 900)
        for asked in (
            "{{ note.text }}",
            "{{ note['text'] }}",
            "{{ note | attr('text') }}",
            "{{ [note] | map(attribute='text') | join }}",
        ):
            with pytest.raises(FieldHidden, match=r"Note\.text"):
                render_template_string(asked, note=note)
        environment.loud = False
        try:
            for asked in ("{{ note.text }}", "{{ note['text'] }}", "{{ [note] | map(attribute='text') | join }}"):
                assert render_template_string(asked, note=note) == ""
        finally:
            environment.loud = True


def test_a_paper_is_refused_to_who_lacks_a_class_of_it() -> None:
    db.session.info["actor"] = an_actor(Role.AUDITOR)
    try:
        with pytest.raises(NotAllowed):
            fields.demand(a_row(Incident), FieldClass.CONFIDENTIAL)
    finally:
        db.session.remove()


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_an_export_lists_only_fields_whose_columns_its_profile_may_carry(profile: str) -> None:
    for name in PROFILES[profile]:
        told = SOURCES[name] if isinstance(SOURCES[name], tuple) else (SOURCES[name],)
        for each in told:
            assert classes_of(each.class_)[each.key] in CLASSES[profile], (profile, name)
    assert not {FieldClass.SEALED, FieldClass.WORK_PRODUCT} & set(CLASSES[profile])
    assert Person.answers not in [
        each for told in SOURCES.values() for each in (told if isinstance(told, tuple) else (told,))
    ]
