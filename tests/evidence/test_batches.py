"""Batches: every chosen file is in one count, and a batch is complete only when all are here with their hash."""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake.evidence.sealing import seal
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.conftest import PHOTO, TWO_PARTS, Acting, Sender
from tests.factories import an_account
from tests.world import World

FILES = [(f"IMG_{n:03d}.jpg", PHOTO + bytes([n])) for n in range(3)]


def state(sender: Sender, batch: dict[str, Any], numbers: str = "") -> dict[str, Any]:
    told: dict[str, Any] = sender.browser.get(f"{batch['state_url']}?numbers={numbers}").get_json()
    return told


def stored(owner: sa.Connection, batch: dict[str, Any]) -> Any:
    return owner.execute(sa.text("select * from evidence_batch where id = :id"), {"id": batch["id"]}).one()


def sends(sender: Sender, store: Storage, world: World, batch: dict[str, Any], only: set[int]) -> None:
    """Send and seal the files with these numbers (from 0)."""
    for at in only:
        name, body = FILES[at]
        item = sender.send(body, name, once_key=batch["keys"][at])
        assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "sealed"


def test_a_batch_is_complete_only_with_its_last_file(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    batch = sender.batch(FILES)
    sends(sender, store, world, batch, {0, 1})
    assert state(sender, batch)["words"] == "2 of 3 files received. 1 not sent yet"
    assert stored(owner, batch).completed_at is None
    item = sender.send(FILES[2][1], FILES[2][0], once_key=batch["keys"][2])
    assert state(sender, batch)["words"] == "2 of 3 files received. 1 being checked"
    assert not state(sender, batch)["complete"]
    seal(uuid.UUID(item["id"]), world.users["intake"], store)
    assert state(sender, batch)["words"] == "3 of 3 files received"
    assert state(sender, batch)["complete"]
    lines = "".join(f"{hashlib.sha256(body).hexdigest()}  {len(body)}  {name}\n" for name, body in FILES)
    assert stored(owner, batch).manifest_sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_a_file_is_said_to_be_received_only_with_its_hash(sender: Sender, store: Storage, world: World) -> None:
    batch = sender.batch(FILES)
    item = sender.send(FILES[0][1], FILES[0][0], once_key=batch["keys"][0])
    line = state(sender, batch, "1")["lines"][0]
    assert (line["label"], line["state"], line["sha256"]) == ("Being checked", "receiving", None)
    seal(uuid.UUID(item["id"]), world.users["intake"], store)
    line = state(sender, batch, "1")["lines"][0]
    assert (line["label"], line["sha256"]) == ("Unchanged since upload", hashlib.sha256(FILES[0][1]).hexdigest())


def test_a_file_with_another_hash_than_declared_keeps_the_batch_open(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    batch = sender.batch(FILES[:1])
    owner.execute(sa.text("update batch_file set sha256 = :h where batch_id = :id"), {"h": "0" * 64, "id": batch["id"]})
    sends(sender, store, world, batch, {0})
    assert state(sender, batch)["words"] == "0 of 1 files received. 1 not received"
    assert not state(sender, batch)["complete"]


def test_the_list_of_what_failed_names_each_file_and_why(sender: Sender, store: Storage, world: World) -> None:
    files = [("=cmd|'/c calc'!A1.jpg", PHOTO), ("empty.txt", b""), ("ok.jpg", PHOTO), ("never.mov", TWO_PARTS)]
    batch = sender.batch(files)
    bad = sender.start(PHOTO, files[0][0], once_key=batch["keys"][0]).get_json()
    sender.put_parts(bad, PHOTO)
    sender.complete(bad, "0" * 64)
    seal(uuid.UUID(bad["id"]), world.users["intake"], store)
    good = sender.send(PHOTO, "ok.jpg", once_key=batch["keys"][2])
    seal(uuid.UUID(good["id"]), world.users["intake"], store)

    assert state(sender, batch)["words"] == "1 of 4 files received. 2 not received, 1 not sent yet"
    answer = sender.browser.get(f"/batches/{batch['id']}/not-received.csv")
    rows = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row[1] for row in rows[1:]] == ["'=cmd|'/c calc'!A1.jpg", "empty.txt", "never.mov"]
    assert [row[4] for row in rows[1:]] == ["Not received", "Not received", "Not sent yet"]
    assert rows[2][5] == "The file is empty."
    page = sender.browser.get(f"/batches/{batch['id']}").get_data(as_text=True)
    assert "1 of 4 files received. 2 not received, 1 not sent yet" in page
    assert "What arrived is not what the device read." in page


def test_a_failed_file_sent_again_makes_the_batch_whole(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    batch = sender.batch(FILES[:1])
    first = sender.start(FILES[0][1], FILES[0][0], once_key=batch["keys"][0]).get_json()
    sender.put_parts(first, FILES[0][1])
    sender.complete(first, "0" * 64)
    seal(uuid.UUID(first["id"]), world.users["intake"], store)
    sends(sender, store, world, batch, {0})
    assert stored(owner, batch).completed_at is not None


def test_files_of_one_batch_chosen_again_in_another_complete_both(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    first, second = sender.batch(FILES), sender.batch(FILES[1:])
    lines = [
        {"number": n, "name": FILES[n][0], "path": "", "size": len(FILES[n][1]), "once_key": first["keys"][n]}
        for n in (1, 2)
    ]
    sends(sender, store, world, first, {0, 1})
    third = sender.batch(FILES[1:2])
    owner.execute(sa.text("delete from batch_file where batch_id = any(:ids)"), {"ids": [second["id"], third["id"]]})
    assert sender.browser.send(second["files_url"], {"files": lines}).status_code == 204
    assert state(sender, second)["words"] == "1 of 2 files received. 1 not sent yet"
    sends(sender, store, world, first, {2})
    assert all(stored(owner, batch).completed_at for batch in (first, second))


def test_the_same_choice_is_the_same_batch_and_another_choice_with_its_key_is_refused(sender: Sender) -> None:
    key = str(uuid.uuid4())
    assert sender.batch(FILES, once_key=key)["id"] == sender.batch(FILES, once_key=key)["id"]
    told = {"files": 2, "size": 5, "once_key": key, "account_id": sender.account}
    assert sender.browser.send(f"/incidents/{sender.incident}/batches", told).status_code == 409


@pytest.mark.parametrize(
    "values",
    [{"files": 0}, {"files": 10**6}, {"files": "3"}, {"size": -1}, {"size": 10**30}, {"once_key": "x"}],
    ids=["none", "too many", "text", "negative", "huge", "no key"],
)
def test_a_batch_that_makes_no_sense_is_refused(sender: Sender, values: dict[str, Any]) -> None:
    told = {"files": 1, "size": 1, "once_key": str(uuid.uuid4()), "account_id": sender.account} | values
    assert sender.browser.send(f"/incidents/{sender.incident}/batches", told).status_code == 422


@pytest.mark.parametrize(
    "values",
    [
        {"number": 0},
        {"number": 2},
        {"number": True},
        {"name": ""},
        {"path": "x" * 5000},
        {"sha256": "x"},
        {"size": "1"},
    ],
    ids=["zero", "beyond", "true", "nameless", "long path", "no hash", "text"],
)
def test_a_line_that_makes_no_sense_is_refused(sender: Sender, values: dict[str, Any]) -> None:
    batch = sender.batch(FILES[:1])
    line = {"number": 1, "name": "a", "path": "", "size": 1, "once_key": str(uuid.uuid4())} | values
    assert sender.browser.send(batch["files_url"], {"files": [line]}).status_code == 422


def test_a_batch_of_somebody_else_is_not_there(sender: Sender, as_stranger: Browser, acting: Acting) -> None:
    batch = sender.batch(FILES[:1])
    for address in (batch["state_url"], f"/batches/{batch['id']}", f"/batches/{batch['id']}/not-received.csv"):
        assert as_stranger.get(address).status_code == 404
    assert as_stranger.send(batch["files_url"], {"files": []}).status_code == 404
    with acting("stranger"):
        theirs = an_account()
        place = f"/incidents/{theirs.incident_id}/batches"
    told = {"files": 1, "size": 1, "once_key": str(uuid.uuid4()), "account_id": sender.account}
    assert as_stranger.send(place, told).status_code == 404


def test_a_full_quota_is_said_before_a_byte_is_sent(sender: Sender, app: Flask, world: World) -> None:
    good: Storage = app.extensions["storage"]
    for field, code in (("quota_user_gb", "quota_user"), ("quota_organisation_gb", "quota_organisation")):
        app.extensions["storage"] = Storage(good.settings.with_(**{field: 1}))
        try:
            told = {"files": 1, "size": 2 * 10**9, "once_key": str(uuid.uuid4()), "account_id": sender.account}
            answer = sender.browser.send(f"/incidents/{sender.incident}/batches", told)
            assert (answer.status_code, answer.get_json()["fields"]) == (413, {"size": code})
            big = sender.start(PHOTO, size=2 * 10**9)
            assert (big.status_code, big.get_json()["error"]) == (413, "QuotaReached")
            assert sender.start(PHOTO).status_code == 201
        finally:
            app.extensions["storage"] = good


def test_a_thousand_files_are_declared_listed_in_pages_and_counted(sender: Sender) -> None:
    told = {"files": 1000, "size": 1000, "once_key": str(uuid.uuid4()), "account_id": sender.account}
    batch = sender.browser.send(f"/incidents/{sender.incident}/batches", told).get_json()
    for at in range(0, 1000, 250):
        lines = [
            {"number": n, "name": f"{n}.jpg", "path": f"DCIM/{n}.jpg", "size": 1, "once_key": str(uuid.uuid4())}
            for n in range(at + 1, at + 251)
        ]
        assert sender.browser.send(batch["files_url"], {"files": lines}).status_code == 204
    assert state(sender, batch)["words"] == "0 of 1000 files received. 1000 not sent yet"
    page = sender.browser.get(f"/batches/{batch['id']}?page=10").get_data(as_text=True)
    assert "1000.jpg" in page
    assert "Page 10 of 10" in page
    assert sender.browser.get(f"/batches/{batch['id']}?page=x").status_code == 422
