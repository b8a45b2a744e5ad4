"""What the views of schema `deidentified` hold for one project: counts by two dimensions, and rows for an extract."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.deidentified.extract import COMMON, Told
from intake.deidentified.models import Project, Rule
from intake.deidentified.suppression import Table, protect
from intake.errors import Invalid
from intake.matters.models import Matter

# What can be counted: one or more values of each incident; '' where nothing was recorded.
_FROM_INCIDENT = {"month": "month", "county": "county", "site": "site"}
_OBSERVED = ("agency", "vehicle", "identification", "tro_factor", "force", "question_asked", "outcome")
DIMENSIONS = (*_FROM_INCIDENT, "age_band", *_OBSERVED, "claim")
CODED = frozenset({"site", *_OBSERVED, "claim"})  # values are codes with labels
_EXTRACTED = ("agency", "tro_factor", "force", "outcome")


@dataclass(frozen=True)
class Counted:
    """A table of incidents by one or two dimensions, with its small numbers hidden."""

    one: str
    other: str
    table: Table


def projects() -> list[tuple[Project, Matter]]:
    """Return the actor's open projects with their matters, newest first."""
    query = sa.select(Project, Matter).join(Matter, Matter.id == Project.matter_id).where(Project.closed_at.is_(None))
    return [(row[0], row[1]) for row in db.session.execute(query.order_by(Project.created_at.desc()))]


def matters() -> list[Matter]:
    """Return the matters in which the actor is an analyst now."""
    ids = {g.matter_id for g in current().grants if current().may(Permission.DEIDENTIFIED_READ, g.compartment_id)}
    return list(db.session.scalars(sa.select(Matter).where(Matter.id.in_(ids)).order_by(Matter.short_title)))


def rules(compartment_ids: list[int]) -> dict[int, bool]:
    """Return whether analysts may count claims, for each compartment that the actor supervises."""
    known = {rule.compartment_id: rule.claims for rule in db.session.scalars(sa.select(Rule))}
    return {each: known.get(each, False) for each in compartment_ids}


def dimensions(project_id: uuid.UUID) -> tuple[str, ...]:
    """Return what this project may count by: claims only where every compartment in it lets analysts count them.

    Otherwise a table of claims would cover fewer incidents than the others, and their difference would tell.
    """
    statement = (
        "select coalesce(bool_and(claims_counted), false) from deidentified.incident where project_id = :project"
    )
    claims = db.session.execute(sa.text(statement), {"project": project_id}).scalar_one()
    return DIMENSIONS if claims else tuple(each for each in DIMENSIONS if each != "claim")


def count(project_id: uuid.UUID, one: str, other: str = "") -> Counted:
    """Return incidents by `one` and, if given, by `other` dimension. Raises Invalid for what may not be counted by."""
    allowed = dimensions(project_id)
    if one not in allowed or (other and other not in allowed) or one == other:
        raise Invalid({"dimension": "unknown"})
    total = int(db.session.execute(sa.text(_TOTAL), {"project": project_id}).scalar_one())
    rows = _margin(project_id, one)
    if not other:
        return Counted(one, "", protect({(value, ""): n for value, n in rows.items()}, rows, {"": total}, total))
    columns = _margin(project_id, other)
    statement = f"select a.value, b.value, count(*) from ({_values(one)}) a join ({_values(other)}) b using (incident)"
    found = db.session.execute(sa.text(f"{statement} group by 1, 2"), {"project": project_id})
    return Counted(one, other, protect({(r[0], r[1]): r[2] for r in found}, rows, columns, total))


_TOTAL = "select count(*) from deidentified.incident where project_id = :project"


def _margin(project_id: uuid.UUID, dimension: str) -> dict[str, int]:
    statement = f"select value, count(*) from ({_values(dimension)}) v group by 1 order by 1"
    return {row[0]: row[1] for row in db.session.execute(sa.text(statement), {"project": project_id})}


def _values(dimension: str) -> str:
    """Return SQL for (incident, value), every incident at least once. Names come from DIMENSIONS alone."""
    whole = "select incident from deidentified.incident where project_id = :project"
    if dimension in _FROM_INCIDENT:
        return f"select incident, {_FROM_INCIDENT[dimension]} as value from deidentified.incident where project_id = :project"
    if dimension == "age_band":
        told = "select distinct incident, age_band as value from deidentified.person where project_id = :project"
    elif dimension == "claim":
        told = "select distinct incident, code as value from deidentified.claim where project_id = :project"
    else:
        told = (
            "select distinct incident, code as value from deidentified.observation"
            f" where project_id = :project and term_set = '{dimension}'"
        )
    return f"select incident, coalesce(t.value, '') as value from ({whole}) w left join ({told}) t using (incident)"


def accounts(project_id: uuid.UUID) -> list[Told]:
    """Return every account of the project as the views have it: pseudonym, month, county, site, age band, codes."""
    codes: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    seen = "select incident, person, term_set, code from deidentified.observation where project_id = :project"
    for row in db.session.execute(sa.text(seen), {"project": project_id}):
        if row.term_set in _EXTRACTED:
            codes[row.incident, row.person].add((row.term_set, row.code))
    told = (
        "select p.person, i.incident, i.month, i.county, i.site, p.age_band from deidentified.person p"
        " join deidentified.incident i on i.incident = p.incident and i.project_id = p.project_id"
        " where p.project_id = :project"
    )
    return [
        Told(r.person, {name: getattr(r, name) for name in COMMON}, frozenset(codes[r.incident, r.person]))
        for r in db.session.execute(sa.text(told), {"project": project_id})
    ]


EXTRACT_FIELDS = ("person", *COMMON, *_EXTRACTED)
