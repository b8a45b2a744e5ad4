"""The log as auditors read it, and the counts that analysts read: neither carries content."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.models import User

SMALLEST_CELL = 5  # security page section 2, requirement 29; 11 in extracts that leave


@dataclass(frozen=True)
class LogLine:
    """One event: when, who, what was done to which record, and which fields; never a value."""

    id: int
    at: dt.datetime
    who: str
    kind: str
    subject: str
    record_id: str
    fields: tuple[str, ...]


_TRAIL = sa.table(
    "trail", *(sa.column(n) for n in ("id", "at", "actor_id", "kind", "subject", "record_id", "fields")), schema="audit"
)


def log_lines(*, before: int | None = None, kind: str = "", record_id: str = "", limit: int = 50) -> list[LogLine]:
    """Return the newest events the actor may audit, `limit` at most, older than event `before`."""
    columns = _TRAIL.c
    query = sa.select(_TRAIL, User.display_name).outerjoin(User, User.id == columns.actor_id)
    query = query.order_by(columns.id.desc()).limit(limit)
    if before:
        query = query.where(columns.id < before)
    if kind:
        query = query.where(columns.kind == kind)
    if record_id:
        query = query.where(columns.record_id == record_id)
    return [
        LogLine(r.id, r.at, r.display_name or "", r.kind, r.subject, r.record_id, tuple(r.fields))
        for r in db.session.execute(query)
    ]


def counts() -> dict[str, list[tuple[str, int | None]]]:
    """Return {month|county|agency: [(cell, n)]}; n is None below SMALLEST_CELL, and in one more cell where the
    single hidden one could be computed from the total.
    """
    table: dict[str, list[tuple[str, int]]] = {"month": [], "county": [], "agency": []}
    for row in db.session.execute(sa.text("select kind, cell, n from access.counts() order by kind, cell")):
        table[row.kind].append((row.cell, row.n))
    return {kind: suppress(cells) for kind, cells in table.items()}


def suppress(cells: list[tuple[str, int]], smallest: int = SMALLEST_CELL) -> list[tuple[str, int | None]]:
    """Hide counts under `smallest`, and the next smallest when hiding only one would let it be subtracted."""
    hidden = {cell for cell, n in cells if n < smallest}
    if len(hidden) == 1 and len(cells) > 1:
        hidden.add(min((n, cell) for cell, n in cells if cell not in hidden)[1])
    return [(cell, None if cell in hidden else n) for cell, n in cells]
