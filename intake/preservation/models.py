"""Sources of evidence that somebody else holds. Counsel's own plan: work product, never shared (FRCP 26(b)(3))."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Record
from intake.incidents.models import OfIncident

STATES = ("suspected", "asked", "promised", "obtained", "refused", "lost")
OPEN = ("suspected", "asked", "promised")


class PotentialSource(OfIncident, Record):
    """A recording that may exist elsewhere. kind: PS.*; state: one of STATES.

    days_low, days_high: after how many days it may, and will, be erased; a guess with its basis in words. quote: what
    the person said of it. item_id: the file that came of it.
    """

    __tablename__ = "potential_source"
    __field_classes__ = classes(
        public="kind state state_changed_at",
        work_product="what holder holder_address quote days_low days_high days_basis sent_on item_id",
    )
    __table_args__ = (
        sa.CheckConstraint("state in ('suspected', 'asked', 'promised', 'obtained', 'refused', 'lost')", name="state"),
        sa.CheckConstraint("0 < days_low and days_low <= days_high and days_high <= 3650", name="days"),
    )
    kind: Mapped[str]
    what: Mapped[str] = mapped_column(default="", server_default="")
    holder: Mapped[str] = mapped_column(default="", server_default="")
    holder_address: Mapped[str] = mapped_column(default="", server_default="")
    quote: Mapped[str] = mapped_column(default="", server_default="")
    days_low: Mapped[int]
    days_high: Mapped[int]
    days_basis: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[str] = mapped_column(default="suspected", server_default="suspected")
    state_changed_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    sent_on: Mapped[dt.date | None]
    item_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("evidence_item.id"))
