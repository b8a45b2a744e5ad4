"""Tiers of the protective order: how far up a grant must reach to see a record and everything that hangs on it.

0 open to the matter, 1 confidential (the default), 2 attorneys' eyes only, 3 sealed by a court (C.D. Cal. model
protective order; L.R. 79-5.2.2).
"""

from __future__ import annotations

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed
from intake.incidents.models import Incident

TIERS = (0, 1, 2, 3)


def reachable(incident: Incident) -> tuple[int, ...]:
    """Return the tiers that the actor may set: those that their own grant reaches, so nobody shuts themselves out."""
    highest = current().tier_in(incident.compartment_id, Permission.TIER_SET)
    return tuple(tier for tier in TIERS if tier <= highest) if highest >= incident.tier else ()


def set_tier(incident: Incident, tier: int) -> None:
    """Set the tier; it holds from everybody's next request, in search, counts, exports and jobs too.

    Raises Invalid for a tier that does not exist, NotAllowed beyond the actor's own grant.
    """
    if tier not in TIERS:
        raise Invalid({"tier": "unknown"})
    if tier not in reachable(incident):
        raise NotAllowed
    incident.tier = tier
    db.session.flush()
