"""What was made from originals, what looks alike, and who opened what no scanner had cleared."""

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


class Derivative(OfIncident, Record):
    """One thing made from an item: a thumbnail, a page, its text, what it claims. Never evidence itself.

    kind: thumbnail, preview, poster, proxy, waveform, page, text, ocr, claims or redacted; number: the page (from 1),
    or 0. parent_sha256: of the item, or of the derivative that this was made from. state: made, or quarantined when
    the parser crashed, ran out of its limits or could not read (failure says which), or absent when the tool is
    missing here. object_key: in the working bucket, '' where `detail` or `content` holds all. size: bytes.
    """

    __tablename__ = "derivative"
    __field_classes__ = classes(
        public="item_id kind number state failure tool tool_version parameters made_at",
        media="parent_sha256 object_key media_type sha256 size detail content",
    )
    __table_args__ = (
        sa.CheckConstraint("state in ('made', 'quarantined', 'absent')", name="state"),
        sa.UniqueConstraint("item_id", "kind", "number"),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"))
    kind: Mapped[str]
    number: Mapped[int] = mapped_column(default=0, server_default="0")
    state: Mapped[str] = mapped_column(default="made", server_default="made")
    failure: Mapped[str] = mapped_column(default="", server_default="")
    parent_sha256: Mapped[str]
    tool: Mapped[str]
    tool_version: Mapped[str] = mapped_column(default="", server_default="")
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    object_key: Mapped[str] = mapped_column(default="", server_default="")
    media_type: Mapped[str] = mapped_column(default="", server_default="")
    sha256: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    content: Mapped[str] = mapped_column(default="", server_default="")
    made_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class Likeness(OfIncident, Record):
    """What an item looks or reads like: a 128-bit difference hash of a picture or of one frame, or text in bands.

    kind: image, video or text. bits: 128 characters of 0 and 1 where it is a picture; bands: of a text (alike.py).
    """

    __tablename__ = "likeness"
    __field_classes__ = classes(public="item_id kind number", media="bits bands")
    __table_args__ = (
        sa.UniqueConstraint("item_id", "kind", "number"),
        sa.Index("ix_likeness_bands", "bands", postgresql_using="gin"),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"))
    kind: Mapped[str]
    number: Mapped[int] = mapped_column(default=0, server_default="0")
    bits: Mapped[str | None] = mapped_column(pg.BIT(128))
    bands: Mapped[list[str]] = mapped_column(default=list, server_default=sa.text("'{}'"))


class ScanRelease(OfIncident, Record):
    """An attorney's decision to open what no scanner cleared; an infected item needs a second attorney.

    finding: held, waiting or infected, as it was when asked.
    """

    __tablename__ = "scan_release"
    __field_classes__ = classes(
        public="item_id finding asked_by_id asked_at granted_by_id granted_at", work_product="reason"
    )
    __table_args__ = (
        sa.CheckConstraint("finding <> 'infected' or granted_by_id is distinct from asked_by_id", name="two_persons"),
        sa.Index("uq_scan_release_one_open", "item_id", unique=True, postgresql_where=sa.text("granted_at is null")),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), index=True)
    finding: Mapped[str]
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    asked_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    granted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    granted_at: Mapped[dt.datetime | None]
