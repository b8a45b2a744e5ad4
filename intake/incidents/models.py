"""Incidents and each person's account of them. Accounts that disagree stand side by side; none is 'the' truth."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from intake.access.fields import classes
from intake.db import InCompartment, Record


class WhenColumns:
    """An uncertain time: the interval, how precise (DP.*), EDTF (ISO 8601-2), part of day, the person's words."""

    __field_classes__ = classes(confidential="earliest latest date_precision edtf part_of_day clock_time when_words")
    earliest: Mapped[dt.date | None]
    latest: Mapped[dt.date | None]
    date_precision: Mapped[str] = mapped_column(default="DP.UNK", server_default="DP.UNK")
    edtf: Mapped[str] = mapped_column(default="", server_default="")
    part_of_day: Mapped[str | None]
    clock_time: Mapped[dt.time | None]
    when_words: Mapped[str] = mapped_column(default="", server_default="")


class Incident(WhenColumns, InCompartment, Record):
    """One event at one place. Its interval is the hull of its accounts' intervals."""

    __tablename__ = "incident"
    __field_classes__ = classes(
        public="number stage tier mode interview_language interpreter intake_finished_at county"
        " location_type location_precision",
        confidential="title site_name cross_streets place city latitude longitude radius_m answers",
    )
    __table_args__ = (
        sa.CheckConstraint("earliest <= latest", name="interval"),
        sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),
        sa.Index("ix_incident_above", "compartment_id", "tier", postgresql_where=sa.text("tier > 1")),
        sa.Index("ix_incident_compartment_number", "compartment_id", sa.text("number DESC")),
    )
    number: Mapped[int] = mapped_column(
        sa.BigInteger, server_default=sa.text("nextval('incident_number')"), unique=True
    )
    title: Mapped[str] = mapped_column(default="", server_default="")
    stage: Mapped[str] = mapped_column(default="SG0", server_default="SG0")
    tier: Mapped[int] = mapped_column(default=1, server_default="1")
    mode: Mapped[str] = mapped_column(default="", server_default="")
    interview_language: Mapped[str] = mapped_column(default="", server_default="")
    interpreter: Mapped[str] = mapped_column(default="not_asked", server_default="not_asked")
    intake_finished_at: Mapped[dt.datetime | None]
    site_name: Mapped[str] = mapped_column(default="", server_default="")
    cross_streets: Mapped[str] = mapped_column(default="", server_default="")
    place: Mapped[str] = mapped_column(default="", server_default="")
    city: Mapped[str] = mapped_column(default="", server_default="")
    county: Mapped[str] = mapped_column(default="", server_default="")
    location_type: Mapped[str] = mapped_column(default="", server_default="")
    location_precision: Mapped[str] = mapped_column(default="LP.UNK", server_default="LP.UNK")
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    radius_m: Mapped[int | None]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    accounts: Mapped[list[Account]] = relationship(order_by="Account.created_at", back_populates="incident")

    @property
    def label(self) -> str:
        """The number as people say it, IN-0142."""
        return f"IN-{self.number:04d}"


class OfIncident(InCompartment):
    """A row that hangs on one incident and is guarded like it."""

    incident_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("incident.id"), index=True)


class Account(WhenColumns, OfIncident, Record):
    """What one person told, in their own words, with what only they saw.

    `answers` maps a field of the interview to {"state": answered|unknown|declined|not_asked, "value": ...}.
    """

    __tablename__ = "account"
    __field_classes__ = classes(
        public="person_id",
        confidential="role_in_incident narrative narrative_language narrative_at agents_low agents_high answers",
    )
    __table_args__ = (sa.CheckConstraint("earliest <= latest", name="interval"),)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("person.id"), index=True)
    role_in_incident: Mapped[str] = mapped_column(default="", server_default="")
    narrative: Mapped[str] = mapped_column(default="", server_default="")
    narrative_language: Mapped[str] = mapped_column(default="", server_default="")
    narrative_at: Mapped[dt.datetime | None]
    agents_low: Mapped[int | None]
    agents_high: Mapped[int | None]
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    incident: Mapped[Incident] = relationship(back_populates="accounts")


class Observation(OfIncident, Record):
    """One code of one set seen or told in one account: an agency, a vehicle, force, a factor, an outcome.

    basis: KB.*; confidence: stated, seen or inferred; quote: the words used, in the account's language.
    """

    __tablename__ = "observation"
    __field_classes__ = classes(public="account_id", confidential="term_set code basis confidence quote")
    __table_args__ = (sa.UniqueConstraint("account_id", "code"),)
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("account.id"))
    term_set: Mapped[str]
    code: Mapped[str]
    basis: Mapped[str] = mapped_column(default="", server_default="")
    confidence: Mapped[str] = mapped_column(default="stated", server_default="stated")
    quote: Mapped[str] = mapped_column(default="", server_default="")


class ClaimTag(OfIncident, Record):
    """A claim (CL.*) put on an incident: anyone may suggest, only an attorney confirms. Opinion work product."""

    __tablename__ = "claim_tag"
    __field_classes__ = classes(opinion="code status reason suggested_by_id decided_by_id decided_at")
    __table_args__ = (
        # One for each who suggests it: another's may be hidden from them, and an insert must not tell that it is there.
        sa.UniqueConstraint("incident_id", "code", "suggested_by_id"),
        sa.CheckConstraint("status in ('suggested', 'confirmed', 'rejected')", name="status"),
    )
    code: Mapped[str]
    status: Mapped[str] = mapped_column(default="suggested", server_default="suggested")
    reason: Mapped[str] = mapped_column(default="", server_default="")
    suggested_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    decided_at: Mapped[dt.datetime | None]


class Note(OfIncident, Record):
    """A working note. Work product (FRCP 26(b)(3)): never shown to another organisation."""

    __tablename__ = "note"
    __field_classes__ = classes(work_product="text language author_id")
    text: Mapped[str]
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    author_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
