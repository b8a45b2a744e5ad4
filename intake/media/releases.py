"""Opening what no scanner cleared: an attorney's decision with a reason; for an infected file that of two attorneys."""

from __future__ import annotations

import sqlalchemy as sa

from intake import db, jobs
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import closed
from intake.media.models import ScanRelease
from intake.media.queries import release_asked
from intake.media.scans import set_scan

LONGEST = 2000  # characters of a reason


def release(item: EvidenceItem, reason: str) -> bool:
    """Open an unscanned item, or ask for (then, as the second attorney, grant) the opening of an infected one.

    Returns whether it is open now. Raises NotAllowed, Invalid without a reason, NotNow where nothing holds it back or
    the same attorney asks twice.
    """
    actor = current()
    if not actor.may(Permission.EVIDENCE_RELEASE, item.compartment_id):
        raise NotAllowed
    if not 0 < len(reason.strip()) <= LONGEST:
        raise Invalid({"reason": "missing"})
    item = db.session.get_one(EvidenceItem, item.id, with_for_update=True, populate_existing=True)
    if closed(item) not in {"not_scanned", "infected"}:
        raise NotNow("not_held")
    asked = release_asked(item)
    if asked is not None and asked.asked_by_id == actor.user_id:
        raise NotNow("second_attorney")
    if asked is None:
        asked = _ask(item, reason)
    if item.scan == "infected" and asked.asked_by_id == actor.user_id:
        note(item, "release_asked", finding=item.scan)
        return False
    _grant(item, asked)
    return True


def _ask(item: EvidenceItem, reason: str) -> ScanRelease:
    asked = ScanRelease(
        item_id=item.id,
        incident_id=item.incident_id,
        compartment_id=item.compartment_id,
        opened_by_id=item.opened_by_id,
        finding=item.scan,
        reason=reason.strip(),
        asked_by_id=current().user_id,
    )
    db.session.add(asked)
    db.session.flush()
    return asked


def _grant(item: EvidenceItem, asked: ScanRelease) -> None:
    asked.granted_by_id, asked.granted_at = current().user_id, sa.func.clock_timestamp()
    finding = item.scan
    db.session.flush()
    set_scan(item, "released")
    record("scan_release", subject="evidence_item", record_id=str(item.id), compartment_id=item.compartment_id)
    note(item, "released", finding=finding, release=str(asked.id))
    jobs.defer("derive_item", user_id=current().user_id, item_id=item.id)
