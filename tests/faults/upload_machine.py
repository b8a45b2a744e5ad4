"""Any order of sending, losing, completing, sealing and reconciling: what is acknowledged is true and stays."""

from __future__ import annotations

import contextlib
import hashlib
import os
import uuid
from collections.abc import Callable
from typing import Any, ClassVar

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from intake.errors import TestigoError
from intake.evidence.reconcile import end_strays, finish_leftovers
from intake.evidence.sealing import seal
from intake.storage import Storage
from tests.evidence.conftest import Sender, custody, row
from tests.evidence.test_reconcile import NOW, gone
from tests.faults import proxy
from tests.faults.own_stores import COMMIT, JOIN, LOST, PUT, READ, OwnStores
from tests.faults.proxy import Fault

PART = 8 * 2**20
FAULTS: dict[str, tuple[str, Callable[[], Fault]]] = {
    "a part is cut": ("s3", lambda: proxy.cut_ask(PUT, at=2000)),
    "a part's answer is lost": ("s3", lambda: proxy.cut_answer(PUT)),
    "a bit of a part changes": ("s3", lambda: proxy.flip_ask(PUT, at=2000)),
    "complete's answer is lost": ("s3", lambda: proxy.cut_answer(JOIN)),
    "a bit changes while reading": ("s3", lambda: proxy.flip_answer(READ, at=3000)),
    "the store is down": ("s3", proxy.down),
    "a commit does not arrive": ("database", lambda: proxy.cut_ask(COMMIT)),
    "a commit's answer is lost": ("database", lambda: proxy.cut_answer(COMMIT)),
}
fault = st.none() | st.sampled_from(sorted(FAULTS))


class Uploads(RuleBasedStateMachine):
    """Files of one or two parts, each sent by somebody who may lose any answer."""

    sender: ClassVar[Sender]
    store: ClassVar[Storage]
    owner: ClassVar[sa.Connection]
    user: ClassVar[int]
    doors: ClassVar[OwnStores]
    fired: ClassVar[dict[str, int]] = {}

    files: Bundle[str] = Bundle("files")

    @initialize()
    def nothing_sent(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.acknowledged: set[str] = set()

    @contextlib.contextmanager
    def _with(self, name: str | None) -> Any:
        """Let that go wrong; what the sender sees of it is an error that they may answer by trying again."""
        if name is None:
            yield
            return
        door, made = FAULTS[name]
        with getattr(self.doors, door).fault(made()) as going_wrong, contextlib.suppress(TestigoError, *LOST):
            yield
        self.fired[name] = self.fired.get(name, 0) + going_wrong.fired

    @rule(target=files, size=st.sampled_from([5000, PART, PART + 5000]), wrong=fault)
    def start(self, size: int, wrong: str | None) -> str:
        key, body = str(uuid.uuid4()), os.urandom(size)
        self.bodies[key] = body
        with self._with(wrong):
            self.sender.start(body, once_key=key)
        return key

    def _item(self, key: str) -> dict[str, Any] | None:
        answer = self.sender.start(self.bodies[key], once_key=key)
        return answer.get_json() if answer.status_code == 201 else None

    @rule(key=files, numbers=st.sets(st.integers(1, 2), min_size=1), wrong=fault)
    def send(self, key: str, numbers: set[int], wrong: str | None) -> None:
        with self._with(wrong):
            item = self._item(key)
            if item and not item["received"]:
                self.sender.put_parts(item, self.bodies[key], numbers)

    @rule(key=files, device=st.booleans(), wrong=fault)
    def complete(self, key: str, device: bool, wrong: str | None) -> None:
        with self._with(wrong):
            if item := self._item(key):
                digest = hashlib.sha256(self.bodies[key]).hexdigest() if device else ""
                if self.sender.complete(item, digest).status_code == 200:
                    self.acknowledged.add(key)

    @rule(key=files, wrong=fault)
    def seal(self, key: str, wrong: str | None) -> None:
        item = self._item(key)
        if item and item["received"]:
            with self._with(wrong):
                seal(uuid.UUID(item["id"]), self.user, self.store)

    @rule(wrong=fault, abandoned=st.booleans())
    def reconcile(self, wrong: str | None, abandoned: bool) -> None:
        if abandoned:
            gone(self.owner)
        with self._with(wrong):
            finish_leftovers(self.store, quiet=NOW)
            end_strays(self.store)

    @invariant()
    def what_is_shown_as_done_is_true(self) -> None:
        for key, body in getattr(self, "bodies", {}).items():
            found = self.owner.execute(sa.text("select * from evidence_item where once_key = :k"), {"k": key}).all()
            assert len(found) <= 1
            for each in found:
                steps = custody(self.owner, {"id": str(each.id)})
                sealed = each.state == "sealed"
                assert steps.count("verified") == sealed
                assert steps.count("receiving") == 1
                assert steps.count("received") <= 1
                assert not sealed or each.sha256 == hashlib.sha256(body).hexdigest()
            assert found or key not in self.acknowledged

    def teardown(self) -> None:
        """Everybody sends again, without faults: then all of it is here."""
        for key, body in getattr(self, "bodies", {}).items():
            item = self._item(key)
            assert item
            if not item["received"]:
                self.sender.put_parts(item, body)
                assert self.sender.complete(item, hashlib.sha256(body).hexdigest()).status_code == 200
            assert seal(uuid.UUID(item["id"]), self.user, self.store) == "sealed"
            stored = row(self.owner, item)
            assert b"".join(self.store.open(stored.object_key, stored.version_id)) == body
            assert len(self.store.versions(stored.object_key)) == 1


def no_order_of_events_makes_it_lie(
    sender: Sender, store: Storage, owner: sa.Connection, user: int, doors: OwnStores
) -> None:
    """Try some orders, the same at each run, and prove that faults happened in them."""
    Uploads.sender, Uploads.store, Uploads.owner, Uploads.user, Uploads.doors = sender, store, owner, user, doors
    few = settings(
        max_examples=4, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
        database=None,
    )  # fmt: skip
    run_state_machine_as_test(Uploads, settings=few)
    assert sum(Uploads.fired.values()) >= 5, Uploads.fired
