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
    __table_args__ = (
        sa.Index("ix_event_record", "record_id"),
        sa.Index("ix_event_at", "at", postgresql_using="brin"),
        {"schema": "audit"},
    )
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


class AuditLeaf(Base):
    """One leaf of the tree: the order in which the sequencer folded events, without a gap, from 0."""

    __tablename__ = "leaf"
    __table_args__ = ({"schema": "audit"},)
    seq: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(sa.BigInteger, unique=True)
    leaf: Mapped[bytes]


class AuditTile(Base):
    """The hash of a complete subtree of 2^level leaves (level 8, 16, ...), so that no proof reads the whole log."""

    __tablename__ = "tile"
    __table_args__ = ({"schema": "audit"},)
    level: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class AuditCheckpoint(Base):
    """A signed head of the tree, and the hashes (32 bytes each) from which appending goes on."""

    __tablename__ = "checkpoint"
    __table_args__ = ({"schema": "audit"},)
    size: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    note: Mapped[str]
    frontier: Mapped[bytes]
    at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class AuditAnchor(Base):
    """What somebody outside said of a checkpoint: a cosignature line, a timestamp, or where a locked copy lies."""

    __tablename__ = "anchor"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('witness', 'timestamp', 'store')", name="kind"),
        {"schema": "audit"},
    )
    size: Mapped[int] = mapped_column(sa.ForeignKey("audit.checkpoint.size"), primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]
    at: Mapped[dt.datetime]


class AuditPost(Base):
    """How it stands with one place outside: since when it has not taken the newest checkpoint, and why."""

    __tablename__ = "post"
    __table_args__ = ({"schema": "audit"},)
    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    failing_since: Mapped[dt.datetime | None]
    trouble: Mapped[str] = mapped_column(default="", server_default="")


class AuditOpening(Base):
    """The salt of one commitment to a sealed value: with it the value can be proved, without it never again."""

    __tablename__ = "opening"
    __table_args__ = ({"schema": "audit"},)
    event_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    side: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]


class AuditComparison(Base):
    """One comparison of rows with the log, and what it found (tables and identifiers, no values)."""

    __tablename__ = "comparison"
    __table_args__ = ({"schema": "audit"},)
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(always=True), primary_key=True)
    at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    rows: Mapped[int] = mapped_column(sa.BigInteger)
    findings: Mapped[int]
    first: Mapped[list[str]] = mapped_column(pg.ARRAY(sa.Text()))
