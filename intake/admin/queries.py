"""The log as auditors read it: who did what to which record and fields, and under which head it lies. No content."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace

import sqlalchemy as sa

from intake import db
from intake.access.models import User

PAGE = 50
_TRAIL = sa.table(
    "trail", *(sa.column(n) for n in ("id", "at", "actor_id", "kind", "subject", "record_id", "fields")), schema="audit"
)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"(?:in-?)?0*(\d{1,12})", re.IGNORECASE)
# Kinds as people ask for them; the rest of the kinds come under 'other'.
GROUPS: dict[str, tuple[str, ...]] = {
    "changes": ("insert", "update", "delete"),
    "sealed": ("unseal", "glass_read", "name_search", "decide"),
    "out": ("download", "export", "export_asked", "export_downloaded", "certificate", "bundle"),
    "reads": ("view", "search", "log_read"),
    "sign_in": ("sign_in", "sign_out", "step_up", "enrolled", "factor_added", "invited"),
    "refused": ("refused", "sign_in_refused", "passkey_refused", "invitation_refused"),
}


@dataclass(frozen=True)
class LogFilter:
    """What of the log to show. who: a user's number; record: IN-0142 or an identifier; days in the reader's zone."""

    who: int | None = None
    what: str = ""
    record: str = ""
    first: dt.date | None = None
    last: dt.date | None = None

    @property
    def any(self) -> bool:
        """Whether anything is asked for."""
        return self != LogFilter()


@dataclass(frozen=True)
class LogLine:
    """One event. seq: its place in the tree; head: the size of the first head over it that a witness signed."""

    id: int
    at: dt.datetime
    who: str
    kind: str
    subject: str
    record_id: str
    label: str
    fields: tuple[str, ...]
    seq: int | None = None
    head: int | None = None
    witness: str = ""
    witnessed_at: dt.datetime | None = None

    @property
    def findable(self) -> bool:
        """Whether the log can be asked for this record: users, roles and the like have plain numbers."""
        return bool(_UUID.fullmatch(self.record_id))


def log_lines(
    asked: LogFilter | None = None, *, before: int | None = None, limit: int = PAGE, zone: dt.tzinfo = dt.UTC
) -> list[LogLine]:
    """Return the newest events the actor may audit, `limit` at most, older than event `before`."""
    asked = asked or LogFilter()
    columns = _TRAIL.c
    query = sa.select(_TRAIL, User.display_name).outerjoin(User, User.id == columns.actor_id)
    query = query.order_by(columns.id.desc()).limit(limit).where(*_conditions(asked, zone))
    if before:
        query = query.where(columns.id < before)
    lines = [
        LogLine(r.id, r.at, r.display_name or "", r.kind, r.subject, r.record_id, "", tuple(r.fields))
        for r in db.session.execute(query)
    ]
    return _with_labels(_with_heads(lines))


def people() -> list[tuple[int, str]]:
    """Return (number, name) of those whose acts the actor may audit."""
    query = sa.select(User.id, User.display_name).where(
        sa.text("app_user.id = any((select access.audited_users())::int[])")
    )
    return [(r.id, r.display_name) for r in db.session.execute(query.order_by(User.display_name))]


def records_of(record: str) -> list[str]:
    """Return the identifiers that `record` names: an incident's number with all rows under it, or one identifier."""
    text = record.strip().lower()
    if _UUID.fullmatch(text):
        return [text]
    number = _NUMBER.fullmatch(text)
    if not number:
        return []
    found = db.session.execute(sa.text("select audit.records_of(:number)"), {"number": int(number[1])})
    return list(found.scalar_one() or [])


def _conditions(asked: LogFilter, zone: dt.tzinfo) -> list[sa.ColumnElement[bool]]:
    columns, found = _TRAIL.c, []
    if asked.who:
        found.append(columns.actor_id == asked.who)
    if asked.what in GROUPS:
        found.append(columns.kind.in_(GROUPS[asked.what]))
    elif asked.what:
        known = [kind for kinds in GROUPS.values() for kind in kinds]
        found.append(columns.kind.not_in(known))
    if asked.record:
        found.append(columns.record_id.in_(records_of(asked.record)))
    if asked.first:
        found.append(columns.at >= dt.datetime.combine(asked.first, dt.time(), zone))
    if asked.last:
        found.append(columns.at < dt.datetime.combine(asked.last + dt.timedelta(days=1), dt.time(), zone))
    return found


def _with_heads(lines: list[LogLine]) -> list[LogLine]:
    found = db.session.execute(
        sa.text(
            "select l.event_id, l.seq, a.size, a.name, a.at from audit.leaf l left join lateral"
            " (select size, name, at from audit.anchor where size > l.seq and kind = 'witness' order by size limit 1) a"
            " on true where l.event_id = any(:ids)"
        ),
        {"ids": [line.id for line in lines]},
    )
    heads = {r.event_id: r for r in found}
    return [
        replace(line, seq=h.seq, head=h.size, witness=h.name or "", witnessed_at=h.at)
        if (h := heads.get(line.id))
        else line
        for line in lines
    ]


def _with_labels(lines: list[LogLine]) -> list[LogLine]:
    ids = {line.record_id for line in lines if line.subject == "incident" and _UUID.fullmatch(line.record_id)}
    found = db.session.execute(sa.text("select record_id, number from audit.numbers(:ids)"), {"ids": sorted(ids)})
    labels = {str(r.record_id): f"IN-{r.number:04d}" for r in found}
    return [replace(line, label=labels.get(line.record_id, "")) for line in lines]
