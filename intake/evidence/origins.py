"""How an item came to us: from whom, by which way, from which device, and who holds the original."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.documents.private import private_details
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.evidence.custody import note
from intake.evidence.custody_models import ItemOrigin
from intake.evidence.models import EvidenceItem
from intake.settings import project_file

# Field of ItemOrigin: list of config/custody.toml that holds its codes.
CODED = {"from_whom": "from_whom", "method": "method", "device_kind": "device", "held_by": "holder"}
MODEL = 60  # letters: a make and a model, not a story


@dataclass(frozen=True)
class Code:
    """One answer: its words on the screen (English, Spanish) and on a court paper."""

    code: str
    label: str
    label_es: str
    paper: str


@cache
def rules() -> dict[str, Any]:
    """Return config/custody.toml as it stands in the file."""
    return tomllib.loads(project_file("config/custody.toml").read_text())


@cache
def codes(field: str) -> dict[str, Code]:
    """Return the codes that a field of ItemOrigin may hold, in order. Raises KeyError for another field."""
    return {entry["code"]: Code(**entry) for entry in rules()[CODED[field]]}


def choices(field: str, language: str) -> list[tuple[str, str]]:
    """Return (code, words) of a field in a language."""
    return [(c.code, c.label_es if language == "es" else c.label) for c in codes(field).values()]


def said(field: str, code: str, language: str) -> str:
    """Return a code in words, or nothing for one that was not answered."""
    return dict(choices(field, language)).get(code, "")


def origin_of(item: EvidenceItem) -> ItemOrigin | None:
    """Return how the item came, or None where nobody has said."""
    found: ItemOrigin | None = db.session.scalars(
        sa.select(ItemOrigin).where(ItemOrigin.item_id == item.id)
    ).one_or_none()
    return found


def tell_origin(item: EvidenceItem, version: int | None, got_on: dt.date | None = None, **told: str) -> ItemOrigin:
    """Write down how the item came; an item that has no origin yet has version None.

    Raises NotAllowed, Invalid (a code that does not exist; a day in the future; a private number in the model),
    StaleVersion when somebody else saved first.
    """
    if not current().may(Permission.EVIDENCE_ADD, item.compartment_id):
        raise NotAllowed
    if wrong := _wrong(told, got_on):
        raise Invalid(wrong)
    values = told | {"got_on": got_on}
    kept = origin_of(item)
    if version != (kept.version if kept else None):
        raise StaleVersion({name: str(getattr(kept, name, None) or "") for name in values})
    kept = kept or _first(item)
    changed = [name for name, value in values.items() if (getattr(kept, name) or "") != (value or "")]
    for name in changed:
        setattr(kept, name, values[name])
    db.session.flush()
    if changed:
        # The ledger keeps what was said at the time, also after it is corrected; free text stays out of it.
        note(item, "origin", fields=changed, **{name: told.get(name, "") for name in CODED if told.get(name)})
    return kept


def _first(item: EvidenceItem) -> ItemOrigin:
    place = {"incident_id": item.incident_id, "compartment_id": item.compartment_id, "opened_by_id": item.opened_by_id}
    first = insert(ItemOrigin).values(item_id=item.id, **place).on_conflict_do_nothing().returning(ItemOrigin.id)
    added = db.session.execute(first).first()
    kept = origin_of(item)
    if kept is None or added is None:  # two at once: the second is told, as in any other form
        raise StaleVersion({})
    return kept


def _wrong(told: dict[str, str], got_on: dt.date | None) -> dict[str, str]:
    wrong = dict.fromkeys(set(told) - {*CODED, "device_model"}, "wrong")
    wrong |= {name: "wrong" for name in CODED if told.get(name) and told[name] not in codes(name)}
    model = told.get("device_model", "")
    if len(model) > MODEL or any(private_details(model)):
        wrong["device_model"] = "private"
    if got_on and got_on > dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1):
        wrong["got_on"] = "future"
    return wrong
