"""Reads of declarations that more than one page uses."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.access.policy import Permission
from intake.declarations.models import Declaration, DeclarationVersion, ReviewComment

OPEN_STATES = ("DS.DRAFT", "DS.REVIEW", "DS.TRANSLATED", "DS.READBACK", "DS.LOCKED")


def of_incident(incident_id: uuid.UUID) -> list[Declaration]:
    """Return an incident's declarations, oldest first."""
    return list(db.session.scalars(sa.select(Declaration).where(Declaration.incident_id == incident_id).order_by(Declaration.number)))


def waiting_for(actor: Actor, limit: int = 20) -> list[Declaration]:
    """Return what this user should act on: reviews for attorneys, own drafts for everyone, soonest due first."""
    if not actor.may(Permission.DECLARATION_DRAFT):
        return []
    mine = sa.and_(Declaration.state == "DS.DRAFT", Declaration.opened_by_id == actor.user_id)
    wanted = sa.or_(mine, Declaration.state.in_(("DS.REVIEW", "DS.READBACK"))) if actor.may(Permission.DECLARATION_REVIEW) else mine
    query = sa.select(Declaration).where(wanted).order_by(Declaration.due_on.asc().nulls_last(), Declaration.number)
    return list(db.session.scalars(query.limit(limit)))


def listed(states: Sequence[str] = (), before: int | None = None, limit: int = 51) -> list[Declaration]:
    """Return declarations, newest first, of the given states (all by default), older than number `before`."""
    query = sa.select(Declaration).order_by(Declaration.number.desc()).limit(limit)
    if states:
        query = query.where(Declaration.state.in_(states))
    if before is not None:
        query = query.where(Declaration.number < before)
    return list(db.session.scalars(query))


def versions_of(declaration_id: uuid.UUID) -> list[DeclarationVersion]:
    """Return the kept versions, newest first."""
    query = sa.select(DeclarationVersion).where(DeclarationVersion.declaration_id == declaration_id)
    return list(db.session.scalars(query.order_by(DeclarationVersion.number.desc())))


def comments_of(declaration_id: uuid.UUID) -> list[ReviewComment]:
    """Return the reviewers' questions, oldest first."""
    query = sa.select(ReviewComment).where(ReviewComment.declaration_id == declaration_id)
    return list(db.session.scalars(query.order_by(ReviewComment.created_at)))
