"""The newest head goes outside: to witnesses, to timestamp authorities, and under the store's lock.

Each place is tried on its own; one that is down costs the others nothing, and writes go on. What it missed it gets
with the next head, which proves that it continues all before. Since when a place fails stands in audit.post.
"""

from __future__ import annotations

import base64
import datetime as dt
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from intake.audit.identity import Outside
from intake.audit.notes import BadNote, Checkpoint, signed_at
from intake.audit.stored import StoredTree
from intake.audit.timestamps import Authority, TimestampAway
from intake.audit.tree import consistency_path
from intake.audit.witnesses import Witness, WitnessAway, WitnessRefused, cosignature, request_body
from intake.errors import NotThere, StoreUnavailable
from intake.storage import Storage

log = logging.getLogger("testigo.sequencer")
# A witness folder on a full disk or with a damaged file, a tile that is gone: one place's trouble, said and alarmed.
_BROKEN = (BadNote, OSError, LookupError)
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Head:
    """A checkpoint as it is stored: what it says and its signed note."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True)
class Anchors:
    """Sends heads as role testigo_sequencer. storage: None where no store keeps checkpoints."""

    conninfo: str
    origin: str
    outside: Outside
    storage: Storage | None = None

    def run(self, ended: threading.Event) -> None:
        """Send every `outside.every` seconds until `ended`."""
        while not ended.wait(self.outside.every):
            try:
                self.send()
            except psycopg.Error as lost:
                log.warning("heads wait, the database is away: %s", type(lost).__name__)

    def send(self) -> list[str]:
        """Send the newest head to each place that lacks it; return what failed, in words."""
        troubles = []
        with psycopg.connect(self.conninfo, autocommit=True, application_name="testigo anchors") as connection:
            head = newest(connection, self.origin)
            if head is None:
                return []
            for kind, name, send in self._places(connection, head):
                if self._has(connection, head, kind, name):
                    continue
                trouble = self._try(connection, head, kind, name, send)
                if trouble:
                    troubles.append(f"{kind} {name}: {trouble}")
                    log.warning("%s %s did not take the head: %s", kind, name, trouble)
        return troubles

    def _places(
        self, connection: psycopg.Connection[Row], head: Head
    ) -> Iterator[tuple[str, str, Callable[[], tuple[bytes, dt.datetime]]]]:
        for witness in self.outside.witnesses:
            yield "witness", witness.key.name, lambda w=witness: self._witness(connection, head, w)  # type: ignore[misc]
        for authority in self.outside.authorities:
            yield "timestamp", authority.name, lambda a=authority: _stamp(head, a)  # type: ignore[misc]
        if self.storage is not None:
            yield "store", self.storage.settings.s3_checkpoints_bucket, lambda: self._store(head)

    def _has(self, connection: psycopg.Connection[Row], head: Head, kind: str, name: str) -> bool:
        found = connection.execute(
            "select 1 from audit.anchor where size = %s and kind = %s and name = %s", (head.checkpoint.size, kind, name)
        )
        return found.fetchone() is not None

    def _try(
        self,
        connection: psycopg.Connection[Row],
        head: Head,
        kind: str,
        name: str,
        send: Callable[[], tuple[bytes, dt.datetime]],
    ) -> str:
        try:
            content, at = send()
        except (WitnessRefused, WitnessAway, TimestampAway, StoreUnavailable, NotThere, *_BROKEN) as failure:
            trouble = str(failure) or type(failure).__name__
            connection.execute(_FAILED, (kind, name, trouble))
            return trouble
        with connection.transaction():
            connection.execute(
                "insert into audit.anchor (size, kind, name, content, at) values (%s, %s, %s, %s, %s)"
                " on conflict do nothing",
                (head.checkpoint.size, kind, name, content, at),
            )
            connection.execute(_TAKEN, (kind, name, head.checkpoint.size))
        return ""

    def _witness(self, connection: psycopg.Connection[Row], head: Head, witness: Witness) -> tuple[bytes, dt.datetime]:
        had = connection.execute(
            "select size from audit.post where kind = 'witness' and name = %s", (witness.key.name,)
        ).fetchone()
        old = int(had[0]) if had else 0
        try:
            answer = witness.add(self._request(connection, old, head))
        except WitnessRefused as refusal:
            # It names the size it has: after a restored copy of ours, or at first, that is another than we remember.
            said = refusal.body.strip()
            if refusal.status != 409 or not said.isdigit() or int(said) == old or int(said) > head.checkpoint.size:  # noqa: PLR2004
                raise
            answer = witness.add(self._request(connection, int(said), head))
        found = cosignature(witness, head.checkpoint, answer)
        return found.line.encode(), dt.datetime.fromtimestamp(signed_at(found), dt.UTC)

    def _request(self, connection: psycopg.Connection[Row], old: int, head: Head) -> str:
        size = head.checkpoint.size
        proof = consistency_path(old, size, StoredTree(connection).node) if 0 < old < size else []
        return request_body(old, proof, head.note)

    def _store(self, head: Head) -> tuple[bytes, dt.datetime]:
        if self.storage is None:
            raise StoreUnavailable
        now = dt.datetime.now(dt.UTC)
        bucket = self.storage.settings.s3_checkpoints_bucket
        key = f"{base64.urlsafe_b64encode(self.origin.encode()).decode()}/{head.checkpoint.size:020d}"
        version = self.storage.put_object(bucket, key, head.note.encode(), "text/plain; charset=utf-8")
        until = now + dt.timedelta(days=self.outside.retain_days)
        self.storage.retain(key, version, until, bucket=bucket)
        return f"{key} {version}".encode(), now


def newest(connection: psycopg.Connection[Row], origin: str) -> Head | None:
    """Return the newest head, or None while the log is empty."""
    found = connection.execute("select size, root, note from audit.checkpoint order by size desc limit 1").fetchone()
    if found is None:
        return None
    return Head(Checkpoint(origin, int(found[0]), bytes(found[1])), found[2])


def _stamp(head: Head, authority: Authority) -> tuple[bytes, dt.datetime]:
    return authority.stamp(head.checkpoint.text)


_FAILED = """insert into audit.post as p (kind, name, failing_since, trouble) values (%s, %s, clock_timestamp(), %s)
on conflict (kind, name) do update set trouble = excluded.trouble,
failing_since = coalesce(p.failing_since, excluded.failing_since)"""
_TAKEN = """insert into audit.post (kind, name, size) values (%s, %s, %s)
on conflict (kind, name) do update set size = excluded.size, failing_since = null, trouble = ''"""
