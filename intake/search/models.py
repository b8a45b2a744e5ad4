"""The search index, kept by triggers, and saved searches."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, InCompartment, Record


class SearchEntry(InCompartment, Base):
    """What one incident can be found by. layer: 'own' for its organisation, 'shared' without work product,
    'opened' without what others than the intake's opener noted or claim (only where somebody did).

    Each reader sees exactly one layer of an incident. Written only by the triggers in the database.
    """

    __tablename__ = "search_entry"
    __field_classes__ = classes(
        public="layer number stage state location_type",
        confidential="earliest latest agencies observed place latitude longitude",
        opinion="claims",
        work_product="words",
    )
    __table_args__ = (
        sa.Index("ix_search_entry_words", "words", postgresql_using="gin"),
        sa.Index("ix_search_entry_agencies", "agencies", postgresql_using="gin"),
        sa.Index("ix_search_entry_claims", "claims", postgresql_using="gin"),
        sa.Index("ix_search_entry_newest", "compartment_id", sa.text("number DESC")),
        sa.Index("ix_search_entry_number", sa.text("number DESC")),
        sa.Index("ix_search_entry_interval", "earliest", "latest"),
    )
    incident_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("incident.id", ondelete="CASCADE"), primary_key=True)
    layer: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(sa.BigInteger)
    earliest: Mapped[dt.date | None]
    latest: Mapped[dt.date | None]
    agencies: Mapped[list[str]]
    claims: Mapped[list[str]]
    observed: Mapped[list[str]]
    place: Mapped[str]
    location_type: Mapped[str]
    stage: Mapped[str]
    state: Mapped[str]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    words: Mapped[Any] = mapped_column(pg.TSVECTOR)


class SavedSearch(Record):
    """A search kept on the server so that its words never stand in a URL. Only its owner sees it."""

    __tablename__ = "saved_search"
    __field_classes__ = classes(public="user_id last_run_at", confidential="words name filters")
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    words: Mapped[str] = mapped_column(default="", server_default="")
    name: Mapped[str] = mapped_column(default="", server_default="")
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    last_run_at: Mapped[dt.datetime | None]
