"""Showing one incident to another organisation of the matter: read-only, without work product, revocable."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.models import Compartment, Share
from intake.access.policy import Permission
from intake.errors import Invalid, NotAllowed, NotThere
from intake.incidents.models import Account, Incident
from intake.people.queries import consents_of


def share_incident(incident: Incident, organisation_id: int) -> Share:
    """Share with an organisation of the same matter. Every person in it must have agreed (CN.COCOUNSEL).

    Raises NotAllowed, NotThere for an organisation outside the matter, Invalid without consent.
    """
    me = current()
    if not me.may(Permission.SHARE, incident.compartment_id):
        raise NotAllowed
    own = db.session.get_one(Compartment, incident.compartment_id)
    other = db.session.scalar(
        sa.select(Compartment).where(
            Compartment.matter_id == own.matter_id, Compartment.organisation_id == organisation_id
        )
    )
    if other is None or other.id == own.id:
        raise NotThere
    people = db.session.scalars(sa.select(Account.person_id).where(Account.incident_id == incident.id))
    if not all(consents_of(person).allows("CN.COCOUNSEL") for person in people):
        raise Invalid({"consent": "missing"})
    share: Share | None = db.session.scalar(
        sa.select(Share).where(Share.incident_id == incident.id, Share.to_compartment_id == other.id)
    )
    if share is None:
        share = Share(
            incident_id=incident.id, compartment_id=own.id, opened_by_id=me.user_id, to_compartment_id=other.id
        )
        db.session.add(share)
    share.revoked_at = None
    db.session.flush()
    return share


def revoke_share(share: Share) -> None:
    """End a share from the next request on. Raises NotAllowed."""
    if not current().may(Permission.SHARE, share.compartment_id):
        raise NotAllowed
    share.revoked_at = dt.datetime.now(dt.UTC)
    db.session.flush()
