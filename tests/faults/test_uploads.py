"""The fault matrix of uploads, on real stores behind doors that go wrong; every test proves that its fault happened.

After the fault, the same file sent again and the reconciler: nothing acknowledged is missing, nothing that was not is
shown as done, and no step stands twice in a custody list. Killed web, worker, database and store as a whole are in
test_kill.py, a worker killed while it reads in evidence/test_worker.py, a closed browser in pages/test_uploader.py.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import NoResultFound

from intake.errors import DatabaseUnavailable, StoreUnavailable, TestigoError
from intake.evidence.reconcile import compare, finish_leftovers
from intake.evidence.sealing import seal
from intake.settings import Settings
from intake.storage import Storage
from tests.evidence.conftest import Sender, account, custody, row, sender, store  # noqa: F401  (fixtures)
from tests.evidence.test_reconcile import NOW, gone
from tests.faults import proxy
from tests.faults.own_stores import COMMIT, JOIN, LOST, PUT, READ, OwnStores, own_stores
from tests.faults.proxy import Fault
from tests.faults.upload_machine import no_order_of_events_makes_it_lie
from tests.world import World

DEVICE = ["the device hashed it", "only its parts were hashed"]


@pytest.fixture(scope="module")
def house() -> Iterator[OwnStores]:
    """Stores of this module's own."""
    with own_stores() as stores:
        yield stores


@pytest.fixture(scope="module")
def settings(house: OwnStores) -> Settings:
    """Everything of the program goes through the doors."""
    return house.settings


