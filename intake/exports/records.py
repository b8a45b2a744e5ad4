"""The rows of an export of found records: an allow-list of fields by class, never a sealed one.

Classes (security page section 5): public and confidential fields go to every profile; work product only to the
profile of the organisation's own attorneys. Names and contacts are in the vault and have no column here.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from intake import db
from intake.access.actor import current
from intake.access.fields import FieldClass, leaving
from intake.access.policy import Permission
from intake.declarations.models import Declaration
from intake.incidents.models import Account, ClaimTag, Incident, Observation
from intake.incidents.uncertain import When
from intake.incidents.when_words import recorded_as
from intake.people.models import Person
from intake.taxonomy import label

# Which columns each field is told from: their classes decide which profile may carry it.
SOURCES: dict[str, Any] = {
    "number": Incident.number,
    "account": Account.created_at,
    "protected_name": Person.pseudonym,
    "title": Incident.title,
    "recorded_as": (Account.earliest, Account.latest, Account.date_precision, Account.part_of_day, Account.clock_time),
    "edtf": Account.edtf,
    "earliest": Account.earliest,
    "latest": Account.latest,
    "part_of_day": Account.part_of_day,
    "person_said_when": Account.when_words,
    "place": Incident.place,
    "site": Incident.site_name,
    "city": Incident.city,
    "county": Incident.county,
    "location_type": Incident.location_type,
    "agencies": Observation.code,
    "agents_low": Account.agents_low,
    "agents_high": Account.agents_high,
    "factors": Observation.code,
    "force": Observation.code,
    "outcome": Observation.code,
    "narrative_language": Account.narrative_language,
    "narrative": Account.narrative,
    "declarations": (Declaration.number, Declaration.state),
    "claims_confirmed": (ClaimTag.code, ClaimTag.status),
    "claims_suggested": (ClaimTag.code, ClaimTag.status),
}
_TOLD = (FieldClass.PUBLIC, FieldClass.CONFIDENTIAL)
CLASSES = {"records": _TOLD, "records_with_claims": (*_TOLD, FieldClass.OPINION)}
PROFILES = {profile: leaving(SOURCES, allowed) for profile, allowed in CLASSES.items()}
CONFIDENTIAL = PROFILES["records"]
WORK_PRODUCT = leaving(SOURCES, {FieldClass.OPINION})
_SETS = {"agencies": "agency", "factors": "tro_factor", "force": "force", "outcome": "outcome"}

Row = dict[str, Any]
_Found = sa.Row[Any]

# Columns, not records: an export reads thousands and changes none. Row security cuts each of these by itself.
_IDS = sa.any_(sa.bindparam("ids", type_=pg.ARRAY(pg.UUID(as_uuid=True))))
_WHEN = ("earliest", "latest", "date_precision", "edtf", "part_of_day", "clock_time", "when_words")
_INCIDENTS = sa.select(
    Incident.id.label("incident_id"),
    *(Incident.__table__.c[n] for n in ("number", "title", "compartment_id", "location_type")),
    *(Incident.__table__.c[n] for n in ("place", "site_name", "city", "county")),
).where(Incident.id == _IDS)
_ACCOUNTS = (
    sa.select(
        *(Account.__table__.c[n] for n in ("id", "incident_id", "narrative", "narrative_language", *_WHEN)),
        Account.agents_low,
        Account.agents_high,
        sa.func.coalesce(Person.pseudonym, "").label("pseudonym"),
    )
    .outerjoin(Person, Person.id == Account.person_id)
    .where(Account.incident_id == _IDS)
    .order_by(Account.created_at, Account.id)
)
_SEEN = (
    sa.select(Observation.incident_id, Observation.account_id, Observation.term_set, Observation.code)
    .where(Observation.incident_id == _IDS, Observation.term_set.in_(_SETS.values()))
    .order_by(Observation.code)
)
_TAGS = (
    sa.select(ClaimTag.incident_id, ClaimTag.code, ClaimTag.status)
    .where(ClaimTag.incident_id == _IDS)
    .order_by(ClaimTag.code)
)
_DECLARED = (
    sa.select(Declaration.incident_id, Declaration.number, Declaration.state)
    .where(Declaration.incident_id == _IDS)
    .order_by(Declaration.number)
)


def demands(profile: str) -> tuple[Permission, ...]:
    """Return the permissions that a profile needs, in every compartment that its rows come from."""
    return (Permission.EXPORT_PREPARE, Permission.CLAIM_READ) if profile != "records" else (Permission.EXPORT_PREPARE,)


def rows_of(incident_ids: list[uuid.UUID], profile: str, lang: str) -> Iterator[Row]:
    """Yield one row for each account of these incidents, in their order; fields as PROFILES[profile] lists them.

    Lists are texts joined by "; ". Dates are ISO 8601, unknown ones empty.
    """
    incidents = _by_incident(_INCIDENTS, incident_ids)
    accounts = _by_incident(_ACCOUNTS, incident_ids)
    seen = _by_incident(_SEEN, incident_ids)
    declared = _by_incident(_DECLARED, incident_ids)
    tags = _by_incident(_TAGS, incident_ids) if set(WORK_PRODUCT) & set(PROFILES[profile]) else {}
    for incident_id in incident_ids:
        incident = next(iter(incidents.get(incident_id, ())), None)
        if incident is None or not _may_leave(incident, profile):
            continue
        for number, account in enumerate(accounts.get(incident_id, [None]), 1):
            whole = {
                **_where(incident, lang),
                **(_told(account, seen.get(incident_id, []), lang) if account else {}),
                "account": number,
                "declarations": "; ".join(
                    f"D-{d.number:04d} {label(d.state, lang)}" for d in declared.get(incident_id, [])
                ),
                "claims_confirmed": _names(tags.get(incident_id, []), "confirmed", lang),
                "claims_suggested": _names(tags.get(incident_id, []), "suggested", lang),
            }
            yield {name: whole.get(name, "") for name in PROFILES[profile]}


def _may_leave(incident: _Found, profile: str) -> bool:
    # Found as an intake worker or co-counsel of that compartment: seen there, but not exported from there.
    mine = {grant.compartment_id for grant in current().grants}
    here = incident.compartment_id
    return here not in mine or all(current().may(needed, here) for needed in demands(profile))


def _where(incident: _Found, lang: str) -> Row:
    place = label(incident.location_type, lang, plain=True) if incident.location_type else ""
    return {
        "number": f"IN-{incident.number:04d}",
        "title": incident.title,
        "place": incident.place,
        "site": incident.site_name,
        "city": incident.city,
        "county": incident.county,
        "location_type": place,
    }


def _told(account: _Found, seen: list[_Found], lang: str) -> Row:
    mine = [o for o in seen if o.account_id == account.id]
    codes = {
        name: "; ".join(label(o.code, lang, plain=True) for o in mine if o.term_set == term_set)
        for name, term_set in _SETS.items()
    }
    when = When(*(getattr(account, name) for name in _WHEN))
    return {
        **codes,
        "protected_name": account.pseudonym,
        "recorded_as": recorded_as(when, lang),
        "edtf": account.edtf,
        "earliest": account.earliest.isoformat() if account.earliest else "",
        "latest": account.latest.isoformat() if account.latest else "",
        "part_of_day": account.part_of_day or "",
        "person_said_when": account.when_words,
        "agents_low": account.agents_low if account.agents_low is not None else "",
        "agents_high": account.agents_high if account.agents_high is not None else "",
        "narrative_language": account.narrative_language,
        "narrative": account.narrative,
    }


def _names(tags: list[_Found], status: str, lang: str) -> str:
    return "; ".join(label(code, lang) for code in dict.fromkeys(t.code for t in tags if t.status == status))


def _by_incident(query: sa.Select[*tuple[Any, ...]], incident_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[_Found]]:
    found: dict[uuid.UUID, list[_Found]] = defaultdict(list)
    for row in db.session.execute(query, {"ids": incident_ids}):
        found[row.incident_id].append(row)
    return found
