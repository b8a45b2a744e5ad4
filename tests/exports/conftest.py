"""Records to export, and what asks for, makes and downloads an export as the screens and the worker do."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake import storage as stores
from intake.access import sessions
from intake.access.actor import Actor
from intake.exports import jobs as making
from intake.exports import services
from intake.exports.models import Export
from intake.incidents import claims
from intake.incidents import services as incidents
from intake.people import vault
from intake.people.models import Person
from intake.search.services import keep_words
from intake.storage import Storage
from tests.exports.test_files import READ
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
SEALED = "Zoraida Ejemplo Canaria"


@pytest.fixture(scope="module")
def told(app: Flask, world: World) -> None:
    """Three accounts of two incidents that hold the word, one incident that does not; a sealed name, a note, a claim."""
    with db.transaction():
        sessions.act_for(world.users["intake"])
        first = an_account(narrative="=They showed no warrant. Él dijo: «¡alto!»")
        an_account(incident=first.incident, narrative="I saw no warrant either.")
        an_account(narrative="A warrant was read from a phone.")
        an_account(narrative="The corner was quiet.")
        incidents.observe(first, "agency", [incidents.Seen("AG.DHS.CBP.USBP")])
        claims.suggest_claim(first.incident, "CL.4A.STOP", "canary of the attorney's mind")
        claims.write_note(first.incident, "canary in a working note", "en")
        vault.seal_identity(db.session.get_one(Person, first.person_id), {"legal_name": SEALED})


@pytest.fixture
def store(app: Flask, told: None, owner: sa.Connection) -> Storage:
    """The store as the program reaches it, and an empty queue."""
    owner.execute(sa.text("set search_path = public, jobs"))
    owner.execute(sa.text("delete from procrastinate_jobs"))
    store: Storage = app.extensions["storage"]
    stores.use(store)
    return store


def ask(
    acting: Acting, who: str = "attorney", form: str = "json", profile: str = "records", words: str = "warrant"
) -> uuid.UUID:
    """Ask for an export of a search and return its id."""
    with acting(who):
        search = keep_words(words).id if words else None
        return services.prepare_export(form, profile, search, {}).id


def made(acting: Acting, world: World, store: Storage, export: uuid.UUID, who: str = "attorney") -> Export:
    """Make it as its asker and return how it stands."""
    making.make(world.users[who], export, store)
    with acting(who):
        found: Export = db.session.get_one(Export, export)
        db.session.expunge(found)
    return found


def fetched(address: str) -> bytes:
    """Open an address as a browser does."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        body: bytes = answer.read()
    return body


def rows_of(
    acting: Acting, store: Storage, export: Export, tmp_path: Path, who: str = "attorney"
) -> list[dict[str, str]]:
    """Download as `who` and return the rows."""
    with acting(who):
        address = services.download(db.session.get_one(Export, export.id), store)
    path = tmp_path / f"{export.id}.{export.format}"
    path.write_bytes(fetched(address))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.sha256
    assert path.stat().st_size == export.size
    return READ[export.format](path)
