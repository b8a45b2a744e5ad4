"""What stands beside a file, who wrote it, and how much of this somebody has looked at today."""

from __future__ import annotations

import datetime as dt
import uuid
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.models import User
from intake.evidence.models import CustodyEvent, EvidenceItem
from intake.viewing.models import ItemCare, MediaNote, Transcript, ViewingPreference

MANY = 20  # files a day after which a pause is offered


def notes_of(item_id: uuid.UUID) -> list[tuple[MediaNote, str]]:
    """Return the file's notes with their authors' names, in the order of the file."""
    query = (
        sa.select(MediaNote, User.display_name)
        .join(User, User.id == MediaNote.author_id)
        .where(MediaNote.item_id == item_id)
        .order_by(MediaNote.page.nulls_first(), MediaNote.at_ms.nulls_first(), MediaNote.id)
    )
    return [(note, name) for note, name in db.session.execute(query)]


def transcripts_of(item_id: uuid.UUID) -> list[Transcript]:
    """Return what is said in the file: the spoken words first, then translations."""
    query = sa.select(Transcript).where(Transcript.item_id == item_id)
    return list(db.session.scalars(query.order_by(Transcript.translation, Transcript.id)))


def flags_of(item_id: uuid.UUID) -> list[str]:
    """Return why the file is hard to see or hear; empty when nobody said so."""
    found = db.session.scalar(sa.select(ItemCare.flags).where(ItemCare.item_id == item_id))
    return list(found or [])


def starts() -> str:
    """Return how the acting person wants hard files to begin."""
    mine = sa.select(ViewingPreference.starts).where(ViewingPreference.user_id == current().user_id)
    return str(db.session.scalar(mine) or "covered")


def opened_today() -> int:
    """Return how many files the acting person opened since midnight. Told to them alone."""
    zone = ZoneInfo("America/Los_Angeles")  # where the office works
    midnight = dt.datetime.combine(dt.datetime.now(zone).date(), dt.time(), zone)
    mine = sa.select(sa.func.count(sa.distinct(CustodyEvent.item_id))).where(
        CustodyEvent.by_id == current().user_id, CustodyEvent.kind == "viewed", CustodyEvent.at >= midnight
    )
    return int(db.session.execute(mine).scalar_one())


def following(item: EvidenceItem) -> uuid.UUID | None:
    """Return the next file of the same record, or None after the last."""
    after = sa.tuple_(EvidenceItem.created_at, EvidenceItem.id) > sa.tuple_(
        sa.literal(item.created_at), sa.literal(item.id)
    )
    query = sa.select(EvidenceItem.id).where(EvidenceItem.incident_id == item.incident_id, after)
    query = query.where(EvidenceItem.state == "sealed").order_by(EvidenceItem.created_at, EvidenceItem.id).limit(1)
    found: uuid.UUID | None = db.session.scalar(query)
    return found
