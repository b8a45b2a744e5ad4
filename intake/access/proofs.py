"""What proves who somebody is, as tables: passkeys, authenticator apps, recovery codes, invitations."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.db import Base


class _Kept(Base):
    """A proof has an unguessable id and a user; it is never deleted, only ended, so that the log stays readable."""

    __abstract__ = True
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=sa.text("uuidv7()"))
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class Passkey(_Kept):
    """A WebAuthn credential: the public key only. sign_count stays 0 where a passkey is synced between devices."""

    __tablename__ = "passkey"
    __table_args__ = (sa.Index("ix_passkey_user_id", "user_id"), sa.UniqueConstraint("credential_id"))
    name: Mapped[str]
    credential_id: Mapped[bytes]
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(sa.BigInteger)
    backed_up: Mapped[bool]
    transports: Mapped[list[str]]
    used_at: Mapped[dt.datetime | None]
    removed_at: Mapped[dt.datetime | None]


class Authenticator(_Kept):
    """An authenticator app (TOTP, RFC 6238): the secret sealed, and the last counter, so that a code works once."""

    __tablename__ = "authenticator"
    __table_args__ = (
        sa.Index("ix_authenticator_one_each", "user_id", unique=True, postgresql_where=sa.text("removed_at IS NULL")),
    )
    organisation_id: Mapped[int] = mapped_column(sa.ForeignKey("organisation.id"))
    key_id: Mapped[str]
    wrapped_key: Mapped[bytes]
    sealed: Mapped[dict[str, Any]]
    last_counter: Mapped[int] = mapped_column(sa.BigInteger)
    removed_at: Mapped[dt.datetime | None]


class RecoveryCode(_Kept):
    """One of ten codes on paper, each good once. 80 random bits, so its SHA-256 need not be slow."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.UniqueConstraint("user_id", "code_hash"),)
    code_hash: Mapped[bytes]
    used_at: Mapped[dt.datetime | None]


class Invitation(Base):
    """A one-time way to enrol, handed over in person: a random id in the address, a code that is typed.

    kind: 'first' (a new account), 'factors' (new second step, the password stays), 'password' (the other way round).
    claim_hash names the one browser that goes on with it; password_hash waits here until the enrolment is whole.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        sa.Index("ix_invitation_user_id", "user_id"),
        sa.CheckConstraint("kind IN ('first', 'factors', 'password')", name="kind"),
    )
    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=sa.func.gen_random_uuid())
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    kind: Mapped[str]
    secret_hash: Mapped[bytes]
    invited_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    expires_at: Mapped[dt.datetime]
    claim_hash: Mapped[bytes | None]
    password_hash: Mapped[str] = mapped_column(default="", server_default="")
    used_at: Mapped[dt.datetime | None]
    withdrawn_at: Mapped[dt.datetime | None]


class PasskeyChallenge(Base):
    """A WebAuthn challenge that waits for its one answer; any worker may take the answer. Only its hash is kept."""

    __tablename__ = "passkey_challenge"
    challenge_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str]
    user_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    expires_at: Mapped[dt.datetime]


class KnownNetwork(Base):
    """A network from which a user signed in before (keyed hash): guesses from elsewhere do not shut it out."""

    __tablename__ = "known_network"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), primary_key=True)
    network: Mapped[bytes] = mapped_column(primary_key=True)
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class DemonstrationUser(Base):
    """A user whom the demonstration's loader made as the database's owner; the program can only read who they are."""

    __tablename__ = "demonstration_user"
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), primary_key=True, autoincrement=False)
