"""The one gate before a file's bytes: nothing is shown, copied, exported or worked on unless `closed` says ''."""

from __future__ import annotations

from intake.errors import NotNow
from intake.evidence.models import OPENS, EvidenceItem


def closed(item: EvidenceItem) -> str:
    """Return why the item may not be opened by anybody, or '' when it may.

    not_sealed: its bytes were not read back yet, or never came whole; differs: a later check found other bytes;
    infected: a scanner found harmful content; not_scanned: no scanner looked, so nobody knows.
    """
    if item.scan == "infected":
        return "infected"
    if item.state != "sealed":
        return "not_sealed"
    if item.check_ok is False:
        return "differs"
    return "" if item.scan in OPENS else "not_scanned"


def assert_open(item: EvidenceItem) -> None:
    """Do nothing for an item that may be opened. Raises NotNow with the code of `closed`."""
    if why := closed(item):
        raise NotNow(why)
