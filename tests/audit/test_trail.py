"""The log that triggers write."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager

import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.audit.trail import record
from intake.people.vault import seal_identity
from tests.factories import an_account, an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


def test_a_change_is_logged_with_its_actor_fields_and_a_leaf_that_recomputes(
    acting: Acting, world: World, owner: sa.Connection
) -> None:
    with acting("intake"):
        incident = an_incident(title="first")
        incident_id = str(incident.id)
    with acting("intake"):
        db.session.execute(sa.text("update incident set title = 'second' where id = :id"), {"id": incident_id})
    event = owner.execute(
        sa.text("select * from audit.event where record_id = :id and kind = 'update' order by id desc limit 1"),
        {"id": incident_id},
    ).one()
    assert event.actor_id == world.users["intake"]
    assert "title" in event.fields
    assert json.loads(event.payload)["old"]["title"] == "first"
    salted = hashlib.sha256(bytes(event.salt) + event.payload.encode()).digest()
    assert bytes(event.leaf) == hashlib.sha256(b"\x00" + salted).digest()


def test_a_bulk_update_in_raw_sql_leaves_one_event_for_each_row(acting: Acting, owner: sa.Connection) -> None:
    with acting("intake"):
        ids = [str(an_incident().id) for _ in range(3)]
        db.session.flush()
        db.session.execute(
            sa.text("update incident set stage = 'SG1' where id = any(cast(:ids as uuid[]))"), {"ids": ids}
        )
    count = (
        "select count(*) from audit.event where record_id = any(:ids) and kind = 'update' and fields @> array['stage']"
    )
    assert owner.execute(sa.text(count), {"ids": ids}).scalar_one() == 3


def test_what_was_rolled_back_is_not_in_the_log(acting: Acting, owner: sa.Connection) -> None:
    before = owner.execute(sa.text("select count(*) from audit.event")).scalar_one()
    try:
        with acting("intake"):
            an_incident()
            raise KeyError("on purpose")
    except KeyError:
        pass
    assert owner.execute(sa.text("select count(*) from audit.event")).scalar_one() == before


def test_sealed_values_never_enter_the_log(acting: Acting, owner: sa.Connection) -> None:
    with acting("intake"):
        account = an_account()
        from intake.people.models import Person  # noqa: PLC0415

        person = db.session.get_one(Person, account.person_id)
        seal_identity(person, {"legal_name": "Canario Sellado"})
        ciphertext = str(db.session.execute(sa.text("select 1")).scalar_one())
    assert ciphertext
    payloads = owner.execute(sa.text("select payload from audit.event where subject = 'identity'")).scalars().all()
    assert payloads
    assert all("commitment" in payload and "Canario" not in payload for payload in payloads)


def test_an_act_is_logged_without_a_row_change(acting: Acting, owner: sa.Connection) -> None:
    with acting("attorney"):
        record("download", subject="evidence_item", record_id="x", size=3)
    event = owner.execute(sa.text("select * from audit.event where kind = 'download'")).one()
    assert json.loads(event.payload)["detail"] == {"size": 3}
    pending = owner.execute(sa.text("select 1 from audit.pending where event_id = :id"), {"id": event.id}).scalar()
    assert pending == 1
