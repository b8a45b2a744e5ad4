"""An analyst's projects, and what an organisation lets analysts count."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from intake.access.fields import classes
from intake.db import Base, Record


class Project(Record):
    """One question of one analyst about one matter. Pseudonyms stay the same within it and differ between two."""

    __tablename__ = "analysis_project"
    __field_classes__ = classes(public="user_id matter_id title closed_at")
    user_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"), index=True)
    matter_id: Mapped[int] = mapped_column(sa.ForeignKey("matter.id"))
    title: Mapped[str] = mapped_column(default="", server_default="")
    closed_at: Mapped[dt.datetime | None]


class Rule(Base):
    """What a compartment lets analysts count beside what was told: its claims (opinion work product), or not."""

    __tablename__ = "analysis_rule"
    __field_classes__ = classes(public="claims set_by_id set_at")
    compartment_id: Mapped[int] = mapped_column(sa.ForeignKey("compartment.id"), primary_key=True, autoincrement=False)
    claims: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    set_by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    set_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())


class Secret(Base):
    """The 32 random bytes from which a project's pseudonyms are made. The program's own role cannot read them."""

    __tablename__ = "secret"
    __table_args__ = ({"schema": "deidentified"},)
    project_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("analysis_project.id"), primary_key=True)
    salt: Mapped[bytes]
