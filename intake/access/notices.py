"""What a user must be told: a code and an identifier, written where it happens; the page has the words."""

from __future__ import annotations

import sqlalchemy as sa

from intake import db
from intake.access.models import Notice

SHOWN = 20


def alert(compartment_id: int, code: str, record_id: str, roles: tuple[str, ...] = ("RO.SUPATT", "RO.ADMIN")) -> int:
    """Tell everyone who now holds one of `roles` in a compartment; returns how many. No content in code or id."""
    told = sa.text("select access.alert(:compartment, :code, :record, :roles)")
    values = {"compartment": compartment_id, "code": code, "record": record_id, "roles": list(roles)}
    return int(db.session.execute(told, values).scalar_one())


def waiting() -> list[Notice]:
    """Return what the acting user was not yet told, newest first."""
    mine = sa.select(Notice).where(Notice.seen_at.is_(None)).order_by(Notice.id.desc()).limit(SHOWN)
    return list(db.session.scalars(mine))


def seen(notice_id: int) -> None:
    """Note that the acting user has read a notice. Raises NoResultFound for one that is not theirs."""
    notice = db.session.get_one(Notice, notice_id)
    if notice.seen_at is None:
        notice.seen_at = sa.func.clock_timestamp()
        db.session.flush()
