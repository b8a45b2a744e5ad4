"""Break-glass: one record for 60 minutes, by two people, with a reason, an alert to its owner and a review.

The rules stand in access/reach_acts.py, in the database, which answers 'ok' or why not. A wall is stronger, and a
court's seal too.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.models import BreakGlass, User
from intake.access.policy import Permission
from intake.admin.walls import number_of
from intake.errors import Invalid, NotAllowed, NotNow, NotThere
from intake.incidents.models import Incident

REVIEW_WITHIN = dt.timedelta(hours=72)  # security page section 5
SHORTEST_REASON = 15  # characters


def ask(number: str, reason: str) -> Incident | None:
    """Ask for one record. Returns it when the actor sees it anyway, else None: whether it exists or not.

    Raises Invalid without a number or a reason of some words.
    """
    wanted = number_of(number)
    wrong = {"number": "wrong"} if wanted is None else {}
    if len(reason.strip()) < SHORTEST_REASON:
        wrong["reason"] = "short"
    if wrong:
        raise Invalid(wrong)
    seen: Incident | None = db.session.scalar(sa.select(Incident).where(Incident.number == wanted))
    if seen is None:
        asked = sa.text("select access.ask_glass(:number, :reason)")
        db.session.execute(asked, {"number": wanted, "reason": reason.strip()})
    return seen


def allow(glass_id: uuid.UUID) -> None:
    """Open the record to its asker for 60 minutes. Raises NotAllowed for one's own, NotThere, NotNow."""
    _act("select access.open_glass(:id)", glass_id)


def refuse(glass_id: uuid.UUID) -> None:
    """Say no. Raises NotAllowed, NotThere, NotNow."""
    _act("select access.refuse_glass(:id)", glass_id)


def end(glass_id: uuid.UUID) -> None:
    """Close the record before the hour is over; the asker may, and the attorney. Raises NotThere, NotNow."""
    _act("select access.end_glass(:id)", glass_id)


def review(glass_id: uuid.UUID, *, justified: bool, words: str) -> None:
    """Write down whether it was justified. Raises Invalid without words, NotAllowed for one's own, NotThere, NotNow."""
    if not words.strip():
        raise Invalid({"words": "missing"})
    _act("select access.review_glass(:id, :justified, :words)", glass_id, justified=justified, words=words.strip())


def mine() -> list[BreakGlass]:
    """Return what the actor asked for, newest first."""
    asked = sa.select(BreakGlass).where(BreakGlass.asked_by_id == current().user_id)
    return list(db.session.scalars(asked.order_by(BreakGlass.created_at.desc()).limit(20)))


def to_decide() -> list[tuple[BreakGlass, str]]:
    """Return what waits for an attorney's word or review, with the asker's name; oldest first."""
    me = current()
    if not me.may(Permission.GLASS_DECIDE):
        return []
    waits = sa.and_(
        BreakGlass.allowed_at.is_(None),
        BreakGlass.refused_at.is_(None),
        BreakGlass.created_at > sa.func.now() - dt.timedelta(hours=24),
    )
    unreviewed = sa.and_(BreakGlass.allowed_at.is_not(None), BreakGlass.reviewed_at.is_(None))
    query = (
        sa.select(BreakGlass, User.display_name)
        .join(User, User.id == BreakGlass.asked_by_id)
        .where(BreakGlass.asked_by_id != me.user_id, sa.or_(waits, unreviewed))
        .order_by(BreakGlass.created_at)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def state_of(glass: BreakGlass) -> str:
    """Return asked, refused, late, open, review, overdue or reviewed."""
    now = dt.datetime.now(dt.UTC)
    if glass.allowed_at is None or glass.ends_at is None:
        if glass.refused_at is not None:
            return "refused"
        return "asked" if now - glass.created_at < dt.timedelta(hours=24) else "late"
    if glass.reviewed_at is not None:
        return "reviewed"
    if glass.ended_at is None and glass.ends_at > now:
        return "open"
    return "overdue" if review_due(glass) < now else "review"


def review_due(glass: BreakGlass) -> dt.datetime:
    """Return until when the review must be written."""
    return (glass.ended_at or glass.ends_at or glass.created_at) + REVIEW_WITHIN


def _act(statement: str, glass_id: uuid.UUID, **values: object) -> None:
    answer = db.session.execute(sa.text(statement), {"id": glass_id, **values}).scalar_one()
    db.session.expire_all()
    if answer == "own":
        raise NotAllowed
    if answer == "absent":
        raise NotThere
    if answer != "ok":
        raise NotNow(f"glass_{answer}")
