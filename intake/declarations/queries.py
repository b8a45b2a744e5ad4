"""Reads of declarations that more than one page uses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.access.policy import Permission
from intake.declarations.models import Declaration, DeclarationVersion, Paragraph, ReviewComment
from intake.errors import NotNow

OPEN_STATES = ("DS.DRAFT", "DS.REVIEW", "DS.TRANSLATED", "DS.READBACK", "DS.LOCKED")


def of_incident(incident_id: uuid.UUID) -> list[Declaration]:
    """Return an incident's declarations, oldest first."""
    return list(
        db.session.scalars(
            sa.select(Declaration).where(Declaration.incident_id == incident_id).order_by(Declaration.number)
        )
    )


def open_paragraphs(incident_id: uuid.UUID) -> list[tuple[Declaration, Paragraph]]:
    """Return the paragraphs of an incident's declarations that can still be changed, in their order."""
    query = (
        sa.select(Declaration, Paragraph)
        .join(Paragraph, Paragraph.declaration_id == Declaration.id)
        .where(Declaration.incident_id == incident_id, Declaration.locked_at.is_(None))
        .where(Declaration.state != "DS.WITHDRAWN")
        .order_by(Declaration.number, Paragraph.position)
    )
    return [(declaration, paragraph) for declaration, paragraph in db.session.execute(query)]


def held(declaration: Declaration) -> Declaration:
    """Return the declaration as it stands now, its row held until the transaction ends. Raises NoResultFound.

    Two steps, or a step and an edit, come one after the other: no text changes under a lock being set. Raises NotNow
    when it was locked meanwhile by somebody else, and with that closed to the one who only opened the intake.
    """
    db.session.flush()
    mine = sa.select(Declaration).where(Declaration.id == declaration.id)
    db.session.execute(mine.with_only_columns(Declaration.id).with_for_update()).one()
    now = mine.execution_options(populate_existing=True)
    if db.session.scalars(now).one_or_none() is None:
        raise NotNow("locked")
    db.session.expire(declaration, ["paragraphs"])
    return declaration


def waiting_for(actor: Actor, limit: int = 20) -> list[Declaration]:
    """Return what this user should act on: reviews for attorneys, own drafts for everyone, soonest due first."""
    if not actor.may(Permission.DECLARATION_DRAFT):
        return []
    mine = sa.and_(Declaration.state == "DS.DRAFT", Declaration.opened_by_id == actor.user_id)
    wanted = (
        sa.or_(mine, Declaration.state.in_(("DS.REVIEW", "DS.READBACK")))
        if actor.may(Permission.DECLARATION_REVIEW)
        else mine
    )
    query = sa.select(Declaration).where(wanted).order_by(Declaration.due_on.asc().nulls_last(), Declaration.number)
    return list(db.session.scalars(query.limit(limit)))


def listed(
    states: Sequence[str] = (), before: int | None = None, limit: int = 51, opened_by_id: int | None = None
) -> list[Declaration]:
    """Return declarations, newest first, of the given states (all by default), older than number `before`."""
    query = _filtered(states, opened_by_id).order_by(Declaration.number.desc()).limit(limit)
    if before is not None:
        query = query.where(Declaration.number < before)
    return list(db.session.scalars(query))


def due(
    states: Sequence[str] = (), start: int = 0, limit: int = 51, opened_by_id: int | None = None
) -> list[Declaration]:
    """Return declarations that have a due date, soonest first, without the first `start`."""
    query = _filtered(states, opened_by_id).where(Declaration.due_on.is_not(None))
    return list(db.session.scalars(query.order_by(Declaration.due_on, Declaration.number).offset(start).limit(limit)))


def _filtered(states: Sequence[str], opened_by_id: int | None) -> sa.Select[Any]:
    query: sa.Select[Any] = sa.select(Declaration)
    if states:
        query = query.where(Declaration.state.in_(states))
    if opened_by_id is not None:
        query = query.where(Declaration.opened_by_id == opened_by_id)
    return query


def lengths_of(declarations: Sequence[Declaration]) -> dict[uuid.UUID, int]:
    """Return how many paragraphs each has, in one question to the database."""
    query = sa.select(Paragraph.declaration_id, sa.func.count()).group_by(Paragraph.declaration_id)
    rows = db.session.execute(query.where(Paragraph.declaration_id.in_([d.id for d in declarations])))
    return {row[0]: row[1] for row in rows}


def versions_of(declaration_id: uuid.UUID) -> list[DeclarationVersion]:
    """Return the kept versions, newest first."""
    query = sa.select(DeclarationVersion).where(DeclarationVersion.declaration_id == declaration_id)
    return list(db.session.scalars(query.order_by(DeclarationVersion.number.desc())))


def comments_of(declaration_id: uuid.UUID) -> list[ReviewComment]:
    """Return the reviewers' questions, oldest first."""
    query = sa.select(ReviewComment).where(ReviewComment.declaration_id == declaration_id)
    return list(db.session.scalars(query.order_by(ReviewComment.created_at)))
