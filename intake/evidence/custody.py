"""The custody list: who did what with an item, in the order it happened."""

from __future__ import annotations

from typing import Any

from intake import db
from intake.access.actor import current
from intake.evidence.models import CustodyEvent, EvidenceItem


def note(item: EvidenceItem, kind: str, /, **detail: Any) -> None:  # noqa: ANN401
    """Add one step to the item's custody list, by the one who acts.

    kind: receiving, received, verified, checked, described, viewed, copied, exported or failed; detail: hashes,
    sizes (bytes) and codes, never a name.
    """
    event = CustodyEvent(
        item_id=item.id,
        incident_id=item.incident_id,
        compartment_id=item.compartment_id,
        opened_by_id=item.opened_by_id,
        kind=kind,
        by_id=current().user_id,
        detail=detail,
    )
    db.session.add(event)
    db.session.flush()
