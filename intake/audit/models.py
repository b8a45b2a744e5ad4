"""The log's tables. The program may neither read payloads nor change a row: triggers write them (trail.py)."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.db import Base


class AuditEvent(Base):
    """One change or act: exact payload text, 16-byte salt, leaf = SHA-256(0x00 || SHA-256(salt || payload))."""

    __tablename__ = "event"
    __table_args__ = (sa.Index("ix_event_record", "record_id"), {"schema": "audit"})
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    actor_id: Mapped[int | None]
    compartment_id: Mapped[int | None] = mapped_column(index=True)
    kind: Mapped[str]
    subject: Mapped[str]
    record_id: Mapped[str] = mapped_column(default="")
    fields: Mapped[list[str]] = mapped_column(pg.ARRAY(sa.Text()))
    payload: Mapped[str]
    salt: Mapped[bytes]
    leaf: Mapped[bytes]


class AuditPending(Base):
    """Events that the sequencer has not yet folded into the tree."""

    __tablename__ = "pending"
    __table_args__ = ({"schema": "audit"},)
    event_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
