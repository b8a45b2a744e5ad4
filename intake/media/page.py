"""What an item's page shows beside its custody: how to see it, its scan, its claims and text, what is like it."""

from __future__ import annotations

from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import closed
from intake.media import queries, services
from intake.media.alike import Alike, like
from intake.media.forms import ReleaseForm


def beside(item: EvidenceItem) -> dict[str, Any]:
    """Return the names that evidence/item.html and its parts read."""
    return {
        "view": services.viewable(item),
        "preparing": services.preparing(item),
        "closed": closed(item),
        "about": queries.about(item),
        "scan": queries.last_scan(item),
        "alike": _alike(item),
        "release_asked": queries.release_asked(item),
        "release_form": ReleaseForm(formdata=None),
        "may_release": current().may(Permission.EVIDENCE_RELEASE, item.compartment_id),
        "me": current().user_id,
    }


def _alike(item: EvidenceItem) -> list[tuple[EvidenceItem, Alike]]:
    found = [] if closed(item) else like(item)
    named = {each.item_id: db.session.get(EvidenceItem, each.item_id) for each in found}
    return [(other, each) for each in found if (other := named[each.item_id]) is not None]
