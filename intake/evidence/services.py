"""What may be done with a received file: describe it, look at it, take a copy. The bytes never change."""

from __future__ import annotations

from intake import db, jobs
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotNow, StaleVersion
from intake.evidence import filenames
from intake.evidence.custody import note
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import assert_open
from intake.storage import Storage
from intake.taxonomy import taxonomy

MADE_BY = ("not_asked", "the_person", "known", "found", "unknown", "declined")
MAY_BE_SHOWN = ("not_asked", "yes", "no", "unknown", "declined")
DESCRIBED = ("description", "evidence_type", "made_by", "may_be_shown")


def describe(item: EvidenceItem, version: int | None, **told: str) -> None:
    """Write down what the item is, who made it and whether it may be shown. told: names of DESCRIBED to text.

    Raises NotAllowed, Invalid for an answer that does not exist, StaleVersion when somebody else saved first.
    """
    if not current().may(Permission.EVIDENCE_ADD, item.compartment_id):
        raise NotAllowed
    if wrong := _wrong(told):
        raise Invalid(dict.fromkeys(wrong, "wrong"))
    if version != item.version:
        raise StaleVersion({name: str(getattr(item, name)) for name in told})
    changed = [name for name, text in told.items() if getattr(item, name) != text]
    for name in changed:
        setattr(item, name, told[name])
    if changed:
        db.session.flush()
        note(item, "described", fields=changed)


def _wrong(told: dict[str, str]) -> list[str]:
    allowed = {
        "evidence_type": {"", *taxonomy("evidence_type").codes},
        "made_by": set(MADE_BY),
        "may_be_shown": set(MAY_BE_SHOWN),
    }
    strange = set(told) - set(DESCRIBED)
    return sorted(strange | {name for name, codes in allowed.items() if name in told and told[name] not in codes})


def ask_for_check(item: EvidenceItem) -> None:
    """Queue another reading back of a sealed item. Raises NotAllowed, NotNow for an item that was never sealed."""
    if not current().may(Permission.EVIDENCE_ADD, item.compartment_id):
        raise NotAllowed
    if item.state != "sealed":
        raise NotNow("not_sealed")
    jobs.defer("check_item", user_id=current().user_id, item_id=item.id)


def copying_address(item: EvidenceItem, storage: Storage) -> str:
    """Return an address that gives the original for five minutes; the copy is written down first.

    Raises NotNow for an item that is closed (opening.py). The type is nobody's, so no browser shows or runs it.
    """
    assert_open(item)
    record("download", subject="evidence_item", record_id=str(item.id), compartment_id=item.compartment_id)
    note(item, "copied", sha256=item.sha256)
    # The address ends up in histories and logs, so it carries part of the hash, not the uploader's name for the file.
    name = f"evidence-{(item.sha256 or '')[:12]}{filenames.extension(item.filename)}"
    return storage.presign_get(item.object_key, item.version_id or "", name, "application/octet-stream")
