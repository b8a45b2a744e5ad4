"""The log as auditors read it: it carries no content."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.models import User


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
