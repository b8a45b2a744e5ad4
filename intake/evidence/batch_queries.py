"""Batches counted and listed: every file of the manifest is in exactly one count."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.evidence.batch_models import BatchFile, EvidenceBatch
from intake.evidence.models import EvidenceItem

PAGE = 100
_PIECE = 1000
_SAME = sa.or_(BatchFile.sha256.is_(None), BatchFile.sha256 == EvidenceItem.sha256)
# Where a file is. The order matters: the first that holds is the answer.
PLACE = sa.case(
    (BatchFile.failure != "", "failed"),
    (EvidenceItem.id.is_(None), "waiting"),
    (sa.and_(EvidenceItem.state == "sealed", _SAME), "received"),
    (sa.and_(EvidenceItem.state.in_(("quarantined", "destroyed")), EvidenceItem.sha256.is_not(None), _SAME), "held"),
    (EvidenceItem.state != "receiving", "failed"),
    (EvidenceItem.version_id.is_not(None), "checking"),
    else_="sending",
)


@dataclass(frozen=True)
class Counts:
    """How many of a batch's files are where. received: sealed, with their hash; waiting: not begun; all add up."""

    files: int
    received: int = 0
    held: int = 0
    checking: int = 0
    sending: int = 0
    failed: int = 0
    waiting: int = 0
    size: int = 0

    @property
    def whole(self) -> bool:
        """Every file is here and hashed."""
        return self.received + self.held == self.files

    @property
    def ended(self) -> bool:
        """Nothing is on its way any more: what is not here has failed."""
        return self.received + self.held + self.failed == self.files


@dataclass(frozen=True)
class FileLine:
    """One line of a manifest and how it stands. why: the code of its failure."""

    number: int
    filename: str
    path: str
    size: int
    place: str
    why: str
    item: EvidenceItem | None


def counts(batch: EvidenceBatch) -> Counts:
    """Count the batch's files. Lines that were never declared are waiting too."""
    found = db.session.execute(
        sa.select(PLACE.label("place"), sa.func.count().label("n"))
        .select_from(BatchFile)
        .join(EvidenceItem, EvidenceItem.id == BatchFile.item_id, isouter=True)
        .where(BatchFile.batch_id == batch.id)
        .group_by("place")
    )
    at = {place: int(n) for place, n in found}
    rest = batch.files - sum(n for place, n in at.items() if place != "waiting")
    return Counts(batch.files, **(at | {"waiting": rest}), size=batch.size)


def lines(batch: EvidenceBatch, *, numbers: Sequence[int] | None = None, page: int = 0) -> list[FileLine]:
    """Return the lines with these numbers, or one page of all, those that need something first."""
    found = _lines(batch)
    if numbers is not None:
        return list(_filed(found.where(BatchFile.number.in_(numbers)).order_by(BatchFile.number)))
    needs = sa.case((PLACE == "failed", 0), (PLACE == "waiting", 1), (PLACE == "sending", 2), else_=3)
    return list(_filed(found.order_by(needs, BatchFile.number).limit(PAGE).offset(PAGE * page)))


def not_received(batch: EvidenceBatch) -> Iterator[FileLine]:
    """Walk the lines that are not here, in order, in pieces."""
    after = 0
    while True:
        missing = _lines(batch).where(PLACE.not_in(("received", "held", "checking")), BatchFile.number > after)
        piece = list(_filed(missing.order_by(BatchFile.number).limit(_PIECE)))
        yield from piece
        if len(piece) < _PIECE:
            return
        after = piece[-1].number


def keys_settled(batch_id: uuid.UUID) -> set[uuid.UUID]:
    """Return the file keys of a batch that need no sending: here already, or a file that cannot be taken."""
    settled = sa.or_(PLACE.in_(("received", "held")), BatchFile.failure != "")
    found = (
        sa.select(BatchFile.file_key)
        .join(EvidenceItem, EvidenceItem.id == BatchFile.item_id, isouter=True)
        .where(BatchFile.batch_id == batch_id, settled)
    )
    return set(db.session.scalars(found))


def batches_of(incident_id: uuid.UUID) -> list[tuple[EvidenceBatch, Counts]]:
    """Return the incident's batches, newest first, with their counts."""
    newest = sa.select(EvidenceBatch).where(EvidenceBatch.incident_id == incident_id).order_by(EvidenceBatch.id.desc())
    return [(batch, counts(batch)) for batch in db.session.scalars(newest.limit(20))]


def _lines(batch: EvidenceBatch) -> sa.Select[Any]:
    return (
        sa.select(BatchFile, EvidenceItem, PLACE.label("place"))
        .join(EvidenceItem, EvidenceItem.id == BatchFile.item_id, isouter=True)
        .where(BatchFile.batch_id == batch.id)
    )


def _filed(found: sa.Select[Any]) -> Iterator[FileLine]:
    for line, item, place in db.session.execute(found):
        why = line.failure or (item.failure if item else "") or ("hash_differs" if place == "failed" else "")
        yield FileLine(line.number, line.filename, line.path, line.size, place, why, item)
