"""The demonstration matter: 60 fictional incidents over six months, from a fixed seed, through the real services."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from intake import db, keys
from intake.access.models import Organisation
from intake.demo import files, interviews, people, progress, recordings, statements
from intake.demo.facts import Facts, every_incident
from intake.people import vault
from intake.settings import Settings
from intake.storage import Storage
from intake.taxonomy import label

_LOCK = 7372  # advisory: two loads at once take turns, and the second finds everything there
_WHOLE = "whole"


def load(settings: Settings) -> None:
    """Write the matter; what is there already stays. Needs a migrated database and settings with every store filled in.

    Raises StoreUnavailable, DatabaseUnavailable: run it again, it goes on where it stopped.
    """
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as owner:
        owner.execute(sa.text("select pg_advisory_lock(:lock)"), {"lock": _LOCK})
        written = progress.parts(owner)
        if people.there(owner):
            people.mark_people(owner)
        if _WHOLE in written:
            return
        with engine.connect().execution_options(isolation_level="READ COMMITTED") as together, together.begin():
            people.load_people(together)
            people.mark_people(together)
        users = people.user_ids(owner)
        organisations = [int(each) for each in owner.scalars(sa.select(Organisation.id))]
        keys.prepare(settings, organisations)
        _write(settings, users, written)


def greeting(url: str) -> str:
    """Return what the command says when the web answers: the address, and who may sign in to look around."""
    return f"ready {url}\n\n{sign_ins()}\n\nStop with Ctrl-C."


def sign_ins() -> str:
    """Return the demonstration's users, one a line, under the one password that opens them all."""
    data = people.described()
    users = data["user"]
    width = max(len(user["email"]) for user in users)
    lines = [
        "Fictional demonstration: every person, name and event in it is invented. Never put real people in it.",
        f"Sign in as any of these with the password {data['sign_in']['password']}; the next page shows the code.",
    ]
    for user in users:
        organisation = data["organisation"][user["organisation"]]["short_name"]
        role = label(user["role"], "en", plain=True).lower()
        lines.append(f"  {user['email']:<{width}}  {role}, {organisation} ({user['name']})")
    return "\n".join(lines)


def _write(settings: Settings, users: dict[str, int], written: dict[str, str]) -> None:
    db.connect(settings.program_url)
    vault.use(keys.service(settings))
    store, ids = Storage(settings), {}
    for facts in every_incident():
        known = written.get(f"incident {facts.number}")
        ids[facts.number] = incident_id = uuid.UUID(known) if known else interviews.write(facts, users)
        _rest(facts, incident_id, users, store, written)
    if recordings.PART not in written:
        recordings.write(ids, users)
    with db.transaction():
        progress.done(_WHOLE)


def _rest(facts: Facts, incident_id: uuid.UUID, users: dict[str, int], store: Storage, written: dict[str, str]) -> None:
    declared = f"declaration {facts.number}"
    if declared in written:
        return
    files.keep(facts, incident_id, users, store)
    if facts.number in statements.PATHS:
        statements.write(facts, incident_id, users)
