"""Tables of schema `vault`, which only the database role testigo_vault reads: names, their index, protected facts."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base

FACT, MASKED = "fact", "masked"


class Identity(Base):
    """Sealed fields of a person: AES-256-GCM under a fresh data key, wrapped by the organisation's key."""

    __tablename__ = "identity"
    __field_classes__ = classes(public="person_id organisation_id updated_at", sealed="key_id wrapped_key sealed")
    __table_args__ = ({"schema": "vault"},)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    key_id: Mapped[str]
    wrapped_key: Mapped[bytes]
    sealed: Mapped[dict[str, Any]] = mapped_column(pg.JSONB)
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class NameToken(Base):
    """One keyed hash of one part of a sealed name, as written (exact) or as heard (sounds).

    HMAC-SHA-256 under a key of the organisation that the key service derives and nobody stores: without it the
    tokens cannot be guessed from lists of names, nor compared between organisations.
    """

    __tablename__ = "name_index"
    __field_classes__ = classes(public="person_id kind organisation_id", sealed="token")
    __table_args__ = (
        sa.CheckConstraint("kind in ('exact', 'sounds')", name="kind"),
        sa.Index("ix_name_index_token", "organisation_id", "kind", "token"),
        {"schema": "vault"},
    )
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("person.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[bytes] = mapped_column(primary_key=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))


class _TwoPeople:
    """A decision that one attorney asks for and another one takes."""

    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    decided_at: Mapped[dt.datetime | None]
    decision: Mapped[str] = mapped_column(default="", server_default="")


class Protected(_TwoPeople, Base):
    """A protected fact (SP.*, proxies of it) of a person, or words that were masked in a text.

    What it is, and why it was recorded, is sealed with it: the code alone would tell. `source_table`, `source_id`,
    `marker`: where masked words stood. Source of the lock: domain page section 4.
    """

    __tablename__ = "protected"
    __field_classes__ = classes(
        public="organisation_id person_id source_table source_id marker kind proposed_by_id proposed_at decided_by_id"
        " decided_at decision",
        sealed="key_id wrapped_key sealed",
    )
    __table_args__ = (
        sa.CheckConstraint("decision in ('', 'approved', 'refused')", name="decision"),
        sa.CheckConstraint("decided_by_id <> proposed_by_id", name="two_people"),
        sa.CheckConstraint("(decision = '') = (decided_by_id is null)", name="decided"),
        sa.CheckConstraint("kind in ('fact', 'masked')", name="kind"),
        sa.CheckConstraint("(kind = 'masked') = (marker is not null)", name="marker"),
        sa.UniqueConstraint("source_table", "source_id", "marker"),
        {"schema": "vault"},
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=sa.text("uuidv7()"))
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    person_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("person.id"), index=True)
    incident_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("incident.id"), index=True)
    source_table: Mapped[str] = mapped_column(default="", server_default="")
    source_id: Mapped[uuid.UUID | None]
    marker: Mapped[int | None]
    kind: Mapped[str]
    key_id: Mapped[str]
    wrapped_key: Mapped[bytes]
    sealed: Mapped[dict[str, Any]] = mapped_column(pg.JSONB)
    proposed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    proposed_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class Opening(_TwoPeople, Base):
    """One attorney's request to read one protected fact, another's answer, and the one reading that it allows."""

    __tablename__ = "opening"
    __field_classes__ = classes(
        public="protected_id reason_code asked_by_id asked_at decided_by_id decided_at decision opened_at"
    )
    __table_args__ = (
        sa.CheckConstraint("decision in ('', 'approved', 'refused')", name="decision"),
        sa.CheckConstraint("decided_by_id <> asked_by_id", name="two_people"),
        sa.CheckConstraint("(decision = '') = (decided_by_id is null)", name="decided"),
        {"schema": "vault"},
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=sa.text("uuidv7()"))
    protected_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("vault.protected.id"), index=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    reason_code: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    asked_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    opened_at: Mapped[dt.datetime | None]
