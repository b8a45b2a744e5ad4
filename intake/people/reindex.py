"""The index of sealed names, made anew: after config/names.toml changed, or for names from before there was one."""

from __future__ import annotations

import json
import uuid

import sqlalchemy as sa

from intake import keys
from intake.access.rows import INDEXER
from intake.people import names

_PEOPLE = sa.text("select person_id from vault.identity where person_id > :after order by person_id limit 100")
_ONE = sa.text(
    "select person_id, compartment_id, opened_by_id, organisation_id, key_id, wrapped_key, sealed from vault.identity"
    " where person_id = :id"
)
_ADD = sa.text(
    "insert into vault.name_index (person_id, kind, token, compartment_id, opened_by_id, organisation_id)"
    " values (:person_id, :kind, :token, :compartment_id, :opened_by_id, :organisation_id)"
)


def reindex_names(service: keys.KeyService, owner_url: str) -> int:
    """Make the index of every sealed name anew, a hundred people at a time; returns how many people.

    Names are opened in this process alone, and the log says that it was done. Raises KeyUnavailable.
    """
    engine = sa.create_engine(owner_url, poolclass=sa.pool.NullPool)
    done, after = 0, "00000000-0000-0000-0000-000000000000"
    with engine.begin() as connection:
        note = sa.text("select audit.note('reindex_names', 'identity', '', null, :detail)")
        connection.execute(note, {"detail": json.dumps({"rules_of": str(names.checked_on())})})
    while True:
        with engine.begin() as connection:
            connection.execute(sa.text(f"SET LOCAL ROLE {INDEXER}"))
            people = list(connection.execute(_PEOPLE, {"after": after}).scalars())
            if not people:
                return done
            for person_id in people:
                _index(connection, service, person_id)
        done, after = done + len(people), str(people[-1])


def _index(connection: sa.Connection, service: keys.KeyService, person_id: uuid.UUID) -> None:
    # The lock of vault.seal_identity: a name that is being sealed is indexed by who seals it, or read here after.
    connection.execute(sa.text("select pg_advisory_xact_lock(7372, hashtext(:id))"), {"id": str(person_id)})
    row = dict(connection.execute(_ONE, {"id": person_id}).mappings().one())
    sealed = keys.SealedFields(row["key_id"], bytes(row.pop("wrapped_key")), row.pop("sealed"))
    fields = keys.unseal(service, row["organisation_id"], f"vault.identity|{person_id}", sealed)
    connection.execute(sa.text("delete from vault.name_index where person_id = :person_id"), row)
    tokens = names.tokens_of(service, row["organisation_id"], fields)
    if tokens:
        connection.execute(_ADD, [{**row, "token": token, "kind": kind} for token, kind in tokens])
