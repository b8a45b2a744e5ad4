"""Words masked in a text: a marker stands in their place everywhere; the words lie sealed in the vault.

They are read again only as a protected entry is (people/protected.py): by an attorney, with another's consent.
"""

from __future__ import annotations

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.incidents.models import Account, Note
from intake.people import protected
from intake.people.sensitive import MARKER
from intake.people.vault_models import MASKED


def mask(source: Account | Note, start: int, end: int, seen_version: int | None) -> str:
    """Put a marker in the place of the characters [start, end), seal them, and return the marker.

    Raises NotAllowed for whoever may not change the text, StaleVersion when it is another text by now, Invalid for
    no words or a marker. The log keeps commitments of the text before and after, no words.
    """
    _demand(source)
    name = "narrative" if isinstance(source, Account) else "text"
    if seen_version != source.version:
        raise StaleVersion({name: getattr(source, name)})
    text: str = getattr(source, name)
    words = text[start:end]
    if not 0 <= start < end <= len(text) or not words.strip() or MARKER.search(words):
        raise Invalid({"span": "wrong"})
    number = int(db.session.execute(sa.text("select nextval('masked_number')")).scalar_one())
    protected.put(
        MASKED,
        {"value": words, "position": str(start)},
        marker=number,
        source_table=source.__tablename__,
        source_id=source.id,
        incident_id=source.incident_id,
        person_id=source.person_id if isinstance(source, Account) else None,
        compartment_id=source.compartment_id,
        opened_by_id=source.opened_by_id,
    )
    marker = f"[masked {number}]"
    setattr(source, name, text[:start] + marker + text[end:])
    db.session.flush()
    kind, where = source.__tablename__, source.compartment_id
    record("mask", subject=kind, record_id=str(source.id), compartment_id=where, marker=number)
    return marker


def _demand(source: Account | Note) -> None:
    me = current()
    if isinstance(source, Account) and not me.may_change(source):
        raise NotAllowed
    if isinstance(source, Note) and not me.may(Permission.NOTE_WRITE, source.compartment_id):
        raise NotAllowed
