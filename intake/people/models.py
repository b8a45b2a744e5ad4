"""People as the program knows them: by pseudonym. Their names are in the vault alone."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, InCompartment, Record


class Person(InCompartment, Record):
    """A class member or witness. `pseudonym` is stable within the matter and never used again."""

    __tablename__ = "person"
    __field_classes__ = classes(
        public="number pseudonym pseudonym_style pseudonym_fixed_at",
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
    # From the first locked paper on the pseudonym stands in court papers, and changes no more.
    pseudonym_fixed_at: Mapped[dt.datetime | None]


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


class UsedPseudonym(Base):
    """A pseudonym that was given in a matter, for ever: it stays taken when its person changes style or is gone.

    A trigger on `person` writes it (people/guards.py). Numbers come from one sequence, so that whether a
    pseudonym is free tells nobody of another organisation's people.
    """

    __tablename__ = "used_pseudonym"
    __field_classes__ = classes(public="matter_id pseudonym person_id taken_at")
    matter_id: Mapped[int] = mapped_column(sa.ForeignKey("matter.id"), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(primary_key=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    person_id: Mapped[uuid.UUID] = mapped_column(index=True)
    taken_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
