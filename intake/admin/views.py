"""People and roles, and the log."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("admin", __name__)


from intake.admin import glass_views, grant_views, log_views, people_views, wall_views  # noqa: E402, F401  (pages of the same blueprint)
