"""Declarations: one person's statement in numbered paragraphs, each with its basis of knowledge and its sources."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from intake.access.fields import classes
from intake.db import Record
from intake.incidents.models import OfIncident


class Declaration(OfIncident, Record):
    """state: DS.*; oath_form: OA.*; text_hash: hex SHA-256 of the locked text, bound to the signature page."""

    __tablename__ = "declaration"
    __field_classes__ = classes(
        public="number account_id person_id state state_changed_at language original_language"
        " due_on reviewer_id approved_by_id approved_at locked_at text_hash",
        confidential="name_style oath_form oath_reason in_support_of executed_place executed_on certificate",
    )
    __table_args__ = (
        # Who opened the intake no longer reaches these (access/reach.py).
        sa.Index(
            "ix_declaration_closed", "opened_by_id", "incident_id", postgresql_where=sa.text("locked_at IS NOT NULL")
        ),
    )
    number: Mapped[int] = mapped_column(
        sa.BigInteger, server_default=sa.text("nextval('declaration_number')"), unique=True
    )
    account_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("account.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("person.id"), index=True)
    state: Mapped[str] = mapped_column(default="DS.DRAFT", server_default="DS.DRAFT")
    state_changed_at: Mapped[dt.datetime] = mapped_column(server_default=sa.func.clock_timestamp())
    language: Mapped[str] = mapped_column(default="en", server_default="en")
    original_language: Mapped[str] = mapped_column(default="en", server_default="en")
    name_style: Mapped[str] = mapped_column(default="pseudonym", server_default="pseudonym")
    oath_form: Mapped[str] = mapped_column(default="OA.UNIVERSAL", server_default="OA.UNIVERSAL")
    oath_reason: Mapped[str] = mapped_column(default="", server_default="")
    in_support_of: Mapped[str] = mapped_column(default="", server_default="")
    executed_place: Mapped[str] = mapped_column(default="", server_default="")
    executed_on: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    certificate: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default=sa.text("'{}'"))
    reviewer_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    approved_by_id: Mapped[int | None] = mapped_column(sa.ForeignKey("app_user.id"))
    approved_at: Mapped[dt.datetime | None]
    locked_at: Mapped[dt.datetime | None]
    text_hash: Mapped[str | None]
    paragraphs: Mapped[list[Paragraph]] = relationship(
        order_by="Paragraph.position", back_populates="declaration", cascade="all, delete-orphan"
    )

    @property
    def label(self) -> str:
        """The number as people say it, D-0007."""
        return f"D-{self.number:04d}"


class Paragraph(OfIncident, Record):
    """One numbered paragraph: court-language text, the person's own words beside it, basis (KB.*).

    confirmed_at: when the person, hearing it read, said that it is right; any later change of words clears it.
    """

    __tablename__ = "paragraph"
    __field_classes__ = classes(
        public="declaration_id position",
        confidential="heading text original original_language basis confirmed_at",
    )
    declaration_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("declaration.id"), index=True)
    position: Mapped[int]
    heading: Mapped[str] = mapped_column(default="", server_default="")
    text: Mapped[str] = mapped_column(default="", server_default="")
    original: Mapped[str] = mapped_column(default="", server_default="")
    original_language: Mapped[str] = mapped_column(default="", server_default="")
    basis: Mapped[str] = mapped_column(default="", server_default="")
    confirmed_at: Mapped[dt.datetime | None]
    declaration: Mapped[Declaration] = relationship(back_populates="paragraphs")
    sources: Mapped[list[ParagraphSource]] = relationship(
        order_by="ParagraphSource.id", lazy="selectin", cascade="all, delete-orphan"
    )


class ParagraphSource(OfIncident, Record):
    """What a paragraph rests on: a file (at a second or page) or a stretch of the narrative."""

    __tablename__ = "paragraph_source"
    __field_classes__ = classes(public="paragraph_id item_id", confidential="locator")
    paragraph_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("paragraph.id"), index=True)
    item_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("evidence_item.id"))
    locator: Mapped[str] = mapped_column(default="", server_default="")


class DeclarationVersion(OfIncident, Record):
    """The whole text as it stood at a change of state; never changed."""

    __tablename__ = "declaration_version"
    __field_classes__ = classes(public="declaration_id number state text_hash by_id", confidential="text")
    __table_args__ = (sa.UniqueConstraint("declaration_id", "number"),)
    declaration_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("declaration.id"), index=True)
    number: Mapped[int]
    state: Mapped[str]
    text: Mapped[dict[str, Any]]
    text_hash: Mapped[str]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))


class ReviewComment(OfIncident, Record):
    """A reviewer's question on a paragraph; open until resolved. Work product."""

    __tablename__ = "review_comment"
    __field_classes__ = classes(public="declaration_id paragraph_id", work_product="text by_id resolved_at")
    declaration_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("declaration.id"), index=True)
    paragraph_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("paragraph.id", ondelete="SET NULL"))
    text: Mapped[str]
    by_id: Mapped[int] = mapped_column(sa.ForeignKey("app_user.id"))
    resolved_at: Mapped[dt.datetime | None]
