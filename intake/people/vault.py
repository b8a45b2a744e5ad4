"""The vault of names and contacts: the only way in and out, through its own database role.

An unsealing writes its audit row in the same transaction before anything is returned; if the log cannot be written,
nothing is read.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db, keys
from intake.access.actor import current
from intake.access.policy import Permission
from intake.access.rows import VAULT
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotThere
from intake.people.models import Identity, Person

FIELDS = ("legal_name", "phone", "address", "safe_name", "safe_hours", "trusted_person")
_service: dict[str, keys.KeyService] = {}


def use(service: keys.KeyService) -> None:
    """Tell the vault which key service opens it; the application does this once at its start."""
    _service["current"] = service


@contextmanager
def _as_vault() -> Iterator[None]:
    db.session.flush()
    db.session.execute(sa.text(f"SET LOCAL ROLE {VAULT}"))
    try:
        yield
    finally:
        # After an error the transaction is lost anyway, and its local role with it.
        if db.session.is_active:
            db.session.execute(sa.text("SET LOCAL ROLE NONE"))


def seal_identity(person: Person, fields: dict[str, str]) -> None:
    """Seal the person's identity; a field left out keeps its value, an empty one is removed.

    fields: names of FIELDS to text. Raises Invalid for another field, NotAllowed without the right to write it.
    """
    if unknown := set(fields) - set(FIELDS):
        raise Invalid(dict.fromkeys(unknown, "unknown"))
    organisation = current().organisation_id
    with _as_vault():
        known = _open(person.id)
        merged = {name: text for name, text in {**known, **fields}.items() if text}
        sealed = keys.seal(_service["current"], organisation, f"vault.identity|{person.id}", merged)
        values = {
            "compartment_id": person.compartment_id,
            "opened_by_id": person.opened_by_id,
            "organisation_id": organisation,
            "key_id": sealed.key_id,
            "wrapped_key": sealed.wrapped_key,
            "sealed": sealed.fields,
            "updated_at": sa.func.clock_timestamp(),
        }
        statement = insert(Identity).values(person_id=person.id, **values)
        db.session.execute(statement.on_conflict_do_update(index_elements=["person_id"], set_=values))


def unseal_identity(person: Person, reason: str) -> dict[str, str]:
    """Return the person's sealed fields, after writing who read them and why.

    Raises NotAllowed without the right, Invalid without a reason, KeyUnavailable without the key.
    """
    if not reason.strip():
        raise Invalid({"reason": "required"})
    if not current().may(Permission.IDENTITY_READ):
        raise NotAllowed
    record("unseal", subject="identity", record_id=str(person.id), compartment_id=person.compartment_id, reason=reason)
    with _as_vault():
        opened = _open(person.id)
    if not opened:
        raise NotThere
    return opened


def sealed_fields(person_id: uuid.UUID) -> tuple[str, ...]:
    """Return which fields are filled, never their values: the intake shows 'kept sealed' beside them."""
    with _as_vault():
        row = db.session.execute(sa.select(Identity.sealed).where(Identity.person_id == person_id)).scalar_one_or_none()
    return tuple(sorted(row or {}))


def _open(person_id: uuid.UUID) -> dict[str, str]:
    row = db.session.execute(
        sa.select(Identity.organisation_id, Identity.key_id, Identity.wrapped_key, Identity.sealed).where(
            Identity.person_id == person_id
        )
    ).one_or_none()
    if row is None:
        return {}
    sealed = keys.SealedFields(row.key_id, row.wrapped_key, row.sealed)
    return keys.unseal(_service["current"], row.organisation_id, f"vault.identity|{person_id}", sealed)
