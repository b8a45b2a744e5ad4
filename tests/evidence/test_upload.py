"""Receiving a file: the row first, the bytes to the store, and evidence only after it was read back."""

from __future__ import annotations

import hashlib
import urllib.error
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import sqlalchemy as sa

from intake.access.actor import Actor
from intake.evidence.sealing import seal
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.conftest import Sender, put
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40
TWO_PARTS = bytes(8 * 2**20) + b"the second part"


def row(owner: sa.Connection, item: dict[str, Any]) -> Any:
    return owner.execute(sa.text("select * from evidence_item where id = :id"), {"id": item["id"]}).one()


def custody(owner: sa.Connection, item: dict[str, Any]) -> list[str]:
    rows = owner.execute(sa.text("select kind from custody_event where item_id = :id order by id"), {"id": item["id"]})
    return list(rows.scalars())


def test_a_photo_is_evidence_only_after_it_was_read_back(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    assert sender.state(item)["state"] == "receiving"
    assert sender.state(item)["label"] == "Being checked"

    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "sealed"

    told = sender.state(item)
    assert (told["state"], told["label"]) == ("sealed", "Unchanged since upload")
    assert told["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert custody(owner, item) == ["receiving", "received", "verified"]
    stored = row(owner, item)
    assert b"".join(store.open(stored.object_key, stored.version_id)) == PHOTO
