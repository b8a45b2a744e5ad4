"""Organisations, users, what they are granted, and their sessions."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base


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
    """A role (RO.*) of a user in a compartment, up to a protective-order tier (0 to 3), until it expires."""

    __tablename__ = "access_grant"
    __table_args__ = (sa.UniqueConstraint("user_id", "compartment_id", "role"),)
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"))
    role: Mapped[str]
    tier: Mapped[int] = mapped_column(default=1, server_default="1")
    expires_at: Mapped[dt.datetime | None]
    granted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))


class Wall(Base):
    """An ethical wall: this user sees nothing of this compartment, whatever they are granted."""

    __tablename__ = "ethical_wall"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), primary_key=True)
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"), primary_key=True)
    reason: Mapped[str]


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
    """A signed-in browser. Only the SHA-256 of its random token is kept, so a dump cannot sign in."""

    __tablename__ = "user_session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    started_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    ended_at: Mapped[dt.datetime | None]


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
