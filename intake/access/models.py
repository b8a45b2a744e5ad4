"""Organisations, users, what they are granted, and their sessions."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, Record


class Organisation(Base):
    """A legal-aid group or law office; the owner of the records its people open."""

    __tablename__ = "organisation"
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    short_name: Mapped[str]


class Compartment(Base):
    """One organisation's share of one matter, under its numbered common-interest agreement."""

    __tablename__ = "compartment"
    __table_args__ = (sa.UniqueConstraint("matter_id", "organisation_id"),)
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    matter_id: Mapped[int] = mapped_column(sa.ForeignKey("matter.id"))
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    agreement_no: Mapped[str] = mapped_column(default="")
    left_on: Mapped[dt.date | None]


class User(Base):
    """A person who signs in. What they may see follows from their grants alone."""

    __tablename__ = "app_user"
    __table_args__ = (sa.CheckConstraint("email = lower(email)", name="email_lower"),)
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    email: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    single_key_shortcuts: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    active: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class Grant(Base):
    """A role (RO.*) of a user in a compartment, up to a protective-order tier (0 to 3), until it expires.

    One that awaits confirmation by a supervising attorney opens nothing yet (security page, requirements 30 and 33).
    """

    __tablename__ = "access_grant"
    __table_args__ = (sa.CheckConstraint("tier BETWEEN 0 AND 3", name="tier"),)
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    role: Mapped[str]
    tier: Mapped[int] = mapped_column(default=1, server_default="1")
    expires_at: Mapped[dt.datetime | None]
    granted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    awaits_confirmation: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    confirmed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    confirmed_at: Mapped[dt.datetime | None]


class Wall(Base):
    """An ethical wall: this user sees nothing of this compartment, or of one incident in it, whatever they hold."""

    __tablename__ = "ethical_wall"
    __table_args__ = (
        sa.Index(
            "ix_ethical_wall_standing",
            "user_id",
            "compartment_id",
            "incident_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=sa.text("ended_at IS NULL"),
        ),
    )
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    incident_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("incident.id"))
    reason: Mapped[str]
    built_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    built_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    ended_at: Mapped[dt.datetime | None]
    ended_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    end_reason: Mapped[str] = mapped_column(default="", server_default="")


class BreakGlass(Record):
    """One record opened for 60 minutes to somebody whom their grants do not let in; two people, and a review.

    number: as the asker typed it; without an incident it exists not, or not for them. Written by access.ask_glass and
    its sisters alone (reach_acts.py).
    """

    __tablename__ = "break_glass"
    __field_classes__ = classes(
        public="number asked_by_id reason allowed_by_id allowed_at ends_at ended_at refused_at"
        " reviewed_by_id reviewed_at justified review"
    )
    __table_args__ = (
        sa.CheckConstraint("allowed_by_id <> asked_by_id AND reviewed_by_id <> asked_by_id", name="two_people"),
        sa.CheckConstraint("ends_at <= allowed_at + interval '60 minutes'", name="an_hour"),
    )
    compartment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("compartment.id"), index=True)
    incident_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("incident.id"))
    number: Mapped[int] = mapped_column(sa.BigInteger)
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    reason: Mapped[str]
    allowed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    allowed_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]
    ended_at: Mapped[dt.datetime | None]
    refused_at: Mapped[dt.datetime | None]
    reviewed_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    reviewed_at: Mapped[dt.datetime | None]
    justified: Mapped[bool | None]
    review: Mapped[str] = mapped_column(default="", server_default="")


class Notice(Base):
    """Something a user must be told: a code and a record's identifier, never content. The page has the words."""

    __tablename__ = "notice"
    __field_classes__ = classes(public="user_id code record_id seen_at")
    __table_args__ = (sa.Index("ix_notice_open", "user_id", postgresql_where=sa.text("seen_at IS NULL")),)
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    compartment_id: Mapped[int | None] = mapped_column(sa.ForeignKey("compartment.id"))
    code: Mapped[str]
    record_id: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    seen_at: Mapped[dt.datetime | None]


class Share(Base):
    """One incident shown to another organisation's compartment, read-only, until revoked."""

    __tablename__ = "share"
    __field_classes__ = classes(public="to_compartment_id revoked_at")
    __table_args__ = (sa.UniqueConstraint("incident_id", "to_compartment_id"),)
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    incident_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("incident.id"))
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    opened_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    to_compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"), index=True)
    revoked_at: Mapped[dt.datetime | None]


class Session(Base):
    """A signed-in browser. Only the SHA-256 of its random token is kept, so a dump cannot sign in.

    method: how its user proved who they are; 'password' alone opens nothing. proved_at: when they last did.
    """

    __tablename__ = "user_session"
    __table_args__ = (
        sa.UniqueConstraint("id"),
        sa.CheckConstraint("method IN ('password', 'totp', 'recovery', 'passkey', 'demonstration')", name="method"),
    )
    id: Mapped[uuid.UUID] = mapped_column(server_default=sa.func.gen_random_uuid())
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    started_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    ended_at: Mapped[dt.datetime | None]
    method: Mapped[str] = mapped_column(default="password", server_default="password")
    proved_at: Mapped[dt.datetime | None]
    agent: Mapped[str] = mapped_column(default="", server_default="")


class SignInAttempt(Base):
    """Failed sign-ins per account and per network, counted in PostgreSQL so that all workers share the limit."""

    __tablename__ = "sign_in_attempt"
    subject: Mapped[bytes] = mapped_column(primary_key=True)
    window_start: Mapped[dt.datetime] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0, server_default="0")


class OnceKey(Base):
    """The idempotency key of a creating form: same key, one effect; same key with other content, 409."""

    __tablename__ = "once_key"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), primary_key=True)
    key: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    content_hash: Mapped[bytes]
    answer: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
