"""Custody in words: what each step says, why a check is red, how an order stands."""

from __future__ import annotations

from flask_babel import gettext, lazy_gettext

from intake.errors import Invalid, NotNow
from intake.evidence.custody_queries import Step
from intake.evidence.words import STEPS, short_hash

MORE_STEPS = {
    "origin": lazy_gettext("Said how it came to us"),
    "certified": lazy_gettext("Named in a draft certificate"),
    "destruction_asked": lazy_gettext("Destruction asked for, by order of a court"),
    "destruction_refused": lazy_gettext("Destruction refused"),
    "destruction_approved": lazy_gettext("Destruction approved by a second person"),
    "destruction_stopped": lazy_gettext("Destruction stopped: a hold stands"),
    "closed_by_order": lazy_gettext("Closed for good, by order of a court"),
    "destroyed": lazy_gettext("Destroyed by order of a court"),
}
STEPS.update(MORE_STEPS)  # the item's own page tells the same steps
RED = {
    "not_sealed": lazy_gettext("It is not whole and sealed."),
    "differs": lazy_gettext("The last check found other bytes than were sealed."),
    "not_lately": lazy_gettext("It was not read again lately. Read it again first."),
}
BLOCKED = {
    "checks": lazy_gettext("Nothing was made: a check of at least one file is red."),
    "none": lazy_gettext("Choose at least one file."),
    "too_many": lazy_gettext("Choose at most 500 files."),
    "several_matters": lazy_gettext("Choose files of one matter only."),
    "not_scanned": lazy_gettext("At least one file was not scanned for harmful content yet, so it does not leave."),
    "infected": lazy_gettext("A scanner found something harmful in at least one file, so it does not leave."),
    "no_log": lazy_gettext("The log has no signed head yet. Try again in a minute."),
}
OATHS = {
    "OA.UNIVERSAL": lazy_gettext("Valid everywhere: names the laws of the United States"),
    "OA.US": lazy_gettext("Signed inside the United States: the shorter words"),
    "OA.ABROAD": lazy_gettext("Signed outside the United States"),
}
ORDERS = {
    "asked": lazy_gettext("Waits for a second person"),
    "refused": lazy_gettext("Refused"),
    "approved": lazy_gettext("Approved, being carried out"),
    "stopped": lazy_gettext("Stopped by a hold"),
    "done": lazy_gettext("Destroyed by order of a court"),
}
NOT_DESTROYED = {
    "held": lazy_gettext("A legal hold stands on it. Nothing under a hold is destroyed, whatever the order says."),
    "compliance": lazy_gettext("The store's lock cannot be lifted by anybody before its day (compliance mode)."),
    "not_sealed": lazy_gettext("It is not whole and sealed."),
    "already": lazy_gettext("An order for it is already here."),
    "decided": lazy_gettext("This was already decided."),
}


def blocked_words(barred: NotNow | Invalid) -> str:
    """Return why no certificate or bundle was made."""
    code = barred.why if isinstance(barred, NotNow) else barred.fields.get("items", "none")
    return str(BLOCKED.get(code, BLOCKED["none"]))


def step_words(kind: str) -> str:
    """Return what a kind of step is called."""
    return str(STEPS.get(kind, kind))


_TOLD = {"scanned": ("finding", "why", "by", "signatures"), "certified": ("rule", "certificate")}


def step_detail(step: Step) -> str:
    """Return what a step rests on: hashes, tools, codes; never a name or a text of a person."""
    told = step.detail
    if step.kind == "checked":
        how = str(gettext("unchanged") if told.get("same") else gettext("differs"))
        return f"{how} · {short_hash(told.get('sha256')) or gettext('nothing there')}"
    if step.kind == "received" and told.get("device_sha256"):
        return str(gettext("Hashed on the device: %(hash)s", hash=short_hash(told["device_sha256"])))
    if step.kind == "derived":
        parts = (told.get("tool"), told.get("tool_version"), short_hash(told.get("parent_sha256")))
        return " · ".join(str(part) for part in (told.get("derivative") or told.get("kind"), *parts) if part)
    if names := _TOLD.get(step.kind):
        return " · ".join(str(told[name]) for name in names if told.get(name))
    if told.get("sha256"):
        return f"SHA-256 {short_hash(told['sha256'])}"
    return ""
