"""The sequencer: folds new events into the tree and signs its head. One leads, any number stand by.

Every INTERVAL it takes what transactions queued in audit.pending, gives the events the next places, appends their
leaves and signs a checkpoint, all in one transaction: killed anywhere, it leaves no gap and nothing twice. An in-line
hash chain would make all writers wait for each other; here none waits.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from intake.audit.notes import BadNote, Checkpoint, Signer, VerifierKey, by, opened, signed
from intake.audit.tree import HASH_SIZE, Frontier

log = logging.getLogger("testigo.sequencer")
Row = tuple[Any, ...]

INTERVAL = 0.2  # seconds between looks at the queue
BATCH = 5000  # events folded in one transaction
STANDBY = 0.5  # seconds between tries to become the leader
LEADER = 7372  # the advisory lock of the one that leads
TILE_BITS = 8  # every 2^8 leaves a subtree's hash is kept


class LogDamaged(RuntimeError):
    """What the database holds of the tree does not fit the newest signed checkpoint: nothing more is signed on it."""


class Sequencer:
    """Folds as long as its connection holds the leader's lock.

    conninfo: the database as role testigo_sequencer; signer: the log's key, whose name is the log's origin; before:
    keys under which the tree grew up to now, when it goes on under a new origin.
    """

    def __init__(
        self, conninfo: str, signer: Signer, *, batch: int = BATCH, before: Sequence[VerifierKey] = ()
    ) -> None:
        self.conninfo, self.signer, self.batch, self.before = conninfo, signer, batch, before
        self.origin = signer.verifier.name
        self._connection: psycopg.Connection[Row] | None = None
        self._frontier = Frontier()

    def lead(self) -> bool:
        """Try to become the leader and load the tree. Raises LogDamaged when the tree does not fit its head."""
        connection = psycopg.connect(self.conninfo, application_name="testigo sequencer")
        held = connection.execute("select pg_try_advisory_lock(%s)", (LEADER,)).fetchone()
        if held != (True,):
            connection.close()
            return False
        try:
            self._frontier = self._load(connection)
        except BaseException:
            connection.close()
            raise
        connection.commit()
        self._connection = connection
        return True

    def step(self) -> int:
        """Fold what waits, at most one batch; return how many events. Raises psycopg.Error when the database ended."""
        connection = self._connection
        if connection is None:
            raise RuntimeError("Only the leader folds.")
        frontier = Frontier(self._frontier.size, self._frontier.hashes)
        with connection.transaction():
            taken = connection.execute(_TAKE, (self.batch,)).fetchall()
            if not taken:
                return 0
            leaves, tiles = [], []
            for event_id, leaf in taken:
                leaves.append((frontier.size, event_id, leaf))
                tiles += [t for t in frontier.append(bytes(leaf)) if t[0] % TILE_BITS == 0]
            self._keep(connection, leaves, tiles, frontier)
        self._frontier = frontier  # only now: a failed commit leaves the tree as it was
        return len(taken)

    def close(self) -> None:
        """Let go of the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _keep(
        self,
        connection: psycopg.Connection[Row],
        leaves: list[Row],
        tiles: list[tuple[int, int, bytes]],
        frontier: Frontier,
    ) -> None:
        with connection.cursor() as cursor:
            with cursor.copy("COPY audit.leaf (seq, event_id, leaf) FROM STDIN") as copy:
                for row in leaves:
                    copy.write_row(row)
            if tiles:
                with cursor.copy("COPY audit.tile (level, position, hash) FROM STDIN") as copy:
                    for tile in tiles:
                        copy.write_row(tile)
        head = Checkpoint(self.origin, frontier.size, frontier.root())
        connection.execute(
            "insert into audit.checkpoint (size, root, note, frontier) values (%s, %s, %s, %s)",
            (head.size, head.root, signed(head, self.signer), b"".join(frontier.hashes)),
        )

    def _load(self, connection: psycopg.Connection[Row]) -> Frontier:
        found = connection.execute(
            "select size, note, frontier from audit.checkpoint order by size desc limit 1"
        ).fetchone()
        last = connection.execute("select coalesce(max(seq) + 1, 0), count(*) from audit.leaf").fetchone()
        if found is None:
            if last != (0, 0):
                raise LogDamaged("There are leaves and no checkpoint.")
            return Frontier()
        size, note, packed = int(found[0]), str(found[1]), bytes(found[2])
        if last != (size, size):
            raise LogDamaged(f"The newest checkpoint counts {size} leaves; the database holds others.")
        frontier = Frontier(size, [packed[at : at + HASH_SIZE] for at in range(0, len(packed), HASH_SIZE)])
        try:
            head, text, signatures = opened(note)
            ours = by([self.signer.verifier, *self.before], text, signatures)
        except BadNote as wrong:
            raise LogDamaged("The newest checkpoint is not as we signed it.") from wrong
        if not ours or head != Checkpoint(ours[0][0].name, size, frontier.root()):
            raise LogDamaged("The newest checkpoint is of another key, or its tree is another.")
        return frontier


# In the order of their numbers; those of transactions that still run come when they committed.
_TAKE = """
WITH taken AS (DELETE FROM audit.pending WHERE event_id = ANY(ARRAY(
  SELECT event_id FROM audit.pending ORDER BY event_id LIMIT %s)) RETURNING event_id)
SELECT e.id, e.leaf FROM taken JOIN audit.event e ON e.id = taken.event_id ORDER BY e.id"""


def run(
    make: Callable[[], Sequencer], stop: threading.Event, *, leading: Callable[[threading.Event], None] | None = None
) -> None:
    """Lead or stand by until `stop` is set. A lost database is waited for; a damaged tree is said and looked at again.

    leading: what the leader does beside folding, in a thread of its own; its event is set when it leads no more.
    """
    while not stop.is_set():
        sequencer = make()
        try:
            if sequencer.lead():
                log.warning("leading at size %s", sequencer._frontier.size)  # noqa: SLF001
                _fold(sequencer, stop, leading)
        except psycopg.Error as lost:
            log.warning("the database is away: %s", type(lost).__name__)
        except LogDamaged as damaged:
            log.critical("THE LOG IS DAMAGED: %s Nothing is signed until it is restored.", damaged)
            stop.wait(10)
        finally:
            sequencer.close()
        stop.wait(STANDBY)


def _fold(sequencer: Sequencer, stop: threading.Event, leading: Callable[[threading.Event], None] | None) -> None:
    ended = threading.Event()
    beside = threading.Thread(target=leading, args=(ended,), name="anchors", daemon=True) if leading else None
    if beside:
        beside.start()
    try:
        while not stop.is_set():
            begun = time.monotonic()
            if sequencer.step() < sequencer.batch:
                stop.wait(max(0.0, INTERVAL - (time.monotonic() - begun)))
    finally:
        ended.set()
        if beside:
            beside.join(timeout=20)
