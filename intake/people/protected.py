"""Protected facts: immigration status and what tells of it. Nobody is asked; an attorney may have to record one.

Source: domain page section 4 (SP.*, proxies). Its own lock: attorneys alone; a reason; a second attorney approves the
record, and each single reading of it. What it is, its value and its reason are sealed together. Words that were masked
in a text lie here too and are read the same way.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db, keys
from intake.access.actor import current
from intake.access.models import User
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotNow, NotThere
from intake.people import vault
from intake.people.models import Person
from intake.people.vault_models import FACT, MASKED, Opening, Protected

# SP.*: set status_field_policy of the taxonomy; PX.*: the proxies that domain page section 4 names.
CODES = (
    "SP.USC_DISCLOSED", "SP.LAWFUL_DISCLOSED", "SP.ATTYONLY",
    "PX.A_NUMBER", "PX.BIRTH_COUNTRY", "PX.CONSULATE", "PX.COURT_DATE", "PX.VISA", "PX.PAPERS",
)  # fmt: skip
RECORD_REASONS = ("citizen_stop", "court_order", "client_request", "remedy", "safety")
# These stand in the log in clear, so none of them tells what is read.
OPEN_REASONS = ("prepare_paper", "court_order", "advise_client", "check_entry", "safety")
WINDOW = dt.timedelta(minutes=60)  # from the second attorney's yes to the one reading; also held by a trigger


@dataclass(frozen=True)
class Entry:
    """A protected entry as lists show it: that it exists, by whom, how it stands. Never what it is."""

    id: uuid.UUID
    compartment_id: int
    opened_by_id: int
    kind: str
    person_id: uuid.UUID | None
    incident_id: uuid.UUID | None
    marker: int | None
    proposed_by: str
    proposed_at: dt.datetime
    mine: bool
    decision: str


@dataclass(frozen=True)
class Request:
    """An attorney's request to read one entry."""

    id: uuid.UUID
    entry: Entry
    reason: str
    asked_by: str
    asked_at: dt.datetime
    mine: bool
    decision: str
    ready: bool


def propose(person: Person, code: str, value: str, reason: str) -> uuid.UUID:
    """Seal a protected fact; another attorney must approve it. Raises Invalid, NotAllowed."""
    wrong = {"code": code in CODES, "value": bool(value.strip()), "reason": reason in RECORD_REASONS}
    if bad := [name for name, good in wrong.items() if not good]:
        raise Invalid(dict.fromkeys(bad, "unknown"))
    _demand(person.compartment_id)
    fields = {"code": code, "value": value.strip(), "reason": reason}
    return put(
        FACT, fields, compartment_id=person.compartment_id, opened_by_id=person.opened_by_id, person_id=person.id
    )


def put(kind: str, fields: dict[str, str], **place: object) -> uuid.UUID:
    """Seal an entry under a fresh data key. For this module and for masking; place: columns of vault.protected."""
    entry_id = db.session.execute(sa.text("select uuidv7()")).scalar_one()
    organisation = current().organisation_id
    sealed = keys.seal(vault.service(), organisation, _row(entry_id), fields)
    with vault.as_vault():
        db.session.execute(
            sa.insert(Protected).values(
                id=entry_id,
                kind=kind,
                organisation_id=organisation,
                key_id=sealed.key_id,
                wrapped_key=sealed.wrapped_key,
                sealed=sealed.fields,
                proposed_by_id=current().user_id,
                **place,
            )
        )
    return uuid.UUID(str(entry_id))


def review(entry_id: uuid.UUID) -> dict[str, str]:
    """Return a proposed fact to the attorney who is to decide on it, after logging that they read it.

    Raises NotAllowed for who proposed it, NotNow when it is decided.
    """
    entry = entry_of(entry_id)
    if entry.mine:
        raise NotAllowed
    if entry.kind != FACT or entry.decision:
        raise NotNow("decided")
    vault.write_down("protected", entry.id, entry, "to decide on it")
    return _open(entry)


def decide(entry_id: uuid.UUID, *, approve: bool) -> None:
    """Approve a proposed fact, or refuse it: then it is emptied. Raises NotAllowed for its proposer, NotNow."""
    entry = entry_of(entry_id)
    if entry.mine:
        raise NotAllowed
    if entry.kind != FACT or entry.decision:
        raise NotNow("decided")
    values = {} if approve else {"sealed": {}, "wrapped_key": b"", "key_id": ""}
    _decide(Protected, entry_id, approve=approve, **values)


def ask(entry_id: uuid.UUID, reason: str) -> uuid.UUID:
    """Ask another attorney for one reading. Raises Invalid, NotNow for a fact that nobody approved."""
    if reason not in OPEN_REASONS:
        raise Invalid({"reason": "unknown"})
    entry = entry_of(entry_id)
    if entry.kind == FACT and entry.decision != "approved":
        raise NotNow("not_approved")
    with vault.as_vault():
        made = sa.insert(Opening).values(
            protected_id=entry.id,
            compartment_id=entry.compartment_id,
            opened_by_id=entry.opened_by_id,
            reason_code=reason,
            asked_by_id=current().user_id,
        )
        return uuid.UUID(str(db.session.execute(made.returning(Opening.id)).scalar_one()))


def answer(opening_id: uuid.UUID, *, approve: bool) -> None:
    """Answer another attorney's request. Raises NotAllowed for one's own, NotNow when it is answered."""
    request = request_of(opening_id)
    if request.mine:
        raise NotAllowed
    if request.decision:
        raise NotNow("decided")
    _decide(Opening, opening_id, approve=approve)


