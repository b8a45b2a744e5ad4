"""Declarations for the tests, made by the services themselves."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from intake import db
from intake.access.actor import Actor, current
from intake.access.models import Share
from intake.declarations import gates, services
from intake.declarations.models import Declaration, Paragraph
from intake.evidence.models import EvidenceItem
from intake.people.models import Consent, Person
from intake.people.vault import seal_identity
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
NARRATIVE = "I was at the store.\n\nFour men in masks got out of a van. One took my arm."
SCOPES = ("CN.INTAKE", "CN.COURT_SEAL")


def a_declaration(
    acting: Acting, *, name: str = "", who: str = "intake", scopes: tuple[str, ...] = SCOPES, **account: Any
) -> uuid.UUID:
    """Return the id of a declaration of an intake worker's own intake, every paragraph with its basis."""
    with acting(who):
        told = an_account(**{"narrative": NARRATIVE, **account})
        person = db.session.get_one(Person, told.person_id)
        if name:
            seal_identity(person, {"legal_name": name})
        for scope in scopes:
            answer(told.person_id, told.incident_id, scope, "yes")
        declaration = services.start_declaration(told, "Plaintiffs' motion")
        for paragraph in declaration.paragraphs:
            paragraph.basis = "KB.SAW"
        db.session.flush()
        return declaration.id


def answer(person_id: uuid.UUID, incident_id: uuid.UUID, scope: str, said: str) -> None:
    """Write down what the person answered to a permission."""
    person = db.session.get_one(Person, person_id)
    db.session.add(
        Consent(
            person_id=person_id,
            incident_id=incident_id,
            scope=scope,
            answer=said,
            explained_by_id=current().user_id,
            compartment_id=person.compartment_id,
            opened_by_id=person.opened_by_id,
        )
    )
    db.session.flush()


def an_item(declaration: Declaration, name: str = "van.mp4", media_type: str = "video/mp4") -> EvidenceItem:
    """Return a file of the declaration's incident."""
    item = EvidenceItem(
        filename=name,
        media_type=media_type,
        size=3,
        once_key=uuid.uuid4(),
        object_key=uuid.uuid4().hex,
        sha256="ab" * 32,
        incident_id=declaration.incident_id,
        compartment_id=declaration.compartment_id,
        opened_by_id=declaration.opened_by_id,
    )
    db.session.add(item)
    db.session.flush()
    return item


def load(declaration_id: uuid.UUID) -> Declaration:
    """Return the declaration as the acting user sees it. Raises NoResultFound."""
    return db.session.get_one(Declaration, declaration_id)


def paragraph(declaration_id: uuid.UUID, position: int) -> Paragraph:
    """Return a paragraph by its number."""
    return load(declaration_id).paragraphs[position - 1]


def walk(declaration_id: uuid.UUID, *states: str, anyway: bool = True) -> Declaration:
    """Take these steps as the acting user."""
    declaration = load(declaration_id)
    for state in states:
        gates.move(declaration, state, anyway=anyway)
    return declaration


def lock(acting: Acting, declaration_id: uuid.UUID) -> str:
    """Take a declaration to its locked text as the attorney; returns the text's hash."""
    with acting("attorney"):
        return walk(declaration_id, "DS.REVIEW", "DS.READBACK", "DS.LOCKED").text_hash or ""


@pytest.fixture
def share(acting: Acting, world: World) -> Callable[[uuid.UUID], None]:
    """Show a declaration's incident to the partner organisation."""

    def shown(declaration_id: uuid.UUID) -> None:
        with acting("attorney"):
            declaration = load(declaration_id)
            db.session.add(
                Share(
                    incident_id=declaration.incident_id,
                    compartment_id=declaration.compartment_id,
                    opened_by_id=declaration.opened_by_id,
                    to_compartment_id=world.other_compartment,
                )
            )

    return shown
