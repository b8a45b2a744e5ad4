"""Which permissions stand today."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.people.models import Consent


@dataclass(frozen=True)
class Consents:
    """The newest answer to each scope. A scope that nobody asked about has none, and allows nothing."""

    newest: dict[str, Consent]

    def allows(self, scope: str) -> bool:
        """Tell whether the permission stands today."""
        consent = self.newest.get(scope)
        if consent is None or consent.answer != "yes":
            return False
        return consent.expires_on is None or consent.expires_on >= dt.datetime.now(dt.UTC).date()

    def state(self, scope: str) -> str:
        """Return yes, no, withdrawn or not_asked: four different things."""
        consent = self.newest.get(scope)
        return consent.answer if consent else "not_asked"


def consents_of(person_id: uuid.UUID) -> Consents:
    """Return the permissions of a person as they stand now."""
    rows = db.session.scalars(
        sa.select(Consent).where(Consent.person_id == person_id).order_by(Consent.answered_at, Consent.id)
    )
    return Consents({row.scope: row for row in rows})
