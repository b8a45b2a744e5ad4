"""A copy that may be handed on, and what it was made from."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Record
from intake.incidents.models import OfIncident


class WorkingCopy(OfIncident, Record):
    """A stripped or redacted copy of one item, made by the worker and checked before anyone may have it.

    boxes: [{"page", "x", "y", "w", "h", "reason"}], fractions of the upright page from its top left, page from 1 (0
    for a picture), reason RR.*. again: pages (from 1) where words of a box stand outside every box. failure: why it
    was refused; size: bytes.
    """

    __tablename__ = "working_copy"
    __field_classes__ = classes(
        public="item_id kind state failure made_at",
        media="parent_sha256 boxes again pages media_type object_key sha256 size",
    )
    __table_args__ = (
        sa.CheckConstraint("kind in ('stripped', 'redacted')", name="kind"),
        sa.CheckConstraint("state in ('asked', 'made', 'refused')", name="state"),
        sa.CheckConstraint("state <> 'made' or (object_key <> '' and sha256 <> '')", name="made_is_hashed"),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), index=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="asked", server_default="asked")
    failure: Mapped[str] = mapped_column(default="", server_default="")
    parent_sha256: Mapped[str]
    boxes: Mapped[list[dict[str, Any]]] = mapped_column(pg.JSONB, default=list, server_default=sa.text("'[]'"))
    again: Mapped[list[int]] = mapped_column(pg.JSONB, default=list, server_default=sa.text("'[]'"))
    pages: Mapped[int] = mapped_column(default=0, server_default="0")
    media_type: Mapped[str] = mapped_column(default="", server_default="")
    object_key: Mapped[str] = mapped_column(default="", server_default="")
    sha256: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    made_at: Mapped[dt.datetime | None]
