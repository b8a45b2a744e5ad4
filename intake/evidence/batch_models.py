"""What a sender said they would send, who is still sending, and what arrived and was not taken."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, Record
from intake.incidents.models import OfIncident


class EvidenceBatch(OfIncident, Record):
    """Files chosen together. files: how many were declared; size: their bytes; source: page or import.

    Complete only when every declared file is sealed with the hash that was declared for it; then `completed_at` and
    `manifest_sha256` (hex, of the lines "hash  size  path") are set, once.
    """

    __tablename__ = "evidence_batch"
    __field_classes__ = classes(
        public="account_id sent_by_id source once_key files size completed_at", media="manifest_sha256"
    )
    __table_args__ = (
        sa.CheckConstraint("files > 0", name="files"),
        sa.CheckConstraint("source in ('page', 'import')", name="source"),
        sa.UniqueConstraint("opened_by_id", "once_key"),
    )
    account_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("account.id"))
    sent_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    source: Mapped[str]
    once_key: Mapped[uuid.UUID]
    files: Mapped[int]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    completed_at: Mapped[dt.datetime | None]
    manifest_sha256: Mapped[str | None]


class BatchFile(OfIncident, Base):
    """One line of a batch's manifest, and the item that receives it once sending began.

    file_key: the once key that the file's upload will have; it finds the item again, and this line finds the item of
    a later try. path: folders and name as chosen; sha256: hex, where the sender knew it; failure: why it cannot be
    sent. Not logged: the batch's own row carries the hash of its manifest.
    """

    __tablename__ = "batch_file"
    __field_classes__ = classes(public="batch_id number file_key failure item_id", media="filename path size sha256")
    __table_args__ = (sa.Index("ix_batch_file_opened_by_id_file_key", "opened_by_id", "file_key"),)
    batch_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_batch.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    file_key: Mapped[uuid.UUID]
    filename: Mapped[str]
    path: Mapped[str] = mapped_column(default="", server_default="")
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None]
    failure: Mapped[str] = mapped_column(default="", server_default="")
    item_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("evidence_item.id"), index=True)


class UploadLease(OfIncident, Base):
    """Until when somebody is taken to be sending this file: the reconciler leaves it alone. Fleeting, not logged."""

    __tablename__ = "upload_lease"
    __field_classes__ = classes(public="item_id until")
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), primary_key=True)
    until: Mapped[dt.datetime]


class RejectedVersion(OfIncident, Record):
    """A stored version that is not the item: kept under its lock, never shown. why: the code of its failure."""

    __tablename__ = "rejected_version"
    __field_classes__ = classes(public="item_id why", media="version_id sha256 size")
    __table_args__ = (sa.UniqueConstraint("item_id", "version_id"),)
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"))
    version_id: Mapped[str]
    why: Mapped[str]
    sha256: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(sa.BigInteger)
