"""The demonstration's second step: its code stands on the page, so that whoever tries the program gets in.

Only in a deployment marked as fictional, and only for users whom the demonstration's loader made as the database's
owner: the program itself may not write that table.
"""

from __future__ import annotations

import hashlib
import hmac

from intake import db
from intake.access.actor import Actor
from intake.access.proofs import DemonstrationUser
from intake.settings import Settings


def code_for(actor: Actor, settings: Settings) -> str:
    """Return the six digits that this session's second step takes, or '' where there is no such thing."""
    if not settings.fictional or db.session.get(DemonstrationUser, actor.user_id) is None:
        return ""
    digest = hmac.new(settings.secret_key.encode(), f"demonstration|{actor.token}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"
