"""What the tests of reach share: who sees how many rows of one incident, table by table, and changes that are undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from intake import db, schema
from intake.access import rows
from intake.access.actor import Actor
from intake.people.vault import as_vault
from tests.access.planted import Ids, plant_record

Acting = Callable[[str], AbstractContextManager[Actor]]
# Rows about an incident that say who may see it, or what was told to whom, rather than what happened.
NOT_CONTENT = frozenset({"break_glass", "legal_hold"})


def hanging_tables() -> list[str]:
    """Every matter table whose rows name an incident, by the models themselves: a new one is in here at once."""
    named = {t.name for t in schema.metadata.tables.values() if t.schema is None and "incident_id" in t.columns}
    return sorted(named & set(rows.MATTER_TABLES) - NOT_CONTENT - {"export_content"})


def a_record(acting: Acting, who: str = "intake") -> Ids:
    """An incident of `who` with account, person, consent, claim, note, file, declaration and everything else."""
    with acting(who):
        return plant_record()


def rows_seen(acting: Acting, who: str, incident_id: uuid.UUID) -> dict[str, int]:
    """How many rows that hang on the incident `who` sees, for each table that holds any, the incident included."""
    with acting(who):
        return counted(incident_id)


def counted(incident_id: uuid.UUID) -> dict[str, int]:
    """The same in the running transaction."""
    found = {"incident": _count("select count(*) from incident where id = :id", incident_id)}
    for table in hanging_tables():
        found[table] = _count(f"select count(*) from {table} where incident_id = :id", incident_id)
    return {table: n for table, n in found.items() if n}


def _count(statement: str, incident_id: uuid.UUID) -> int:
    return int(db.session.execute(sa.text(statement), {"id": incident_id}).scalar_one())


def sees(acting: Acting, who: str, incident_id: uuid.UUID) -> bool:
    """Tell whether `who` sees the incident itself."""
    return "incident" in rows_seen(acting, who, incident_id)


def names_seen(acting: Acting, who: str, person_id: uuid.UUID) -> int:
    """How many sealed identities of the person row security gives `who` in the vault's own role."""
    with acting(who), as_vault():
        found = sa.text("select count(*) from vault.identity where person_id = :id")
        return int(db.session.execute(found, {"id": person_id}).scalar_one())


def change(owner: sa.Connection, statement: str, **values: Any) -> int:
    """Run one statement as the owner of the database and return how many rows it touched."""
    return owner.execute(sa.text(statement), values).rowcount


def tier(owner: sa.Connection, incident_id: uuid.UUID, number: int) -> None:
    """Put the incident into a tier, past every rule."""
    assert change(owner, "update incident set tier = :tier where id = :id", tier=number, id=incident_id) == 1


@contextmanager
def granted(owner: sa.Connection, user_id: int, **values: Any) -> Iterator[None]:
    """For the block, change what stands in the user's grants; afterwards they are as they were."""
    before = owner.execute(sa.text("select * from access_grant where user_id = :id"), {"id": user_id}).mappings().all()
    assigned = ", ".join(f"{name} = :{name}" for name in values)
    assert change(owner, f"update access_grant set {assigned} where user_id = :user_id", user_id=user_id, **values)
    try:
        yield
    finally:
        for row in before:
            change(
                owner,
                "update access_grant set role = :role, tier = :tier, expires_at = :expires_at,"
                " awaits_confirmation = :awaits_confirmation where id = :id",
                **{name: row[name] for name in ("role", "tier", "expires_at", "awaits_confirmation", "id")},
            )


@contextmanager
def walled(
    owner: sa.Connection, user_id: int, compartment_id: int, incident_id: uuid.UUID | None = None
) -> Iterator[None]:
    """For the block, a wall stands between the user and the compartment, or one incident of it."""
    built = (
        "insert into ethical_wall (user_id, compartment_id, incident_id, reason) values (:user, :place, :incident, 'x')"
    )
    change(owner, built, user=user_id, place=compartment_id, incident=incident_id)
    try:
        yield
    finally:
        ended = "update ethical_wall set ended_at = now() where user_id = :user and ended_at is null"
        change(owner, ended, user=user_id)


def share(owner: sa.Connection, ids: Ids, from_compartment: int, to_compartment: int, by: int) -> None:
    """Show the incident to another compartment."""
    change(
        owner,
        "insert into share (incident_id, compartment_id, opened_by_id, to_compartment_id) values (:i, :a, :by, :b)"
        " on conflict (incident_id, to_compartment_id) do update set revoked_at = null",
        i=ids["incident"],
        a=from_compartment,
        b=to_compartment,
        by=by,
    )
