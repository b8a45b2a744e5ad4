"""Showing what was made of an item. The original itself is never shown in a browser, only copied."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from intake.access.actor import current
from intake.audit.trail import record
from intake.errors import NotNow, NotThere
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import assert_open, closed
from intake.evidence.queries import seen_lately
from intake.media import queries
from intake.media.kinds import SERVED, family
from intake.media.models import Derivative
from intake.storage import Storage

View = Literal["image", "video", "audio", "pages", ""]
_ONE_VIEWING = dt.timedelta(minutes=10)
# family: (how it is shown, which derivative shows it, its number)
_SHOWS: dict[str, tuple[View, str, int]] = {
    "picture": ("image", "preview", 0),
    "video": ("video", "proxy", 0),
    "sound": ("audio", "proxy", 0),
    "pdf": ("pages", "page", 1),
}
# What is no viewing: too small, or one frame, beside many others.
_SIGNS = {"thumbnail", "poster"}


def viewable(item: EvidenceItem) -> View:
    """Return how a browser may show the item now, or '': closed, of another kind, or not prepared yet."""
    how, kind, _number = _SHOWS.get(family(item.content_type), ("", "", 0))
    return how if how and not closed(item) and kind in queries.kinds_of(item) else ""


def preparing(item: EvidenceItem) -> bool:
    """Tell whether something to show is still being made."""
    if closed(item):
        return False
    how, kind, number = _SHOWS.get(family(item.content_type), ("", "", 0))
    if not item.content_type:
        return not queries.derivatives_of(item)
    rows = queries.derivatives_of(item)
    return bool(how) and not any(row.kind == kind and row.number == number for row in rows)


def viewing_address(item: EvidenceItem, storage: Storage) -> str:
    """Return an address of what shows the item, for five minutes; who looks is written down first.

    Raises NotNow for a closed item and for one that nothing shows.
    """
    assert_open(item)
    if not viewable(item):
        raise NotNow("not_viewable")
    _how, kind, number = _SHOWS[family(item.content_type)]
    return made_address(item, kind, number, storage)


def made_address(item: EvidenceItem, kind: str, number: int, storage: Storage) -> str:
    """Return the address of one derivative for five minutes. Raises NotNow for a closed item, NotThere without one."""
    assert_open(item)
    made = queries.one(item, kind, number)
    if made is None or not made.object_key:
        raise NotThere
    if kind not in _SIGNS and not seen_lately(item, current().user_id, _ONE_VIEWING):
        record("view", subject="evidence_item", record_id=str(item.id), compartment_id=item.compartment_id)
        note(item, "viewed", kind=kind)
    return address(made, storage)


def address(made: Derivative, storage: Storage) -> str:
    """Return a signed address; its type is what this program makes, whatever a row says."""
    kind = SERVED["proxy_sound" if made.kind == "proxy" and made.detail.get("sound") else made.kind]
    name = f"{made.kind}-{made.sha256[:12]}.{kind.rpartition('/')[2].replace('jpeg', 'jpg')}"
    return storage.presign_get(made.object_key, "", name, kind, "inline", bucket=storage.exports_bucket)
