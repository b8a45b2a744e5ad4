"""Files kept and worked on as the worker does it, without the queue."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import storage as stores
from intake.access.actor import Actor
from intake.evidence import sealing
from intake.media import derive, reading, sandbox, scanner, scans
from intake.settings import Settings
from intake.storage import Storage
from tests.factories import an_account
from tests.media.signatures import write_signatures
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@dataclass
class Desk:
    """The worker's desk: keeps, scans and works on files as the intake worker of the world."""

    store: Storage
    by: scanner.Scanner
    user_id: int
    incident: uuid.UUID
    account: uuid.UUID
    owner: sa.Connection

    def keep(self, body: bytes, name: str = "file", kind: str = "application/octet-stream") -> uuid.UUID:
        return sealing.keep(
            self.incident, self.account, self.user_id, filename=name, media_type=kind, body=body, store=self.store
        )

    def scan(self, item: uuid.UUID) -> str:
        return scans.scan(item, self.user_id, self.store, self.by)

    def work(self, body: bytes, name: str = "file", *, all_of_it: bool = False) -> uuid.UUID:
        """Keep, scan and work on a file, and return its item's id."""
        item = self.keep(body, name)
        self.scan(item)
        derive.derive(item, self.user_id, self.store)
        if all_of_it:
            derive.proxy(item, self.user_id, self.store)
            reading.read(item, self.user_id, self.store)
        return item

    def row(self, item: uuid.UUID) -> Any:
        return self.owner.execute(sa.text("select * from evidence_item where id = :id"), {"id": item}).one()

    def made(self, item: uuid.UUID) -> dict[tuple[str, int], Any]:
        rows = self.owner.execute(sa.text("select * from derivative where item_id = :id"), {"id": item})
        return {(row.kind, row.number): row for row in rows}

    def custody(self, item: uuid.UUID, kind: str) -> list[dict[str, Any]]:
        found = "select detail from custody_event where item_id = :id and kind = :kind order by id"
        return list(self.owner.execute(sa.text(found), {"id": item, "kind": kind}).scalars())

    def original(self, item: uuid.UUID) -> bytes:
        row = self.row(item)
        return b"".join(self.store.open(row.object_key, row.version_id))

    def object(self, made: Any) -> bytes:
        return b"".join(self.store.open(made.object_key, bucket=self.store.exports_bucket))

    def with_signatures(self, folder: Path) -> Desk:
        return replace(self, by=replace(self.by, folder=folder))


@pytest.fixture
def desk(app: Flask, settings: Settings, acting: Acting, world: World, owner: sa.Connection) -> Desk:
    store: Storage = app.extensions["storage"]
    stores.use(store)
    by = scanner.Scanner.of(settings)
    scanner.use(by)
    write_signatures(by.folder)
    with acting("intake"):
        account = an_account()
        incident, account_id = account.incident_id, account.id
    return Desk(store, by, world.users["intake"], incident, account_id, owner)


@pytest.fixture
def jail() -> sandbox.Jail:
    with sandbox.borrowed() as jail:
        jail.start()
        return jail