@contextlib.contextmanager
def _past_the_doors(house: OwnStores) -> Iterator[sa.Connection]:
    engine = sa.create_engine(house.direct.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield connection


@pytest.fixture
def owner(house: OwnStores) -> Iterator[sa.Connection]:
    """What is really stored, past the doors."""
    with _past_the_doors(house) as connection:
        yield connection


@dataclass
class Scene:
    """One file that nobody sent before, and who sends it to which stores."""

    house: OwnStores
    sender: Sender
    store: Storage
    user: int
    owner: sa.Connection
    key: str = field(default_factory=lambda: str(uuid.uuid4()))
    body: bytes = field(default_factory=lambda: os.urandom(8 * 2**20 + 4000))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def start(self) -> dict[str, Any]:
        item: dict[str, Any] = self.sender.start(self.body, once_key=self.key).get_json()
        assert "part_size" in item, item
        return item

    def send(self, only: set[int] | None = None) -> dict[str, Any]:
        """Send everything but the end."""
        item = self.start()
        self.sender.put_parts(item, self.body, only)
        return item

    def seal(self, item: dict[str, Any]) -> str:
        return seal(uuid.UUID(item["id"]), self.user, self.store)

    def is_not_done(self, item: dict[str, Any]) -> None:
        """Nobody is told that this file is here."""
        told = self.sender.state(item)
        assert (told["state"], told["sha256"]) == ("receiving", None)
        assert "verified" not in custody(self.owner, item)

    def ends_well(self) -> None:
        """Send the same file again, reconcile, and look: sealed, with the file's very bytes, each step once."""
        item = self.start()
        if not item["received"]:
            self.sender.put_parts(item, self.body)
            assert self.sender.complete(item, self.sha256).status_code == 200
        with _past_the_doors(self.house) as owner:
            gone(owner)
            finish_leftovers(self.store, quiet=NOW)
            self.is_whole(item, owner)

    def is_whole(self, item: dict[str, Any], owner: sa.Connection) -> None:
        stored = row(owner, item)
        assert (stored.state, stored.sha256) == ("sealed", self.sha256)
        assert b"".join(self.store.open(stored.object_key, stored.version_id)) == self.body
        steps = custody(owner, item)
        assert [steps.count(step) for step in ("receiving", "received", "verified")] == [1, 1, 1]
        assert item["key"] not in compare(self.store)["unknown_versions"]  # type: ignore[operator]


@pytest.fixture
def scene(house: OwnStores, sender: Sender, store: Storage, world: World, owner: sa.Connection) -> Scene:  # noqa: F811
    """A file, an interviewer, and stores that work so far."""
    return Scene(house, sender, store, world.users["intake"], owner)


def test_the_store_down_while_sending(scene: Scene) -> None:
    item = scene.send(only={1})
    with scene.house.s3.fault(proxy.down()) as fault:
        with pytest.raises(LOST):
            scene.sender.put_parts(item, scene.body, only={2})
        assert scene.sender.complete(item).status_code == 503
        assert scene.sender.start(scene.body, once_key=str(uuid.uuid4())).status_code == 503
    assert fault.fired >= 3
    scene.is_not_done(item)
    scene.ends_well()


FAULTS_WHILE_SENDING = [
    pytest.param(lambda: proxy.cut_ask(PUT, at=2_000_000), id="cut in the middle of a part"),
    pytest.param(lambda: proxy.cut_answer(PUT), id="answer to a part lost"),
    pytest.param(lambda: proxy.flip_ask(PUT, at=2_000_000), id="one bit changed on its way"),
]


@pytest.mark.parametrize("going_wrong", FAULTS_WHILE_SENDING)
def test_a_part_that_does_not_arrive_as_it_was_sent(scene: Scene, going_wrong: Callable[[], Fault]) -> None:
    item = scene.start()
    with scene.house.s3.fault(going_wrong()) as fault, pytest.raises(LOST):
        scene.sender.put_parts(item, scene.body)
    assert fault.fired == 1
    assert scene.sender.complete(item).status_code == 409
    scene.is_not_done(item)
    scene.ends_well()


def test_a_slow_line_only_takes_longer(scene: Scene) -> None:
    with scene.house.s3.fault(proxy.slow(0.002)) as fault:
        scene.send()
    assert fault.fired > 50
    scene.ends_well()


def test_the_answer_to_complete_lost(scene: Scene) -> None:
    item = scene.send()
    with scene.house.s3.fault(proxy.cut_answer(JOIN)) as fault:
        answer = scene.sender.complete(item, scene.sha256)
    assert fault.fired == 1
    assert answer.status_code in {200, 503}
    scene.ends_well()
    assert len(scene.store.versions(item["key"])) == 1


@pytest.mark.parametrize("device", [True, False], ids=DEVICE)
def test_one_bit_changed_while_reading_back_is_read_again(scene: Scene, device: bool) -> None:
    item = scene.send()
    scene.sender.complete(item, scene.sha256 if device else "")
    with scene.house.s3.fault(proxy.flip_answer(READ, at=3_000_000)) as fault:
        assert scene.seal(item) == "sealed"
    assert fault.fired == 1
    scene.is_whole(item, scene.owner)


@pytest.mark.parametrize("device", [True, False], ids=DEVICE)
def test_bytes_that_always_come_back_changed_are_never_sealed_and_kept(scene: Scene, device: bool) -> None:
    item = scene.send()
    scene.sender.complete(item, scene.sha256 if device else "")
    with scene.house.s3.fault(proxy.flip_answer(READ, at=3_000_000, once=False)) as fault:
        assert scene.seal(item) == "failed"
    assert fault.fired >= 2
    assert "verified" not in custody(scene.owner, item)
    assert item["key"] in compare(scene.store)["corrupt_versions"]  # type: ignore[operator]
    scene.ends_well()


def test_one_byte_changed_at_rest_is_never_sealed(scene: Scene) -> None:
    item = scene.send()
    scene.sender.complete(item, scene.sha256)
    piece = scene.body[5_000_000:5_000_064]
    with damaged(scene.house, piece), contextlib.suppress(StoreUnavailable):
        assert scene.seal(item) == "failed"
    assert "verified" not in custody(scene.owner, item)
    # Where the store itself refuses to give damaged bytes out, the item waits; with whole ones it is sealed.
    scene.ends_well()


@contextlib.contextmanager
def damaged(house: OwnStores, piece: bytes) -> Iterator[None]:
    """Change one byte of `piece` where the store keeps it on its disk."""
    for path in house.data_files():
        if (at := path.read_bytes().find(piece)) >= 0:
            break
    else:
        pytest.fail("the store's disk does not have these bytes")

    def write(byte: int) -> None:
        with path.open("r+b") as disk:
            disk.seek(at)
            disk.write(bytes([byte]))

    write(piece[0] ^ 1)
    try:
        yield
    finally:
        write(piece[0])


def test_the_stores_disk_full(scene: Scene) -> None:
    item = scene.start()
    with scene.house.full(room=1_000_000), pytest.raises(LOST) as refused:
        scene.sender.put_parts(item, scene.body)
    assert getattr(refused.value, "code", 500) >= 500
    assert scene.sender.complete(item).status_code == 409
    scene.is_not_done(item)
    scene.ends_well()


@pytest.mark.parametrize("step", ["start", "complete"])
def test_the_answer_to_a_commit_lost(scene: Scene, step: str) -> None:
    item = scene.send() if step == "complete" else {}

    def ask() -> int:
        said = scene.sender.complete(item, scene.sha256) if item else scene.sender.start(scene.body, once_key=scene.key)
        return int(said.status_code)

    with scene.house.database.fault(proxy.cut_answer(COMMIT)) as fault:
        assert ask() == 503
    assert fault.fired == 1
    assert ask() in {200, 201}
    scene.ends_well()


@pytest.mark.parametrize("step", ["start", "complete"])
def test_the_database_killed_and_started_again_at_commit(scene: Scene, step: str) -> None:
    item = scene.send() if step == "complete" else {}
    going_wrong = proxy.cut_ask(COMMIT)
    going_wrong.then = scene.house.kill_postgres
    before = scene.house.postgres.pid()
    with scene.house.database.fault(going_wrong) as fault:
        said = scene.sender.complete(item) if item else scene.sender.start(scene.body, once_key=scene.key)
        assert said.status_code == 503
    assert fault.fired == 1
    scene.house.postgres.ensure()
    assert scene.house.postgres.pid() not in {None, before}
    scene.ends_well()


@pytest.mark.parametrize("lose", [proxy.cut_ask, proxy.cut_answer], ids=["before it", "after it"])
def test_the_database_lost_at_the_commit_that_seals(scene: Scene, lose: Callable[[bytes], Fault]) -> None:
    item = scene.send()
    scene.sender.complete(item, scene.sha256)
    with scene.house.database.fault(lose(b"verified.*COMMIT")) as fault, pytest.raises(DatabaseUnavailable):
        scene.seal(item)
    assert fault.fired == 1
    scene.ends_well()


def test_the_right_taken_away_in_the_middle(scene: Scene) -> None:
    acknowledged = scene.send()
    assert scene.sender.complete(acknowledged).status_code == 200
    other = Scene(scene.house, scene.sender, scene.store, scene.user, scene.owner)
    item = other.send(only={1})
    active = sa.text("update app_user set active = :active where id = :id")
    scene.owner.execute(active, {"active": False, "id": scene.user})
    try:
        assert scene.sender.sign(item, 2, other.body[8 * 2**20 :]).status_code == 401
        assert scene.sender.complete(item).status_code == 401
        with pytest.raises((NoResultFound, TestigoError)):
            scene.seal(acknowledged)
        assert not {"verified"} & {*custody(scene.owner, item), *custody(scene.owner, acknowledged)}
        # What was acknowledged is not lost: the supervising attorney's right finishes it.
        gone(scene.owner)
        assert finish_leftovers(scene.store, quiet=NOW)["sealed_late"] == 1
    finally:
        scene.owner.execute(active, {"active": True, "id": scene.user})
    scene.is_whole(acknowledged, scene.owner)
    other.ends_well()


def test_no_order_of_events_makes_an_upload_lie(scene: Scene) -> None:
    no_order_of_events_makes_it_lie(scene.sender, scene.store, scene.owner, scene.user, scene.house)
