"""How far the demonstration has been written: each part is named in the log by the transaction that wrote it.

A load that was interrupted goes on with the first part that the log does not name; nothing is written twice.
"""

from __future__ import annotations

import json
import uuid

import sqlalchemy as sa

from intake.audit.trail import record

_KIND = "demonstration"


def done(part: str, record_id: uuid.UUID | None = None) -> None:
    """Name `part` as written, in the transaction that writes it."""
    record(_KIND, subject="matter", record_id=str(record_id or ""), part=part)


def parts(owner: sa.Connection) -> dict[str, str]:
    """Return {part: id of its record} as the log names them; only the database's owner may read the log's content."""
    rows = owner.execute(sa.text("select payload from audit.event where kind = :kind order by id"), {"kind": _KIND})
    acts = [json.loads(row.payload) for row in rows]
    return {act["detail"]["part"]: act["id"] for act in acts}
