"""A dump of the whole database without the keys, searched for what was sealed in every form it could hide in."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.local.postgres import installed_programs
from intake.people.models import Person
from intake.people.vault import FIELDS, seal_identity, unseal_identity
from intake.settings import Settings
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]
CANARIES = {field: f"Canario{n}Únicó 555-01{n}7" for n, field in enumerate(FIELDS)}


def hidden_forms(text: str) -> Iterator[bytes]:
    """Yield the text as UTF-8 and UTF-16, plain, hexadecimal, base64 at each of its three offsets, and escaped."""
    for raw in (text.encode(), text.encode("utf-16-le"), text.casefold().encode()):
        yield raw
        yield raw.hex().encode()
        for offset in range(3):
            # The middle of the base64 does not depend on what stands before or after.
            yield base64.b64encode(b"\0" * offset + raw)[4:-4]
    yield text.encode("unicode_escape")


def dump(settings: Settings) -> bytes:
    """Return what pg_dump writes of the whole database, as its owner."""
    url = sa.engine.make_url(settings.database_url).set(drivername="postgresql")
    program = installed_programs() / "bin" / "pg_dump"
    done = subprocess.run(
        [program, url.render_as_string(hide_password=False)], capture_output=True, check=True, timeout=120
    )
    return done.stdout


def test_a_dump_without_keys_yields_no_name_contact_or_number(
    acting: Acting, owner: sa.Connection, settings: Settings
) -> None:
    with acting("intake"):
        person = db.session.get_one(Person, an_account(narrative="Visible in the dump.").person_id)
        seal_identity(person, {"legal_name": "Antes"})
        seal_identity(person, CANARIES)
        person_id = person.id
    with acting("attorney"):
        assert unseal_identity(db.session.get_one(Person, person_id), "test") == CANARIES
    content = dump(settings)
    # The search itself finds what is there: a text in clear, and the person's row.
    assert b"Visible in the dump." in content
    assert str(person_id).encode() in content
    for canary in CANARIES.values():
        for form in hidden_forms(canary):
            assert form not in content
        for word in canary.split():
            assert word.encode() not in content


def test_the_search_would_see_a_name_in_each_form() -> None:
    for n in range(3):
        assert any(
            form in base64.b64encode(b"x" * n + b"Canario Visible" + b"y") for form in hidden_forms("Canario Visible")
        )
    assert any(form in b"Canario Visible".hex().encode() for form in hidden_forms("Canario Visible"))
