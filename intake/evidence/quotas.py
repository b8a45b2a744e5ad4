"""How many bytes a user and an organisation may hold."""

from __future__ import annotations

import sqlalchemy as sa

from intake import db
from intake.errors import QuotaReached
from intake.settings import Settings

_GB = 10**9


def check(compartment_id: int, settings: Settings, *, more: int = 0) -> None:
    """Refuse when what is held, with `more` bytes to come, is above a limit. Raises QuotaReached.

    The acting user's limit counts what they added; the organisation's counts everything of its compartments. 0 in the
    settings means no limit. Two starts at once may each pass and go over by one file together.
    """
    if not settings.quota_user_gb and not settings.quota_organisation_gb:
        return
    held = db.session.execute(
        sa.text("select mine, organisation from access.held_bytes(:compartment)"), {"compartment": compartment_id}
    ).one()
    limits = {
        "user": (held.mine, settings.quota_user_gb),
        "organisation": (held.organisation, settings.quota_organisation_gb),
    }
    for whose, (bytes_held, limit) in limits.items():
        if limit and bytes_held + more > limit * _GB:
            raise QuotaReached(whose)