def open_once(opening_id: uuid.UUID) -> tuple[Entry, dict[str, str]]:
    """Return the entry and its opened fields, once, to who asked, within the hour; logged before it is read.

    Raises NotAllowed for another's request, NotNow when it is not approved, used or too old, KeyUnavailable.
    """
    request = request_of(opening_id)
    if not request.mine:
        raise NotAllowed
    if not request.ready:
        raise NotNow("not_approved")
    vault.write_down("protected", request.entry.id, request.entry, request.reason)
    with vault.as_vault():
        used = sa.update(Opening).where(Opening.id == opening_id, Opening.opened_at.is_(None))
        used = used.values(opened_at=sa.func.clock_timestamp())
        if db.session.execute(used.returning(Opening.id)).scalar_one_or_none() is None:
            raise NotNow("not_approved")
    return request.entry, _open(request.entry)


def entries_of(person_id: uuid.UUID) -> list[Entry]:
    """Return a person's protected entries, facts and masked words, without what they are."""
    return _entries(Protected.person_id == person_id)


def entry_of(entry_id: uuid.UUID) -> Entry:
    """Return one entry. Raises NotThere when it is absent or out of reach, NotAllowed without the permission."""
    found = _entries(Protected.id == entry_id)
    if not found:
        raise NotThere
    _demand(found[0].compartment_id)
    return found[0]


def proposals() -> list[Entry]:
    """Return facts that wait for a second attorney: mine, and those that I may decide."""
    return _entries((Protected.kind == FACT) & (Protected.decision == ""))


def requests() -> list[Request]:
    """Return requests that wait for an answer, and mine that may be used now."""
    waiting = _requests(Opening.opened_at.is_(None) & (Opening.decision != "refused"))
    return [request for request in waiting if request.ready or not request.decision]


def request_of(opening_id: uuid.UUID) -> Request:
    """Return one request. Raises NotThere when it is absent or out of reach, NotAllowed without the permission."""
    found = _requests(Opening.id == opening_id)
    if not found:
        raise NotThere
    _demand(found[0].entry.compartment_id)
    return found[0]


def masked_source(entry: Entry) -> bool:
    """Tell whether the entry is words that were masked in a text."""
    return entry.kind == MASKED


def _demand(compartment_id: int) -> None:
    if not current().may(Permission.PROTECTED_READ, compartment_id):
        raise NotAllowed


def _entries(where: sa.ColumnElement[bool]) -> list[Entry]:
    if not current().may(Permission.PROTECTED_READ):
        return []
    columns = (
        Protected.id, Protected.compartment_id, Protected.opened_by_id, Protected.kind, Protected.person_id,
        Protected.incident_id, Protected.marker, Protected.proposed_by_id, Protected.proposed_at, Protected.decision,
    )  # fmt: skip
    with vault.as_vault():
        rows = db.session.execute(sa.select(*columns).where(where).order_by(Protected.proposed_at)).all()
    names = _names(row.proposed_by_id for row in rows)
    return [
        Entry(
            **{k: v for k, v in row._asdict().items() if k != "proposed_by_id"},
            proposed_by=names.get(row.proposed_by_id, ""),
            mine=row.proposed_by_id == current().user_id,
        )
        for row in rows
    ]


def _requests(where: sa.ColumnElement[bool]) -> list[Request]:
    if not current().may(Permission.PROTECTED_READ):
        return []
    ready = (Opening.decision == "approved") & (Opening.decided_at > sa.func.clock_timestamp() - WINDOW)
    columns = (Opening.id, Opening.protected_id, Opening.reason_code, Opening.asked_by_id, Opening.asked_at)
    query = sa.select(*columns, Opening.decision, (ready & Opening.opened_at.is_(None)).label("ready")).where(where)
    with vault.as_vault():
        rows = db.session.execute(query.order_by(Opening.asked_at)).all()
    entries = {entry.id: entry for entry in _entries(Protected.id.in_({row.protected_id for row in rows}))}
    names = _names(row.asked_by_id for row in rows)
    return [
        Request(
            id=row.id,
            entry=entries[row.protected_id],
            reason=row.reason_code,
            asked_by=names.get(row.asked_by_id, ""),
            asked_at=row.asked_at,
            mine=row.asked_by_id == current().user_id,
            decision=row.decision,
            ready=row.ready,
        )
        for row in rows
        if row.protected_id in entries
    ]


def _names(user_ids: object) -> dict[int, str]:
    query = sa.select(User.id, User.display_name).where(User.id.in_(set(user_ids)))  # type: ignore[call-overload]
    return {row.id: row.display_name for row in db.session.execute(query)}


def _decide(model: type[Protected | Opening], row_id: uuid.UUID, *, approve: bool, **more: object) -> None:
    decision = "approved" if approve else "refused"
    with vault.as_vault():
        taken = sa.update(model).where(model.id == row_id, model.decision == "")
        values = {"decision": decision, "decided_by_id": current().user_id, "decided_at": sa.func.clock_timestamp()}
        if db.session.execute(taken.values(**values, **more).returning(model.id)).scalar_one_or_none() is None:
            raise NotNow("decided")
    record("decide", subject="protected", record_id=str(row_id), decision=decision)


def _open(entry: Entry) -> dict[str, str]:
    columns = (Protected.organisation_id, Protected.key_id, Protected.wrapped_key, Protected.sealed)
    with vault.as_vault():
        row = db.session.execute(sa.select(*columns).where(Protected.id == entry.id)).one()
        return vault.open_fields(_row(entry.id), row)


def _row(entry_id: uuid.UUID) -> str:
    return f"vault.protected|{entry_id}"
