"""A sender that does what the page's script does: start, sign, PUT to the store, complete."""

from __future__ import annotations

import base64
import hashlib
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import storage as stores
from intake.access.actor import Actor
from intake.storage import Storage
from tests.browser import Browser
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]
PHOTO = b"\xff\xd8\xff" + bytes(range(256)) * 40
TWO_PARTS = bytes(8 * 2**20) + b"the second part"


def row(owner: sa.Connection, item: dict[str, Any]) -> Any:
    """Return the item's row as it is stored."""
    return owner.execute(sa.text("select * from evidence_item where id = :id"), {"id": item["id"]}).one()


def custody(owner: sa.Connection, item: dict[str, Any]) -> list[str]:
    """Return the kinds of the item's custody steps, in order."""
    rows = owner.execute(sa.text("select kind from custody_event where item_id = :id order by id"), {"id": item["id"]})
    return list(rows.scalars())


def jobs_of(owner: sa.Connection, item: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of the jobs queued for an item."""
    found = "select args from jobs.procrastinate_jobs where args ->> 'item_id' = :id order by id"
    return list(owner.execute(sa.text(found), {"id": item["id"]}).scalars())


@pytest.fixture
def store(app: Flask) -> Storage:
    """The store as the program reaches it; jobs run by tests use the same one."""
    store: Storage = app.extensions["storage"]
    stores.use(store)
    return store


@pytest.fixture
def account(acting: Acting) -> tuple[str, str]:
    """Return (incident id, account id) of an intake that the intake worker opened."""
    with acting("intake"):
        made = an_account()
        return str(made.incident_id), str(made.id)


@dataclass
class Sender:
    """Sends files to one account in a signed-in browser."""

    browser: Browser
    incident: str
    account: str | None

    def start(self, body: bytes, name: str = "lot.jpg", **values: Any) -> Any:
        told = {
            "name": name,
            "size": len(body),
            "type": "image/jpeg",
            "last_modified": 0,
            "once_key": str(uuid.uuid4()),
            "account_id": self.account,
            **values,
        }
        return self.browser.send(f"/incidents/{self.incident}/evidence/start", told)

    def batch(self, files: list[tuple[str, bytes]], **values: Any) -> dict[str, Any]:
        """Declare files as a page does; the answer has each file's once key as `keys`."""
        told = {
            "files": len(files),
            "size": sum(len(body) for _name, body in files),
            "once_key": str(uuid.uuid4()),
            "account_id": self.account,
            **values,
        }
        batch: dict[str, Any] = self.browser.send(f"/incidents/{self.incident}/batches", told).get_json()
        batch["keys"] = [str(uuid.uuid4()) for _ in files]
        lines = [
            {"number": number, "name": name, "path": "", "size": len(body), "once_key": key}
            for number, ((name, body), key) in enumerate(zip(files, batch["keys"], strict=True), start=1)
        ]
        assert self.browser.send(batch["files_url"], {"files": lines}).status_code == 204
        return batch

    def put_parts(self, item: dict[str, Any], body: bytes, only: set[int] | None = None) -> None:
        size = item["part_size"]
        for number, at in enumerate(range(0, len(body), size), start=1):
            if only is None or number in only:
                part = body[at : at + size]
                signed = self.sign(item, number, part).get_json()
                put(signed["url"], part, signed["headers"])

    def sign(self, item: dict[str, Any], number: int, part: bytes) -> Any:
        digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
        return self.browser.send(
            item["sign_url"], {"action": "part", "part_number": number, "size": len(part), "sha256": digest}
        )

    def complete(self, item: dict[str, Any], sha256: str = "") -> Any:
        headers = {"X-CSRFToken": self.browser.token, "Accept": "application/json", "X-Device-Sha256": sha256}
        return self.browser.client.post(
            item["complete_url"], data=b"<CompleteMultipartUpload/>", headers=headers, content_type="application/xml"
        )

    def send(self, body: bytes, name: str = "lot.jpg", **values: Any) -> dict[str, Any]:
        item: dict[str, Any] = self.start(body, name, **values).get_json()
        self.put_parts(item, body)
        assert self.complete(item, hashlib.sha256(body).hexdigest()).status_code == 200
        return item

    def state(self, item: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.browser.get(item["state_url"]).get_json()
        return answer


def put(url: str, body: bytes, headers: dict[str, str]) -> None:
    """PUT as a browser does; raises urllib.error.HTTPError when the store refuses."""
    request = urllib.request.Request(url, data=body, method="PUT", headers=headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


@pytest.fixture
def sender(as_intake: Browser, account: tuple[str, str], store: Storage) -> Sender:
    """The intake worker, sending to the account they took."""
    return Sender(as_intake, *account)
