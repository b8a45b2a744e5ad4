"""Exports that the actor may see: their own, and those they may approve."""

from __future__ import annotations

import sqlalchemy as sa

from intake import db
from intake.access.models import User
from intake.exports.models import Export, ExportContent
from intake.incidents.models import Incident


def newest(limit: int = 50) -> list[tuple[Export, str]]:
    """Return exports with their askers' names, newest first."""
    query = sa.select(Export, User.display_name).join(User, User.id == Export.user_id)
    rows = db.session.execute(query.order_by(Export.created_at.desc()).limit(limit))
    return [(row[0], row[1]) for row in rows]


def seen_whole(export: Export) -> bool:
    """Tell whether the actor still sees every record that the finished file holds; no list of them counts as no."""
    held = sa.select(ExportContent.incident_id).where(
        ExportContent.export_id == export.id, ExportContent.object_key == export.object_key
    )
    hidden = held.where(~sa.exists().where(Incident.id == ExportContent.incident_id))
    if db.session.scalar(sa.select(sa.exists(hidden))):
        return False
    return not export.rows or bool(db.session.scalar(sa.select(sa.exists(held))))
