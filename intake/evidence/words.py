"""The states and steps of an item in words, for pages and for the uploader."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from intake.evidence.models import EvidenceItem

MADE_BY = {
    "not_asked": lazy_gettext("Not asked yet"),
    "the_person": lazy_gettext("The person, themself"),
    "known": lazy_gettext("Somebody the person knows"),
    "found": lazy_gettext("Somebody else: found online or passed on"),
    "unknown": lazy_gettext("The person does not know"),
    "declined": lazy_gettext("The person prefers not to say"),
}
MAY_BE_SHOWN = {
    "not_asked": lazy_gettext("Not asked yet"),
    "yes": lazy_gettext("Yes"),
    "no": lazy_gettext("No"),
    "unknown": lazy_gettext("The person does not know yet"),
    "declined": lazy_gettext("The person prefers not to say"),
}
FAILURES = {
    "taken_off": lazy_gettext("It was taken off the list before it was whole."),
    "stopped": lazy_gettext("Sending stopped and was not taken up again within a week. Choose the file again."),
    "hash_differs": lazy_gettext("What arrived is not what the device read. Choose the file again."),
    "size_differs": lazy_gettext("What arrived has another size than the file. Choose the file again."),
    "empty": lazy_gettext("The file is empty."),
    "too_large": lazy_gettext("The file is larger than 50 GB."),
    "unreadable": lazy_gettext("The file could not be read where it was. It may have been changed, moved or locked."),
    "lost": lazy_gettext("The store does not have what was sent. Choose the file again."),
}
STEPS = {
    "receiving": lazy_gettext("Sending began"),
    "received": lazy_gettext("Received whole"),
    "verified": lazy_gettext("Read back and sealed"),
    "checked": lazy_gettext("Checked again"),
    "described": lazy_gettext("Described"),
    "scanned": lazy_gettext("Scanned for harmful content"),
    "release_asked": lazy_gettext("Opening asked for by an attorney"),
    "released": lazy_gettext("Opened by an attorney's decision"),
    "derived": lazy_gettext("Made from it"),
    "viewed": lazy_gettext("Opened for viewing"),
    "copied": lazy_gettext("Copy downloaded"),
    "exported": lazy_gettext("Put into an export"),
    "failed": lazy_gettext("Not received"),
}


def _(text: str, **values: Any) -> str:  # noqa: ANN401
    return str(gettext(text, **values))


def state_label(item: EvidenceItem) -> str:
    """Return the item's state as people read it."""
    if item.state == "receiving":
        return _("Being checked") if item.version_id else _("Not whole yet")
    if item.state == "sealed":
        return _("Differs from the first copy, see history") if item.check_ok is False else _("Unchanged since upload")
    if item.state == "destroyed":
        return _("Destroyed by order of a court")
    return _("Held back, not opened") if item.state == "quarantined" else _("Not received")


def state_look(item: EvidenceItem) -> tuple[str, str]:
    """Return the class and the icon that stand beside the words."""
    if item.state == "receiving":
        return "wait", "clock"
    if item.state == "sealed":
        return ("bad", "warn") if item.check_ok is False else ("ok", "shield")
    return ("wait", "lock") if item.state == "quarantined" else ("bad", "warn")


def failure(item: EvidenceItem) -> str:
    """Return why the item was not received, and what to do."""
    return str(FAILURES.get(item.failure, "")) if item.state == "failed" else ""


def size_words(size: int) -> str:
    """Return a size in bytes as people read it: powers of 1,000, as phones show it."""
    if size < 1000:  # noqa: PLR2004
        return _("%(n)s bytes", n=size)
    for unit in ("KB", "MB", "GB"):
        size_in_unit = size / {"KB": 1e3, "MB": 1e6, "GB": 1e9}[unit]
        if size_in_unit < 999.5 or unit == "GB":  # noqa: PLR2004
            break
    return f"{size_in_unit:.0f} {unit}" if size_in_unit >= 10 else f"{size_in_unit:.1f} {unit}"  # noqa: PLR2004


def short_hash(sha256: str | None) -> str:
    """Return a hash's first and last four digits, enough to compare by eye beside the full one."""
    return f"{sha256[:4]}…{sha256[-4:]}" if sha256 else ""
