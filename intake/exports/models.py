"""Exports of found records: what was asked, what came out, and its hash."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, Record


class Export(Record):
    """One file made for one user. state: waiting, running, ready, failed; `rows` is the counted result.

    compartments: those its rows may come from; whoever may not read all of them does not see another's export.
    failure: not_allowed, store or broken.
    """

    __tablename__ = "export"
    __field_classes__ = classes(
        public="user_id search_id compartments profile format state failure rows size sha256"
        " approved_by_id finished_at",
        confidential="filters",
        media="object_key",
    )
    __table_args__ = (sa.CheckConstraint("state in ('waiting', 'running', 'ready', 'failed')", name="state"),)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    search_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("saved_search.id"))
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    compartments: Mapped[list[int]] = mapped_column(pg.ARRAY(sa.Integer()), server_default=sa.text("'{}'"))
    profile: Mapped[str] = mapped_column(default="records")
    format: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    failure: Mapped[str] = mapped_column(default="", server_default="")
    rows: Mapped[int | None]
    object_key: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int | None] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None]
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    finished_at: Mapped[dt.datetime | None]


class ExportContent(Base):
    """One incident that a finished file holds. Who lost sight of any of them since then does not get the file."""

    __tablename__ = "export_content"
    __field_classes__ = classes(public="export_id object_key")
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    export_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("export.id"), index=True)
    object_key: Mapped[str]
    incident_id: Mapped[uuid.UUID]
