"""Liveness and readiness for supervisors and load balancers; both open, both without content."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from intake import db

bp = Blueprint("health", __name__, url_prefix="/health")


@bp.get("/live")
def live() -> ResponseReturnValue:
    """Answer that the process runs."""
    return "live\n", 200, {"Content-Type": "text/plain"}


@bp.get("/ready")
def ready() -> ResponseReturnValue:
    """Answer that both stores answer. Raises DatabaseUnavailable, StoreUnavailable: 503."""
    with db.transaction():
        db.session.execute(sa.text("select 1"))
    current_app.extensions["storage"].ping()
    return "ready\n", 200, {"Content-Type": "text/plain"}
