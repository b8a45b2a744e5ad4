"""Acts that change no row are entries too, and what cannot be logged is not done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake import db
from intake.access.actor import Actor
from intake.people.models import Person
from intake.people.vault import seal_identity, unseal_identity
from intake.settings import Settings
from tests.access.asking import ask, asks_of
from tests.access.planted import Ids, plant
from tests.browser import Browser
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def kinds_since(owner: sa.Connection, last: int) -> set[tuple[str, int | None]]:
    """Return (kind, who) of the entries after `last`."""
    rows = owner.execute(sa.text("select kind, actor_id from audit.event where id > :id"), {"id": last})
    return {(row.kind, row.actor_id) for row in rows}


def last_entry(owner: sa.Connection) -> int:
    return int(owner.execute(sa.text("select coalesce(max(id), 0) from audit.event")).scalar_one())


@pytest.fixture
def person(acting: Acting) -> str:
    """A person with a sealed name."""
    with acting("intake"):
        person = db.session.get_one(Person, an_account().person_id)
        seal_identity(person, {"legal_name": "Nombre Sellado"})
        return str(person.id)


def test_searches_refusals_readings_and_goings_are_entries(
    as_attorney: Browser, as_analyst: Browser, as_auditor: Browser, owner: sa.Connection, world: World
) -> None:
    acts: list[tuple[str, str, Callable[[], object]]] = [
        (
            "attorney",
            "search",
            lambda: as_attorney.get(as_attorney.post("/search", {"words": "palabra"}, once=None).location),
        ),
        ("analyst", "refused", lambda: as_analyst.get("/incidents")),
        ("auditor", "log_read", lambda: as_auditor.get("/log")),
        ("attorney", "sign_out", lambda: as_attorney.post("/sign-out", once=None)),
    ]
    for who, kind, act in acts:
        before = last_entry(owner)
        act()
        assert (kind, world.users[who]) in kinds_since(owner, before), kind
    payloads = owner.execute(sa.text("select string_agg(payload, ' ') from audit.event")).scalar_one()
    assert "palabra" not in payloads


@pytest.fixture
def deaf_log(owner: sa.Connection) -> Iterator[None]:
    """The log takes no entry: its owner's right to add one is gone."""
    owner.execute(sa.text("revoke insert on audit.event from testigo_keeper"))
    yield
    owner.execute(sa.text("grant insert on audit.event to testigo_keeper"))


def test_a_sealed_name_is_not_read_when_its_entry_cannot_be_written(
    person: str, acting: Acting, deaf_log: None, owner: sa.Connection
) -> None:
    before = last_entry(owner)
    with pytest.raises(sa.exc.ProgrammingError), acting("attorney"):
        unseal_identity(db.session.get_one(Person, person), "call back")
    assert last_entry(owner) == before


def test_nothing_is_changed_searched_or_shown_of_the_log_when_no_entry_can_be_written(
    person: str, acting: Acting, as_attorney: Browser, as_auditor: Browser, deaf_log: None, owner: sa.Connection
) -> None:
    with pytest.raises(sa.exc.ProgrammingError), acting("intake"):
        db.session.execute(sa.text("update account set narrative = 'unlogged'"))
    assert owner.execute(sa.text("select count(*) from account where narrative = 'unlogged'")).scalar_one() == 0
    assert as_attorney.post("/search", {"words": "stopped"}, once=None).status_code == 500  # keeping it is a change
    assert as_auditor.get("/log").status_code == 500


def test_a_sealed_value_can_be_proved_with_its_salt_and_no_more_without(
    person: str, owner: sa.Connection, acting: Acting
) -> None:
    import hashlib  # noqa: PLC0415
    import json  # noqa: PLC0415

    event = owner.execute(
        sa.text("select id, payload from audit.event where subject = 'identity' and record_id = :id"), {"id": person}
    ).one()
    told = json.loads(event.payload)["new"]["sealed"]["commitment"]
    value = owner.execute(sa.text("select sealed::text from vault.identity where person_id = :id"), {"id": person})
    salt = owner.execute(
        sa.text("select salt from audit.opening where event_id = :id and side = 'new' and field = 'sealed'"),
        {"id": event.id},
    )
    assert hashlib.sha256(bytes(salt.scalar_one()) + value.scalar_one().encode()).hexdigest() == told
    with acting("attorney"), pytest.raises(sa.exc.ProgrammingError):
        db.session.execute(sa.text("select salt from audit.opening"))


@pytest.fixture(scope="module")
def ids(app: Flask, world: World, settings: Settings) -> Ids:
    """A record of every kind."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        return plant(world, connection)


def leaves(answer: TestResponse, store: str) -> bool:
    """Whether the answer is a file, or the way to one in the store."""
    return "attachment" in answer.headers.get("Content-Disposition", "") or (answer.location or "").startswith(store)


def test_every_file_that_leaves_is_an_entry(
    app: Flask, ids: Ids, browser_of: Callable[[str], Browser], owner: sa.Connection, settings: Settings, world: World
) -> None:
    """The walk of the routes: whatever address answers with a file has logged an act, not only a change."""
    gone, silent = set(), []
    theirs = {"auditor": ("admin.",), "analyst": ("deidentified.",), "attorney": ("",)}
    for who, parts in theirs.items():
        browser = browser_of(who)
        for what in asks_of(app):
            if not what.endpoint.startswith(parts) or what.endpoint.startswith("access."):
                continue
            before = last_entry(owner)
            if not leaves(ask(browser, what, ids), settings.s3_browser_url):
                continue
            gone.add(what.endpoint)
            acts = {kind for kind, actor in kinds_since(owner, before) if actor == world.users[who]}
            if not acts - {"insert", "update", "delete", "refused"}:
                silent.append((what, acts))
    assert not silent
    assert {"evidence.download", "declarations.word"} <= gone
