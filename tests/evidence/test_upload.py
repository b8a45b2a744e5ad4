"""Receiving a file: the row first, the bytes to the store, and evidence only after it was read back."""

from __future__ import annotations

import hashlib
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake.errors import StoreUnavailable
from intake.evidence.leases import BeingRead
from intake.evidence.sealing import keep, seal
from intake.settings import Settings
from intake.storage import Part, Storage
from tests.browser import Browser
from tests.evidence.conftest import PHOTO, TWO_PARTS, Acting, Sender, custody, jobs_of, put, row
from tests.factories import an_account
from tests.world import World


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


def test_a_large_file_goes_on_where_it_stopped(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    key = str(uuid.uuid4())
    item = sender.start(TWO_PARTS, once_key=key).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    assert sender.complete(item).status_code == 409
    assert sender.state(item)["label"] == "Not whole yet"

    again = sender.start(TWO_PARTS, once_key=key).get_json()
    assert (again["id"], again["upload_id"]) == (item["id"], item["upload_id"])
    listed = sender.browser.send(item["sign_url"], {"action": "list"}).get_json()
    answer = sender.browser.get(listed["url"])
    assert answer.get_data(as_text=True).count("<PartNumber>") == 1
    sender.put_parts(item, TWO_PARTS, only={2})
    assert sender.complete(item, hashlib.sha256(TWO_PARTS).hexdigest()).status_code == 200
    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "sealed"
    assert row(owner, item).sha256 == hashlib.sha256(TWO_PARTS).hexdigest()


def test_the_store_refuses_a_part_with_one_wrong_byte(sender: Sender) -> None:
    item = sender.start(PHOTO).get_json()
    signed = sender.sign(item, 1, PHOTO).get_json()
    with pytest.raises(urllib.error.HTTPError) as refused:
        put(signed["url"], PHOTO[:-1] + b"!", signed["headers"])
    assert refused.value.code in {400, 403}
    assert sender.complete(item).status_code == 409


def test_a_file_that_is_not_what_the_device_read_is_never_sealed_and_stays_visible(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    key = str(uuid.uuid4())
    item = sender.start(PHOTO, once_key=key).get_json()
    sender.put_parts(item, PHOTO)
    sender.complete(item, "0" * 64)

    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "failed"

    assert row(owner, item).sealed_at is None
    assert custody(owner, item) == ["receiving", "received", "failed"]
    page = sender.browser.get(f"/evidence/{item['id']}").get_data(as_text=True)
    assert "Not received" in page
    assert "What arrived is not what the device read." in page
    assert "Download the original" not in page
    assert sender.browser.get(f"/evidence/{item['id']}/file").status_code == 409
    # The same file chosen again is a new item: the failed one does not stand in its way.
    assert sender.start(PHOTO, once_key=key).get_json()["id"] != item["id"]


def test_one_key_makes_one_item_even_from_two_starts_at_once(sender: Sender, owner: sa.Connection) -> None:
    key = str(uuid.uuid4())
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: sender.start(PHOTO, once_key=key), range(4)))
    assert [a.status_code for a in answers] == [201] * 4
    assert len({a.get_json()["upload_id"] for a in answers}) == 1
    assert custody(owner, answers[0].get_json()) == ["receiving"]


def test_one_key_with_another_file_is_refused(sender: Sender) -> None:
    key = str(uuid.uuid4())
    sender.start(PHOTO, once_key=key)
    assert sender.start(PHOTO + b"more", once_key=key).status_code == 409
    assert sender.start(PHOTO, "other.jpg", once_key=key).status_code == 409


def test_completing_twice_has_one_effect(sender: Sender, owner: sa.Connection) -> None:
    item = sender.send(PHOTO)
    assert sender.complete(item).status_code == 200
    assert custody(owner, item) == ["receiving", "received"]
    assert len(jobs_of(owner, item)) == 1


