"""The reconciler: what was left is finished or failed, whoever still sends is not touched, differences are named."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid

import pytest
import sqlalchemy as sa

from intake.evidence.leases import BeingRead, reading
from intake.evidence.reconcile import ABANDONED, QUIET, compare, end_strays, finish_leftovers, reconcile
from intake.evidence.sealing import check_fixity, seal
from intake.storage import Storage
from tests.evidence.conftest import PHOTO, TWO_PARTS, Sender, custody, row
from tests.world import World

NOW = dt.timedelta(0)


@pytest.fixture(autouse=True)
def _nothing_left(owner: sa.Connection) -> None:
    owner.execute(sa.text("update evidence_item set state = 'failed' where state = 'receiving'"))


def gone(owner: sa.Connection) -> None:
    """Let every sender's lease be over, as it is twenty minutes after they left."""
    owner.execute(sa.text("update upload_lease set until = clock_timestamp() - interval '1 second'"))


def past_guards(owner: sa.Connection, statement: str, **values: object) -> None:
    """Change a row as no program can, past the triggers that keep sealed items as they are."""
    owner.execute(sa.text("set session_replication_role = replica"))
    owner.execute(sa.text(statement), values)
    owner.execute(sa.text("set session_replication_role = origin"))


def test_an_upload_that_is_still_being_sent_is_not_touched(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    nothing = {"sealed_late": 0, "failed": 0, "waiting": 0}
    assert finish_leftovers(store, quiet=NOW, abandoned=NOW) == nothing
    gone(owner)
    assert finish_leftovers(store, quiet=QUIET, abandoned=NOW) == nothing
    assert sender.sign(item, 2, TWO_PARTS[8 * 2**20 :]).status_code == 200


def test_a_quiet_upload_that_can_still_go_on_waits(sender: Sender, store: Storage, owner: sa.Connection) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS, only={1})
    gone(owner)
    assert finish_leftovers(store, quiet=NOW, abandoned=ABANDONED)["waiting"] == 1
    sender.put_parts(item, TWO_PARTS, only={2})
    assert sender.complete(item).status_code == 200


def test_parts_that_all_arrived_are_joined_and_sealed_late(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    item = sender.start(TWO_PARTS).get_json()
    sender.put_parts(item, TWO_PARTS)
    gone(owner)
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
    gone(owner)
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
    past_guards(owner, "update evidence_item set object_key = :k where id = :id", k=lost, id=missing["id"])

    report = compare(store)

    assert {orphan, missing["key"]} <= set(report["objects_without_rows"])  # type: ignore[arg-type]
    assert report["rows_without_objects"] == [lost]
    assert report["unknown_versions"] == [doubled["key"]]
    assert whole["key"] not in report["objects_without_rows"]  # type: ignore[operator]
    assert store.versions(orphan)


def test_bytes_that_were_refused_are_kept_and_known_for_what_they_are(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.start(PHOTO).get_json()
    sender.put_parts(item, PHOTO)
    sender.complete(item, "0" * 64)
    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "failed"

    report = compare(store)

    assert item["key"] in report["corrupt_versions"]  # type: ignore[operator]
    assert item["key"] not in report["unknown_versions"]  # type: ignore[operator]
    kept = owner.execute(sa.text("select * from rejected_version where item_id = :id"), {"id": item["id"]}).one()
    assert (kept.version_id, kept.why, kept.size) == (
        store.versions(item["key"])[0].version_id,
        "hash_differs",
        len(PHOTO),
    )


def test_an_upload_that_no_row_knows_is_ended_and_those_of_rows_are_not(
    sender: Sender, store: Storage, owner: sa.Connection
) -> None:
    awaited = sender.start(TWO_PARTS).get_json()
    stray = store.create_multipart(f"e/{secrets.token_hex(16)}", "image/jpeg")
    assert end_strays(store) == 0
    assert end_strays(store, older=dt.timedelta(seconds=-5)) >= 1
    begun = {upload for _key, upload, _at in store.list_multiparts("e/")}
    assert stray not in begun
    assert awaited["upload_id"] in begun


def test_a_page_that_is_paused_keeps_its_uploads(sender: Sender, store: Storage, owner: sa.Connection) -> None:
    batch = sender.batch([("a.mp4", TWO_PARTS)])
    item = sender.start(TWO_PARTS, "a.mp4", once_key=batch["keys"][0]).get_json()
    gone(owner)
    assert sender.browser.send(batch["keep_url"], {}).status_code == 204
    assert finish_leftovers(store, quiet=NOW, abandoned=NOW) == {"sealed_late": 0, "failed": 0, "waiting": 0}
    assert row(owner, item).state == "receiving"


def test_an_item_that_is_being_read_is_read_by_nobody_else(
    sender: Sender, store: Storage, world: World, owner: sa.Connection
) -> None:
    item = sender.send(PHOTO)
    with reading(uuid.UUID(item["id"])), pytest.raises(BeingRead):
        seal(uuid.UUID(item["id"]), world.users["intake"], store)
    with reading(uuid.UUID(item["id"])):
        assert finish_leftovers(store, quiet=NOW)["waiting"] == 1
    assert seal(uuid.UUID(item["id"]), world.users["intake"], store) == "sealed"


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
    past_guards(owner, "update evidence_item set version_id = :v where id = :id", v=changed, id=item["id"])

    assert not check_fixity(uuid.UUID(item["id"]), world.users["intake"], store)

    assert sender.state(item)["label"] == "Differs from the first copy, see history"
    assert sender.browser.get(f"/evidence/{item['id']}/file").status_code == 409
    assert sender.browser.get(f"/evidence/{item['id']}/media").status_code == 409
