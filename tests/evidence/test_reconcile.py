"""The reconciler: what was left is finished or failed, whoever still sends is not touched, differences are named."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

import pytest
import sqlalchemy as sa

from intake.evidence.reconcile import ABANDONED, QUIET, compare, finish_leftovers, reconcile
from intake.evidence.sealing import check_fixity, seal
from intake.storage import Storage
from tests.evidence.conftest import PHOTO, TWO_PARTS, Sender, custody, row
from tests.world import World

NOW = dt.timedelta(0)


@pytest.fixture(autouse=True)
def _nothing_left(owner: sa.Connection) -> None:
    owner.execute(sa.text("update evidence_item set state = 'failed' where state = 'receiving'"))


def test_an_upload_that_is_still_being_sent_is_not_touched(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    assert finish_leftovers(store, quiet=QUIET, abandoned=NOW) == {"sealed_late": 0, "failed": 0, "waiting": 0}
    assert sender.sign(item, 2, TWO_PARTS[8 * 2**20 :]).status_code == 200


def test_a_quiet_upload_that_can_still_go_on_waits(sender: Sender, store: Storage) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    assert finish_leftovers(store, quiet=NOW, abandoned=ABANDONED)["waiting"] == 1
    sender.put_parts(item, TWO_PARTS, only={2})
    assert sender.complete(item).status_code == 200


def test_parts_that_all_arrived_are_joined_and_sealed_late(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS)
    assert reconcile(store, quiet=NOW)["sealed_late"] == 1
    assert row(owner, item).state == "sealed"
    assert custody(owner, item) == ["receiving", "received", "verified"]


def test_a_received_file_whose_job_was_lost_is_sealed_late(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    owner.execute(sa.text("set search_path = public, jobs"))
    owner.execute(sa.text("delete from procrastinate_jobs"))
    assert finish_leftovers(store, quiet=NOW)["sealed_late"] == 1
    assert finish_leftovers(store, quiet=NOW)["sealed_late"] == 0
    assert custody(owner, item).count("verified") == 1


def test_an_abandoned_upload_fails_and_its_parts_are_freed(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    assert finish_leftovers(store, quiet=NOW, abandoned=NOW)["failed"] == 1
    assert row(owner, item).failure == "stopped"
    assert item["upload_id"] not in {upload for _key, upload, _at in store.list_multiparts("e/")}
    assert sender.sign(item, 2, TWO_PARTS[8 * 2**20 :]).status_code == 409


def test_when_the_uploader_left_the_supervising_attorney_finishes_and_without_one_it_waits(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    active = sa.text("update app_user set active = :active where id = any(:ids)")
    intake, attorney = world.users["intake"], world.users["attorney"]
    try:
        owner.execute(active, {"active": False, "ids": [intake, attorney]})
        assert finish_leftovers(store, quiet=NOW) == {"sealed_late": 0, "failed": 0, "waiting": 1}
        owner.execute(active, {"active": True, "ids": [attorney]})
        assert finish_leftovers(store, quiet=NOW)["sealed_late"] == 1
    finally:
        owner.execute(active, {"active": True, "ids": [intake, attorney]})
    by = sa.text("select by_id from custody_event where item_id = :id and kind = 'verified'")
    assert owner.execute(by, {"id": item["id"]}).scalar_one() == attorney


def test_differences_between_rows_and_objects_are_named_and_nothing_is_deleted(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    whole, missing, doubled = (sender.send(PHOTO) for _ in range(3))
    for item in (whole, missing, doubled):
        seal(uuid.UUID(item["id"]), world.users["intake"], store)
    orphan = f"e/{secrets.token_hex(16)}"
    store.put_object(store.bucket, orphan, b"bytes without a row")
    store.put_object(store.bucket, doubled["key"], b"a second version")
    lost = f"e/{secrets.token_hex(16)}"
    owner.execute(sa.text("update evidence_item set object_key = :k where id = :id"), {"k": lost, "id": missing["id"]})

    report = compare(store)

    assert {orphan, missing["key"]} <= set(report["objects_without_rows"])  # type: ignore[arg-type]
    assert report["rows_without_objects"] == [lost]
    assert report["unknown_versions"] == [doubled["key"]]
    assert whole["key"] not in report["objects_without_rows"]  # type: ignore[operator]
    assert store.versions(orphan)


def test_a_later_check_reads_the_sealed_version_not_a_newer_one(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    seal(uuid.UUID(item["id"]), world.users["intake"], store)
    store.put_object(store.bucket, item["key"], b"something else under the same key")
    assert check_fixity(uuid.UUID(item["id"]), world.users["intake"], store)
    assert custody(owner, item)[-1] == "checked"


def test_bytes_that_changed_are_said_to_differ_and_are_not_handed_out(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    seal(uuid.UUID(item["id"]), world.users["intake"], store)
    changed = store.put_object(store.bucket, item["key"], PHOTO[:-1] + b"!")
    owner.execute(sa.text("update evidence_item set version_id = :v where id = :id"), {"v": changed, "id": item["id"]})

    assert not check_fixity(uuid.UUID(item["id"]), world.users["intake"], store)

    assert sender.state(item)["label"] == "Differs from the first copy, see history"
    assert sender.browser.get(f"/evidence/{item['id']}/file").status_code == 409
    assert sender.browser.get(f"/evidence/{item['id']}/media").status_code == 409
