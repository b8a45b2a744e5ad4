"""How an item came to us, what must be kept, and what was destroyed by a court's order."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import InCompartment, Record
from intake.incidents.models import OfIncident


class ItemOrigin(OfIncident, Record):
    """How an item came: codes of evidence.origins, empty for not asked yet. One row for each item.

    device_model: make and model as told, never a name; got_on: the day we got it, where it was before the upload.
    """

    __tablename__ = "item_origin"
    __field_classes__ = classes(public="item_id", media="from_whom method device_kind device_model held_by got_on")
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"), unique=True)
    from_whom: Mapped[str] = mapped_column(default="", server_default="")
    method: Mapped[str] = mapped_column(default="", server_default="")
    device_kind: Mapped[str] = mapped_column(default="", server_default="")
    device_model: Mapped[str] = mapped_column(default="", server_default="")
    held_by: Mapped[str] = mapped_column(default="", server_default="")
    got_on: Mapped[dt.date | None]


class LegalHold(InCompartment, Record):
    """What must be kept whatever else is ordered: one incident, or the whole matter where incident_id is empty.

    reason: HC.* of the set hold_class; reference: the letter or order it rests on, in counsel's words.
    """

    __tablename__ = "legal_hold"
    __field_classes__ = classes(
        public="reason placed_by_id lifted_at lifted_by_id", work_product="reference lifted_why"
    )
    __table_args__ = (
        sa.CheckConstraint(
            "(lifted_at is null) = (lifted_by_id is null) and (lifted_at is null or lifted_why <> '')", name="lifted"
        ),
    )
    incident_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("incident.id"), index=True)
    reason: Mapped[str]
    reference: Mapped[str] = mapped_column(default="", server_default="")
    placed_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    lifted_at: Mapped[dt.datetime | None]
    lifted_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    lifted_why: Mapped[str] = mapped_column(default="", server_default="")


class Destruction(OfIncident, Record):
    """An order to destroy one item, and afterwards its tombstone: what it was (hash, bytes), by which order, by whom.

    state: asked; refused or approved by a second person; stopped by a hold that came meanwhile; done.
    """

    __tablename__ = "destruction"
    __field_classes__ = classes(
        public="item_id state asked_by_id decided_by_id decided_at destroyed_at",
        media="authority ordered_on sha256 size",
    )
    __table_args__ = (
        sa.CheckConstraint("state in ('asked', 'refused', 'approved', 'stopped', 'done')", name="state"),
        sa.CheckConstraint("decided_by_id <> asked_by_id or state = 'refused'", name="two_people"),
        sa.CheckConstraint(
            "(state = 'asked') = (decided_by_id is null) and (state = 'done') = (destroyed_at is not null)",
            name="decided",
        ),
        sa.Index(
            "uq_destruction_one_open",
            "item_id",
            unique=True,
            postgresql_where=sa.text("state in ('asked', 'approved', 'done')"),
        ),
    )
    item_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("evidence_item.id"))
    authority: Mapped[str]
    ordered_on: Mapped[dt.date]
    state: Mapped[str] = mapped_column(default="asked", server_default="asked")
    asked_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    decided_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    decided_at: Mapped[dt.datetime | None]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    destroyed_at: Mapped[dt.datetime | None]
