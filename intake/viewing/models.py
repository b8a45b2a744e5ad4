"""What people write beside a file, and how each person wants hard things to be shown to them."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, Record
from intake.incidents.models import OfIncident

STARTS = ("covered", "stills", "sound", "transcript")
FLAGS = ("violence", "injury", "death", "child", "distress")


class MediaNote(OfIncident, Record):
    """A note at a moment (milliseconds), a span, a page (from 1), or on the whole. Work product: never shared.

    codes: claims (CL.*) that the moment bears on; who may not suggest claims leaves them empty.
    """

    __tablename__ = "media_note"
    __field_classes__ = classes(
        public="item_id author_id", work_product="at_ms until_ms page text language", opinion="codes"
    )
    __table_args__ = (
        sa.CheckConstraint("at_ms >= 0 and (until_ms is null or until_ms >= at_ms)", name="span"),
        sa.CheckConstraint("page is null or (page >= 1 and at_ms is null)", name="page"),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), index=True)
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    at_ms: Mapped[int | None]
    until_ms: Mapped[int | None]
    page: Mapped[int | None]
    text: Mapped[str]
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    codes: Mapped[list[str]] = mapped_column(default=list, server_default=sa.text("'{}'"))


class Transcript(OfIncident, Record):
    """What is said in a file, typed or pasted, in one language. cues: [{"start", "end", "text"}], milliseconds.

    Without times (a plain text) start and end are null. translation: whether it puts another language's words.
    """

    __tablename__ = "transcript"
    __field_classes__ = classes(public="item_id language translation origin made_by_id", confidential="cues")
    __table_args__ = (
        sa.CheckConstraint("origin in ('typed', 'srt', 'vtt')", name="origin"),
        sa.UniqueConstraint("item_id", "language", "translation"),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"))
    language: Mapped[str]
    translation: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    origin: Mapped[str]
    cues: Mapped[list[dict[str, Any]]] = mapped_column(pg.JSONB)
    made_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))


class ItemCare(OfIncident, Record):
    """That a file is hard to see or hear, and why (FLAGS). It opens covered, gray and without sound for everyone."""

    __tablename__ = "item_care"
    __field_classes__ = classes(public="item_id", media="flags")
    __table_args__ = (sa.UniqueConstraint("item_id"),)
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"))
    flags: Mapped[list[str]] = mapped_column(default=list, server_default=sa.text("'{}'"))


class ViewingPreference(Base):
    """How one person wants hard files to begin: covered, stills only, sound only, or the transcript first."""

    __tablename__ = "viewing_preference"
    __field_classes__ = classes(public="user_id starts")
    __table_args__ = (sa.CheckConstraint("starts in ('covered', 'stills', 'sound', 'transcript')", name="starts"),)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), primary_key=True, autoincrement=False)
    starts: Mapped[str] = mapped_column(default="covered", server_default="covered")
