"""Fixity: everything is read again in turn; one flipped byte is said, never repaired, and bars what rests on it."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import custody_commands, db
from intake.errors import StoreUnavailable
from intake.evidence import fixity
from intake.local.object_store import LocalObjectStore
from intake.settings import Settings
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.kept import flip_on_disk, sealed
from tests.stores import STATE
from tests.world import World

PHOTO = os.urandom(5000)


@dataclass
class Own:
    """A store whose disk the test may touch."""

    server: LocalObjectStore
    store: Storage


@pytest.fixture(scope="module")
def own(settings: Settings) -> Iterator[Own]:
    """A SeaweedFS of this module's own."""
    folder = STATE.parent / f"trial-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True, mode=0o711)
    server = LocalObjectStore(folder, "evidence", "exports")
    access = server.ensure([])
    reached = settings.with_(
        s3_endpoint_url=access.endpoint_url, s3_access_key=access.access_key, s3_secret_key=access.secret_key
    )
    yield Own(server, Storage(reached))
    server.stop()
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def _only_this_tests_items(owner: sa.Connection, app: Flask) -> None:
    owner.execute(sa.text("set session_replication_role = replica"))
    owner.execute(sa.text("delete from custody_event"))
    owner.execute(sa.text("delete from evidence_item"))
    owner.execute(sa.text("delete from notice"))
    owner.execute(sa.text("set session_replication_role = origin"))


def row(owner: sa.Connection, item_id: uuid.UUID) -> Any:
    return owner.execute(
        sa.text("select sha256, checked_at, check_ok, state from evidence_item where id = :id"), {"id": item_id}
    ).one()


def place(owner: sa.Connection, item_id: uuid.UUID) -> tuple[str, str]:
    found = owner.execute(
        sa.text("select object_key, version_id from evidence_item where id = :id"), {"id": item_id}
    ).one()
    return found[0], found[1]


def checks(owner: sa.Connection, item_id: uuid.UUID) -> list[bool]:
    found = "select (detail ->> 'same')::bool from custody_event where item_id = :id and kind = 'checked' order by id"
    return list(owner.execute(sa.text(found), {"id": item_id}).scalars())


def test_everything_is_read_again_and_the_longest_unread_comes_first(
    world: World, own: Own, owner: sa.Connection
) -> None:
    first, second, third = sealed(world.users["intake"], own.store, PHOTO, b"second", b"third")
    owner.execute(
        sa.text("update evidence_item set checked_at = checked_at - interval '9 days' where id = :id"), {"id": third}
    )
    assert fixity.check_in_turn(own.store, older=dt.timedelta(days=7)).checked == 1
    assert [checks(owner, each) for each in (first, second, third)] == [[], [], [True]]
    report = fixity.check_in_turn(own.store)
    assert (report.checked, report.differing, report.finished) == (3, (), True)
    assert report.bytes_read == len(PHOTO) + 6 + 5
    by = sa.text("select distinct by_id from custody_event where kind = 'checked'")
    assert owner.execute(by).scalars().all() == [None]


