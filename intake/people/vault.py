"""The vault of names and contacts: the only way in and out, through its own database role.

An unsealing commits its audit entry before anything is read (audit/ahead.py); if the log cannot be written, nothing
is read.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db, keys
from intake.access.actor import Owned, current
from intake.access.policy import Permission
from intake.access.rows import VAULT
from intake.audit.ahead import record_ahead
from intake.errors import Invalid, NotAllowed, NotThere
from intake.people import names
from intake.people.models import Person
from intake.people.vault_models import Identity, NameToken

FIELDS = ("legal_name", "phone", "address", "safe_name", "safe_hours", "trusted_person")
_service: dict[str, keys.KeyService] = {}


class Sealed(Protocol):
    """A row whose `sealed` fields open with its wrapped key."""

    @property
    def organisation_id(self) -> int:
        """Whose key wraps."""

    @property
    def key_id(self) -> str:
        """Which of its keys."""

    @property
    def wrapped_key(self) -> bytes:
        """The data key, wrapped."""

    @property
    def sealed(self) -> dict[str, str]:
        """The fields."""


def use(service: keys.KeyService) -> None:
    """Tell the vault which key service opens it; the application does this once at its start."""
    _service["current"] = service


def service() -> keys.KeyService:
    """Return the key service that opens the vault."""
    return _service["current"]


@contextmanager
def as_vault() -> Iterator[None]:
    """Step into the vault's database role for a moment; people's slice only."""
    db.session.flush()
    db.session.execute(sa.text(f"SET LOCAL ROLE {VAULT}"))
    try:
        yield
    finally:
        # After an error the transaction is lost anyway, and its local role with it.
        if db.session.is_active:
            db.session.execute(sa.text("SET LOCAL ROLE NONE"))


def write_down(subject: str, record_id: uuid.UUID, owned: Owned, reason: str) -> None:
    """Commit who is about to read what, and why; every unsealing comes through here first."""
    record_ahead(
        "unseal",
        user_id=current().user_id,
        subject=subject,
        record_id=str(record_id),
        compartment_id=owned.compartment_id,
        reason=reason,
    )


def seal_identity(person: Person, fields: dict[str, str]) -> None:
    """Seal the person's identity; a field left out keeps its value, an empty one is removed.

    fields: names of FIELDS to text. Raises Invalid for another field, NotAllowed without the right to write it.
    """
    if unknown := set(fields) - set(FIELDS):
        raise Invalid(dict.fromkeys(unknown, "unknown"))
    organisation = current().organisation_id
    with as_vault():
        # Two editors of one person: the second reads what the first sealed, so that no field is lost.
        db.session.execute(sa.text("select pg_advisory_xact_lock(7372, hashtext(:id))"), {"id": str(person.id)})
        merged = {name: text for name, text in {**_open(person.id), **fields}.items() if text}
        sealed = keys.seal(service(), organisation, _row(person.id), merged)
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
        if set(fields) & set(names.FIELDS):
            _index(person, organisation, merged)


def unseal_identity(person: Person, reason: str) -> dict[str, str]:
    """Return the person's sealed fields, after committing who read them and why.

    Raises NotAllowed without the right, Invalid without a reason, NotThere when nothing was sealed, KeyUnavailable
    without the key.
    """
    if not reason.strip():
        raise Invalid({"reason": "required"})
    if not current().may(Permission.IDENTITY_READ):
        raise NotAllowed
    write_down("identity", person.id, person, reason)
    with as_vault():
        opened = _open(person.id)
    if not opened:
        raise NotThere
    return opened


def sealed_fields(person_id: uuid.UUID) -> tuple[str, ...]:
    """Return which fields are filled, never their values: the intake shows 'kept sealed' beside them."""
    with as_vault():
        row = db.session.execute(sa.select(Identity.sealed).where(Identity.person_id == person_id)).scalar_one_or_none()
    return tuple(sorted(row or {}))


def open_fields(row: str, sealed: Sealed) -> dict[str, str]:
    """Return the opened fields of a row ("table|id"). Whoever calls has written it down."""
    envelope = keys.SealedFields(sealed.key_id, sealed.wrapped_key, dict(sealed.sealed))
    return keys.unseal(service(), sealed.organisation_id, row, envelope)


def _index(person: Person, organisation: int, fields: dict[str, str]) -> None:
    db.session.execute(sa.delete(NameToken).where(NameToken.person_id == person.id))
    place = {
        "person_id": person.id,
        "compartment_id": person.compartment_id,
        "opened_by_id": person.opened_by_id,
        "organisation_id": organisation,
    }
    if tokens := names.tokens_of(service(), organisation, fields):
        db.session.execute(insert(NameToken), [{**place, "kind": kind, "token": token} for token, kind in tokens])


def _row(person_id: uuid.UUID) -> str:
    return f"vault.identity|{person_id}"


def _open(person_id: uuid.UUID) -> dict[str, str]:
    row = db.session.execute(
        sa.select(Identity.organisation_id, Identity.key_id, Identity.wrapped_key, Identity.sealed).where(
            Identity.person_id == person_id
        )
    ).one_or_none()
    return {} if row is None else open_fields(_row(person_id), row)