def test_a_lost_answer_to_complete_is_found_again(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.start(PHOTO).get_json()
    sender.put_parts(item, PHOTO)
    digest = owner.execute(
        sa.text("select sha256 from upload_part where item_id = :id"), {"id": item["id"]}
    ).scalar_one()
    [part] = store.list_parts(item["key"], item["upload_id"])
    version = store.complete_multipart(item["key"], item["upload_id"], [Part(1, part.etag, part.size, digest)])

    assert sender.complete(item).status_code == 200

    assert row(owner, item).version_id == version
    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "sealed"
    assert len(store.versions(item["key"])) == 1


def test_sealing_at_the_same_time_writes_one_verified_step(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)

    def try_to_seal(_turn: int) -> str:
        try:
            return seal(uuid.UUID(item["id"]), world.users["intake"], store)
        except BeingRead:
            return "busy"

    with ThreadPoolExecutor(4) as threads:
        states = set(threads.map(try_to_seal, range(4)))
    assert "sealed" in states
    assert states <= {"sealed", "busy"}
    assert custody(owner, item).count("verified") == 1


def test_nothing_is_signed_once_the_file_is_whole(sender: Sender) -> None:
    item = sender.send(PHOTO)
    assert sender.sign(item, 1, PHOTO).status_code == 409
    assert sender.browser.get(f"/evidence/{item['id']}/parts").status_code == 409
    assert sender.browser.send(item["abort_url"], {}).status_code == 409


def test_a_file_taken_off_the_list_can_be_sent_later(sender: Sender, store: Storage, owner: sa.Connection) -> None:
    key = str(uuid.uuid4())
    item = sender.start(PHOTO, once_key=key).get_json()
    assert sender.browser.send(item["abort_url"], {}).status_code == 204
    assert sender.browser.send(item["abort_url"], {}).status_code == 204
    assert sender.sign(item, 1, PHOTO).status_code == 409
    assert custody(owner, item) == ["receiving", "failed"]
    assert item["upload_id"] not in {upload for _key, upload, _at in store.list_multiparts("e/")}
    assert sender.start(PHOTO, once_key=key).get_json()["id"] != item["id"]


def test_the_same_photo_from_two_people_is_two_items(
    sender: Sender, acting: Acting, store: Storage, world: World
) -> None:
    with acting("intake"):
        other = an_account()
        second = Sender(sender.browser, str(other.incident_id), str(other.id))
    body = PHOTO + b"seen by two"
    items = [sender.send(body), second.send(body)]
    for item in items:
        seal(uuid.UUID(item["id"]), world.users["intake"], store)
    assert items[0]["key"] != items[1]["key"]
    page = sender.browser.get(f"/evidence/{items[0]['id']}").get_data(as_text=True)
    assert "The same file came more than once" in page
    assert "2 copies from 2 people" in page


def test_without_the_store_nothing_is_shown_as_done(
    sender: Sender, app: Flask, settings: Settings, world: World, owner: sa.Connection
) -> None:
    whole = sender.start(PHOTO).get_json()
    sender.put_parts(whole, PHOTO)
    good, down = app.extensions["storage"], Storage(settings.with_(s3_endpoint_url="http://127.0.0.1:9"))
    app.extensions["storage"] = down
    try:
        key = str(uuid.uuid4())
        assert sender.start(PHOTO, once_key=key).status_code == 503
        assert (
            owner.execute(sa.text("select count(*) from evidence_item where once_key = :k"), {"k": key}).scalar_one()
            == 0
        )
        assert sender.complete(whole).status_code == 503
        assert sender.state(whole)["state"] == "receiving"
    finally:
        app.extensions["storage"] = good
    assert sender.complete(whole).status_code == 200
    with pytest.raises(StoreUnavailable):
        seal(uuid.UUID(whole["id"]), world.users["intake"], down)
    assert row(owner, whole).state == "receiving"
    assert seal(uuid.UUID(whole["id"]), world.users["intake"], good) == "sealed"


@pytest.mark.parametrize(
    "values",
    [
        {"size": 0}, {"size": -1}, {"size": 60 * 2**30}, {"size": "10"}, {"size": True}, {"size": None},
        {"name": ""}, {"name": 5}, {"name": "a\x00b"}, {"name": "x" * 2000}, {"once_key": "no"}, {"once_key": 7},
        {"account_id": "no"}, {"type": ["image/png"]},
    ],
)  # fmt: skip
def test_a_start_that_makes_no_sense_is_refused_in_words(sender: Sender, values: dict[str, Any]) -> None:
    assert sender.start(PHOTO, **values).status_code == 422


@pytest.mark.parametrize("body", [[], "text", 5, None, {}])
def test_json_of_another_shape_is_refused(sender: Sender, body: object) -> None:
    item = sender.start(PHOTO).get_json()
    assert sender.browser.send(f"/incidents/{sender.incident}/evidence/start", body).status_code in {400, 415, 422}
    assert sender.browser.send(item["sign_url"], body).status_code in {400, 415, 422}


@pytest.mark.parametrize(
    ("number", "size", "digest"),
    [(0, 3, ""), (2, 3, ""), (-1, 3, ""), (1, 4, ""), (1, 0, ""), (1, 3, "AAAA"), (1, 3, "é"), (10**12, 3, "")],
)
def test_only_the_parts_of_this_file_are_signed(sender: Sender, number: int, size: int, digest: str) -> None:
    item = sender.start(b"abc").get_json()
    good = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="
    told = {"action": "part", "part_number": number, "size": size, "sha256": digest or good}
    assert sender.browser.send(item["sign_url"], told).status_code == 422


def test_an_account_of_another_incident_takes_no_file(sender: Sender, acting: Acting) -> None:
    with acting("intake"):
        other = str(an_account().id)
    assert sender.start(PHOTO, account_id=other).status_code == 404


def test_bytes_at_hand_take_the_same_steps(sender: Sender, store: Storage, world: World, owner: sa.Connection) -> None:
    place = (uuid.UUID(sender.incident), uuid.UUID(sender.account), world.users["intake"])
    ids = {keep(*place, filename="a.png", media_type="image/png", body=PHOTO, store=store) for _ in range(2)}
    assert len(ids) == 1
    assert custody(owner, {"id": ids.pop()}) == ["receiving", "received", "verified"]


def test_the_job_carries_identifiers_only(sender: Sender, owner: sa.Connection, world: World) -> None:
    item = sender.send(PHOTO, "Juan Pérez at the lot.jpg")
    assert jobs_of(owner, item) == [{"item_id": item["id"], "user_id": world.users["intake"]}]


def test_a_page_without_the_token_cannot_start_an_upload(sender: Sender) -> None:
    answer = sender.browser.client.post(f"/incidents/{sender.incident}/evidence/start", json={})
    assert answer.status_code == 400


def test_signing_out_ends_the_upload(sender: Sender, client: Browser) -> None:
    item = sender.start(PHOTO).get_json()
    client.get("/sign-in")
    assert client.send(item["sign_url"], {"action": "list"}).status_code == 401
    assert client.get(f"/evidence/{item['id']}/parts").status_code == 302
