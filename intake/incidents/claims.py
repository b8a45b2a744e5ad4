"""Claims on an incident: anyone who may, suggests; an attorney confirms or rejects. Opinion work product."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.errors import NotAllowed
from intake.incidents.models import ClaimTag, Incident, Note
from intake.taxonomy import taxonomy


def suggest_claim(incident: Incident, code: str, reason: str = "") -> ClaimTag:
    """Suggest a claim (CL.*); suggesting what stands already changes nothing. Raises Invalid for an unknown code."""
    me = current()
    if not me.may(Permission.CLAIM_SUGGEST):
        raise NotAllowed
    taxonomy("claim").term(code)
    found: ClaimTag | None = db.session.scalar(
        sa.select(ClaimTag).where(ClaimTag.incident_id == incident.id, ClaimTag.code == code)
    )
    if found:
        return found
    # Co-counsel's proposal carries their own name, so that they see it and nothing else of the owner's work product.
    author = incident.opened_by_id if me.may_change(incident) or me.user_id == incident.opened_by_id else me.user_id
    tag = ClaimTag(
        incident_id=incident.id,
        compartment_id=incident.compartment_id,
        opened_by_id=author,
        code=code,
        reason=reason.strip(),
        suggested_by_id=me.user_id,
    )
    db.session.add(tag)
    db.session.flush()
    return tag


def decide_claim(tag: ClaimTag, *, confirm: bool) -> None:
    """Confirm or reject a suggested claim. Raises NotAllowed for whoever is not a supervising attorney there."""
    if not current().may(Permission.CLAIM_CONFIRM, tag.compartment_id):
        raise NotAllowed
    tag.status = "confirmed" if confirm else "rejected"
    tag.decided_by_id = current().user_id
    tag.decided_at = dt.datetime.now(dt.UTC)
    db.session.flush()


def write_note(incident: Incident, text: str, language: str) -> Note:
    """Add a working note; it stays within the owning organisation (FRCP 26(b)(3)). Raises NotAllowed."""
    me = current()
    if not me.may(Permission.NOTE_WRITE, incident.compartment_id):
        raise NotAllowed
    note = Note(
        incident_id=incident.id,
        compartment_id=incident.compartment_id,
        opened_by_id=incident.opened_by_id,
        text=text,
        language=language,
        author_id=me.user_id,
    )
    db.session.add(note)
    db.session.flush()
    return note
