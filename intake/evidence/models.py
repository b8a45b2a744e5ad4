"""Originals and their custody. Bytes are written once; acknowledged means read back and hashed."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from intake.access.fields import classes
from intake.db import Base, Record
from intake.incidents.models import OfIncident

# waiting: no scanner has looked yet; held: the scanner could not look; released: an attorney opened it all the same;
# made_here: a file that this program made for its demonstration.
SCANS = ("waiting", "clean", "infected", "held", "released", "made_here")
OPENS = frozenset({"clean", "released", "made_here"})


class EvidenceItem(OfIncident, Record):
    """One file from one person. Sizes in bytes; hashes hex SHA-256.

    state: receiving, sealed, failed, quarantined or destroyed (by a court's order).

    scan: what is known of harmful content, one of SCANS; nothing opens unless it is one of OPENS. content_type: what
    the bytes are, '' while nobody looked; media_type is only what the uploader's browser said.
    """

    __tablename__ = "evidence_item"
    __field_classes__ = classes(
        public="account_id added_by_id state failure once_key part_size sealed_at checked_at check_ok scan scanned_at",
        confidential="description evidence_type made_by may_be_shown",
        media="filename media_type content_type size object_key upload_id version_id device_sha256 sha256",
    )
    __table_args__ = (
        sa.CheckConstraint("state in ('receiving', 'sealed', 'failed', 'quarantined', 'destroyed')", name="state"),
        sa.Index(
            "ix_evidence_item_reread",
            "checked_at",
            postgresql_where=sa.text("sealed_at is not null and state <> 'destroyed'"),
        ),
        sa.CheckConstraint(
            "state <> 'sealed' or (sha256 is not null and version_id is not null and sealed_at is not null)",
            name="sealed_is_hashed",
        ),
        sa.CheckConstraint(f"scan in {SCANS}", name="scan"),
        sa.CheckConstraint("scan <> 'infected' or state = 'quarantined'", name="infected_is_quarantined"),
        sa.UniqueConstraint("opened_by_id", "once_key"),
        sa.Index(
            "ix_evidence_item_held",
            "compartment_id",
            "added_by_id",
            postgresql_include=["size"],
            postgresql_where=sa.text("state <> 'failed'"),
        ),
        sa.Index(
            "ix_evidence_item_unscanned",
            "id",
            postgresql_where=sa.text("scan in ('waiting', 'held') and state = 'sealed'"),
        ),
    )
    added_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    account_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("account.id"))
    filename: Mapped[str]
    media_type: Mapped[str] = mapped_column(default="application/octet-stream")
    size: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[str] = mapped_column(default="receiving", server_default="receiving")
    failure: Mapped[str] = mapped_column(default="", server_default="")
    once_key: Mapped[uuid.UUID]
    object_key: Mapped[str] = mapped_column(unique=True)
    upload_id: Mapped[str] = mapped_column(default="", server_default="")
    part_size: Mapped[int] = mapped_column(default=0, server_default="0")
    version_id: Mapped[str | None]
    device_sha256: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(index=True)
    sealed_at: Mapped[dt.datetime | None]
    checked_at: Mapped[dt.datetime | None]
    check_ok: Mapped[bool | None]
    scan: Mapped[str] = mapped_column(default="waiting", server_default="waiting")
    scanned_at: Mapped[dt.datetime | None]
    content_type: Mapped[str] = mapped_column(default="", server_default="")
    evidence_type: Mapped[str] = mapped_column(default="", server_default="")
    made_by: Mapped[str] = mapped_column(default="not_asked", server_default="not_asked")
    may_be_shown: Mapped[str] = mapped_column(default="not_asked", server_default="not_asked")
    description: Mapped[str] = mapped_column(default="", server_default="")
    custody: Mapped[list[CustodyEvent]] = relationship(order_by="CustodyEvent.at")

    @property
    def parts(self) -> int:
        """How many parts the upload has."""
        return -(-self.size // self.part_size)

    def part_bytes(self, number: int) -> int:
        """Return the size in bytes that part `number` (from 1) must have; 0 for a part that does not exist."""
        if not 1 <= number <= self.parts:
            return 0
        return min(self.part_size, self.size - (number - 1) * self.part_size)


class UploadPart(OfIncident, Base):
    """A part that the browser was allowed to send: its SHA-256 (base64), which joining the parts asks for again.

    `signed_at` of the newest part tells the reconciler whether somebody is still sending. Fleeting, not logged.
    """

    __tablename__ = "upload_part"
    __field_classes__ = classes(public="item_id number signed_at", media="sha256")
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sha256: Mapped[str]
    signed_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class CustodyEvent(OfIncident, Record):
    """One step in an item's custody.

    kind: receiving, received, verified, checked, described, viewed, copied, exported or failed.
    """

    __tablename__ = "custody_event"
    __field_classes__ = classes(public="item_id", media="kind at by_id detail")
    __table_args__ = (
        sa.Index(
            "uq_custody_event_one_verified", "item_id", unique=True, postgresql_where=sa.text("kind = 'verified'")
        ),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), index=True)
    kind: Mapped[str]
    at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
