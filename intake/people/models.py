"""People as the program knows them: by pseudonym. Their names are in the vault alone."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, InCompartment, Record


class Person(InCompartment, Record):
    """A class member or witness. `pseudonym` is stable within the matter and never used again."""

    __tablename__ = "person"
    __field_classes__ = classes(
        public="number pseudonym pseudonym_style",
        confidential="age_band language reads_language variant_town city answers",
    )
    number: Mapped[int] = mapped_column(sa.BigInteger, server_default=sa.text("nextval('person_number')"), unique=True)
    pseudonym: Mapped[str]
    pseudonym_style: Mapped[str] = mapped_column(default="number", server_default="number")
    age_band: Mapped[str] = mapped_column(default="not_asked", server_default="not_asked")
    language: Mapped[str] = mapped_column(default="", server_default="")
    reads_language: Mapped[str] = mapped_column(default="not_asked", server_default="not_asked")
    variant_town: Mapped[str] = mapped_column(default="", server_default="")
    city: Mapped[str] = mapped_column(default="", server_default="")
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))


class Consent(InCompartment, Record):
    """The answer to one consent scope (CN.*), or its later withdrawal; rows are added, never changed.

    `answer` is yes, no or withdrawn. No row means not asked, which hides everywhere like no.
    """

    __tablename__ = "consent"
    __field_classes__ = classes(
        public="person_id",
        confidential="scope answer answered_at language oral explained_by_id expires_on",
    )
    __table_args__ = (sa.CheckConstraint("answer in ('yes', 'no', 'withdrawn')", name="answer"),)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("person.id"), index=True)
    incident_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("incident.id"), index=True)
    scope: Mapped[str]
    answer: Mapped[str]
    answered_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    language: Mapped[str] = mapped_column(default="en")
    oral: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    explained_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    expires_on: Mapped[dt.date | None]


class Identity(Base):
    """Sealed fields of a person: AES-256-GCM under a fresh data key, wrapped by the organisation's key.

    In schema `vault`, readable only through the database role testigo_vault (people/vault.py).
    """

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