def test_one_flipped_bit_in_the_store_is_said_and_nothing_is_repaired(
    world: World, own: Own, owner: sa.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    body = os.urandom(5000)
    good, bad = sealed(world.users["intake"], own.store, os.urandom(4000), body)
    before = row(owner, bad)
    flip_on_disk(own.server.weed.data, body, 2500)
    with caplog.at_level(logging.ERROR, "testigo.evidence"):
        report = fixity.check_in_turn(own.store)
    assert report.differing == (bad,)
    assert str(bad) in caplog.text
    after = row(owner, bad)
    assert after[0] == before[0]
    assert (after[2], after[3]) == (False, "sealed")
    assert (checks(owner, bad), checks(owner, good)) == ([False], [True])
    told = owner.execute(sa.text("select user_id from notice where code = 'fixity.differs'")).scalars().all()
    assert set(told) == {world.users["attorney"], world.users["admin"]}
    event = sa.text("select compartment_id from audit.event where kind = 'fixity_alarm' and record_id = :id")
    assert owner.execute(event, {"id": str(bad)}).scalars().all() == [world.compartment]


def test_the_alarm_sounds_once_and_the_red_mark_stays(
    world: World, own: Own, owner: sa.Connection, as_attorney: Browser
) -> None:
    body = os.urandom(3000)
    (bad,) = sealed(world.users["intake"], own.store, body)
    flip_on_disk(own.server.weed.data, body, 100)
    for _ in range(2):
        assert fixity.check_in_turn(own.store).differing == (bad,)
    assert (
        owner.execute(
            sa.text("select count(*) from notice where user_id = :u"), {"u": world.users["attorney"]}
        ).scalar_one()
        == 1
    )
    assert "A stored file is not what was sealed." in as_attorney.get("/").get_data(as_text=True)
    assert "Differs from the first copy" in as_attorney.get(f"/evidence/{bad}").get_data(as_text=True)
    assert as_attorney.get(f"/evidence/{bad}/file").status_code == 409
    with db.transaction():
        assert fixity.state().differing == 1


def test_a_block_that_the_store_refuses_to_give_out_is_a_difference_and_no_outage(
    world: World, own: Own, owner: sa.Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    body = os.urandom(2000)
    good, bad = sealed(world.users["intake"], own.store, b"readable", body)
    flip_on_disk(own.server.weed.data, body, 700, as_if_whole=False)
    monkeypatch.setattr(fixity, "_PAUSES", ())
    assert fixity.check_in_turn(own.store).differing == (bad,)
    assert "the store refused GetObject" in caplog.text  # its own checksum found the fault
    assert (row(owner, good)[2], row(owner, bad)[2]) == (True, False)


def test_a_version_that_is_gone_differs(world: World, own: Own, owner: sa.Connection) -> None:
    (item,) = sealed(world.users["intake"], own.store, b"will be gone")
    key, version = place(owner, item)
    own.server._as("setup").delete_object(Bucket="evidence", Key=key, VersionId=version, BypassGovernanceRetention=True)
    assert fixity.check_in_turn(own.store).differing == (item,)


def test_a_store_that_is_down_is_no_difference(
    world: World, own: Own, owner: sa.Connection, settings: Settings
) -> None:
    (item,) = sealed(world.users["intake"], own.store, b"still there")
    nowhere = Storage(own.store.settings.with_(s3_endpoint_url="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailable):
        fixity.check_in_turn(nowhere)
    assert row(owner, item)[2] is True
    assert checks(owner, item) == []


def test_the_rate_is_kept_and_a_slice_of_the_night_ends(world: World, own: Own) -> None:
    sealed(world.users["intake"], own.store, *(os.urandom(400_000) for _ in range(4)))
    begun = time.monotonic()
    assert fixity.check_in_turn(own.store, rate=2_000_000).checked == 4
    assert time.monotonic() - begun > 0.2  # 1.6 MB at 2 MB/s, with half a second read ahead; never faster
    report = fixity.check_in_turn(own.store, longest=dt.timedelta(0))
    assert (report.checked, report.finished) == (0, False)


def test_the_database_refuses_another_hash_for_a_sealed_item(world: World, own: Own, owner: sa.Connection) -> None:
    (item,) = sealed(world.users["intake"], own.store, b"as it was")
    for change in (
        "sha256 = repeat('0', 64)",
        "version_id = 'x'",
        "object_key = 'x'",
        "size = 1",
        "state = 'receiving'",
    ):
        with pytest.raises(sa.exc.DBAPIError, match="a sealed item does not change"):
            owner.execute(sa.text(f"update evidence_item set {change} where id = :id"), {"id": item})


def test_the_function_reports_what_was_read_and_nothing_else(world: World, own: Own, owner: sa.Connection) -> None:
    (item,) = sealed(world.users["intake"], own.store, b"as it was")
    with db.transaction():
        assert not fixity.compare(item, "0" * 64, 9)
    assert row(owner, item)[2] is False


def test_the_command_reads_everything_and_fails_while_anything_differs(
    world: World, own: Own, owner: sa.Connection, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = os.urandom(900)
    (item,) = sealed(world.users["intake"], own.store, body)
    reached = own.store.settings
    monkeypatch.setattr("intake.local.services.ensure_all", lambda settings: settings)
    options = type("Options", (), {"days": 0.0, "rate": 0.0})()
    assert custody_commands.run(reached, options) == 0
    assert "read again: 1 files" in capsys.readouterr().out
    flip_on_disk(own.server.weed.data, body, 4)
    assert custody_commands.run(reached, options) == 1
    assert f"DIFFERS {item}" in capsys.readouterr().out
