"""Exports that the actor may see: their own, and those they may approve."""

from __future__ import annotations

import sqlalchemy as sa

from intake import db
from intake.access.models import User
from intake.exports.models import Export


def newest(limit: int = 50) -> list[tuple[Export, str]]:
    """Return exports with their askers' names, newest first."""
    query = sa.select(Export, User.display_name).join(User, User.id == Export.user_id)
    rows = db.session.execute(query.order_by(Export.created_at.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]
