"""Fixity: every stored original is read again in turn and its hash compared with the one it was sealed with.

Nothing here writes a hash: the database compares what was read with its own (custody_sql.py), and a difference is
said, never repaired (PREMIS: fixity check).
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db, storage
from intake.access import notices
from intake.audit.trail import record
from intake.errors import NotThere, StoreUnavailable
from intake.jobs import tasks
from intake.storage import Storage

log = logging.getLogger("testigo.evidence")

NIGHTLY = dt.timedelta(minutes=8)  # one slice of the night; the next follows two minutes later
_PAGE, _TOGETHER = 256, 16  # items taken at a time; results written down in one transaction, while reading goes on
_AT_ONCE = 2  # files read at the same time: the store answers one while the other is hashed
_PAUSES = (2.0,)  # seconds before an object that cannot be read is tried again
_BURST = 0.5  # seconds of the rate that may be read ahead


@dataclass
class Report:
    """What one run found. bytes_read: bytes; differing: items whose bytes are not what was sealed."""

    checked: int = 0
    bytes_read: int = 0
    differing: tuple[uuid.UUID, ...] = ()
    finished: bool = True


@dataclass(frozen=True)
class State:
    """How the whole store stands: items held, items that differ, the oldest check. Counts only, of all compartments."""

    held: int
    differing: int
    oldest: dt.datetime | None


@tasks.periodic(cron="*/10 8-13 * * *", periodic_id="fixity")
@tasks.task(name="reread_in_turn", queueing_lock="reread_in_turn", lock="reread_in_turn")
def reread_in_turn(timestamp: int) -> None:  # noqa: ARG001
    """Go on with the nightly re-reading, midnight to six in California: the longest unread first, slice by slice."""
    store = storage.current()
    settings = store.settings
    rate, days = settings.fixity_mb_per_second, settings.fixity_every_days
    check_in_turn(store, older=dt.timedelta(days=days), rate=rate * 1_000_000, longest=NIGHTLY)


def check_in_turn(
    store: Storage,
    *,
    older: dt.timedelta = dt.timedelta(0),
    rate: float = 0,
    longest: dt.timedelta | None = None,
    tell: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Read again what was not read for `older`, the longest unread first, each item once.

    rate: bytes a second, 0 for no limit; longest: no new file is begun after it; tell: hears of every page done.
    Raises StoreUnavailable: what was read until then is written down.
    """
    report, begun = Report(), time.monotonic()
    limit = _Limit(rate)
    before = _ago(older)
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        while due := _due(before):
            page = [readers.submit(_read, row, store, limit, begun, longest) for row in due]
            _write(page, report)
            tell(report)
            if not report.finished:
                break
    return report


def reread(
    store: Storage, key: str, version_id: str, begin: Callable[[], Callable[[bytes], None]] | None = None
) -> tuple[str, int]:
    """Read a version and return its SHA-256 (hex) and bytes; ('', 0) for what is gone or can no longer be read.

    A store that keeps checksums of its own refuses to give out a block that rotted. So an object that cannot be read,
    time and again, while the store answers, is a difference and no outage. begin: called for each try, returns what
    is given the pieces as they come. Raises StoreUnavailable for an outage.
    """
    for pause in (*_PAUSES, None):
        try:
            return store.hash_stored(key, version_id, also=begin() if begin else None, once=True)
        except NotThere:
            break
        except StoreUnavailable:
            store.ping()
            if pause is not None:
                time.sleep(pause)
    return "", 0


def state() -> State:
    """Return how the store stands, in its own transaction-bound query."""
    return State(*db.session.execute(sa.text("select held, differing, oldest from access.fixity_state()")).one())


@dataclass(frozen=True)
class _Read:
    item_id: uuid.UUID
    sha256: str
    size: int


class _Limit:
    """A token bucket shared by the readers: bytes a second."""

    def __init__(self, rate: float) -> None:
        self.rate, self.next = rate, time.monotonic()

    def __call__(self, chunk: bytes) -> None:
        if not self.rate:
            return
        # Two readers may race here; each then waits a little too short once, which a rate can bear.
        now = time.monotonic()
        self.next = max(self.next, now - _BURST) + len(chunk) / self.rate
        if self.next > now:
            time.sleep(self.next - now)


def _ago(older: dt.timedelta) -> dt.datetime:
    # By the clock that stamps the checks; it stands still during a run, so that no item comes twice.
    with db.transaction():
        asked = sa.text("select clock_timestamp() - cast(:older as interval)")
        return db.session.execute(asked, {"older": older}).scalar_one()  # type: ignore[no-any-return]


def _due(before: dt.datetime) -> list[sa.Row[tuple[uuid.UUID, str, str]]]:
    with db.transaction():
        return list(
            db.session.execute(
                sa.text(
                    "select item_id, object_key, version_id from access.fixity_due(clock_timestamp() - :before, :most)"
                ),
                {"before": before, "most": _PAGE},
            )
        )


def _read(
    row: sa.Row[tuple[uuid.UUID, str, str]], store: Storage, limit: _Limit, begun: float, longest: dt.timedelta | None
) -> _Read | None:
    if longest is not None and time.monotonic() - begun > longest.total_seconds():
        return None
    return _Read(row.item_id, *reread(store, row.object_key, row.version_id, lambda: limit))


def _write(page: list[Future[_Read | None]], report: Report) -> None:
    """Write results down as they come. Raises StoreUnavailable after everything that was read is written."""
    failure = None
    for start in range(0, len(page), _TOGETHER):
        read = []
        for future in page[start : start + _TOGETHER]:
            try:
                found = future.result()
            except StoreUnavailable as silence:
                failure = silence
                continue
            if found is None:
                report.finished = False
            else:
                read.append(found)
        with db.transaction():
            differing = [found.item_id for found in read if not compare(found.item_id, found.sha256, found.size)]
        report.checked += len(read)
        report.bytes_read += sum(found.size for found in read)
        report.differing += tuple(differing)
    if failure:
        raise failure


def compare(item_id: uuid.UUID, sha256: str, size: int) -> bool:
    """Write down what was read of an item, whoever acts; returns whether it is what was sealed. size: bytes.

    The first difference is an alarm: a notice to attorneys and administrators, an event of the log.
    """
    answer = db.session.execute(
        sa.text("select same, same_before, compartment_id from access.fixity_found(:item, :sha256, :size)"),
        {"item": item_id, "sha256": sha256, "size": size},
    ).one_or_none()
    if answer is None or answer.same:  # none: destroyed by order while it was read
        return True
    if answer.same_before:
        record("fixity_alarm", subject="evidence_item", record_id=str(item_id), compartment_id=answer.compartment_id)
        notices.alert(answer.compartment_id, "fixity.differs", str(item_id))
        log.error("fixity: a stored file differs from what was sealed: %s", item_id)
    return False
