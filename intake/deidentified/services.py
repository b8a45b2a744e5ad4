"""Opening and closing projects, counting, taking an extract: each is in the log of every compartment it touches."""

from __future__ import annotations

import csv
import io
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.deidentified import queries
from intake.deidentified.extract import COMMON, Extract, generalise
from intake.deidentified.models import Project, Rule
from intake.errors import Invalid, NotAllowed, NotThere
from intake.spreadsheets import harmless


def open_project(matter_id: int, title: str) -> Project:
    """Open a project on a matter in which the actor is an analyst. Raises NotThere for another, Invalid untitled."""
    if not title.strip():
        raise Invalid({"title": "required"})
    if matter_id not in {matter.id for matter in queries.matters()}:
        raise NotThere
    project = Project(user_id=current().user_id, matter_id=matter_id, title=title.strip())
    db.session.add(project)
    db.session.flush()
    return project


def project_of(project_id: uuid.UUID) -> Project:
    """Return an open project of the actor. Raises NoResultFound for anybody else's, NotThere once it is closed."""
    project: Project = db.session.get_one(Project, project_id)
    if project.closed_at is not None:
        raise NotThere
    return project


def close_project(project: Project) -> None:
    """Close a project: its pseudonyms are never shown again."""
    project.closed_at = db.session.scalar(sa.select(sa.func.clock_timestamp()))
    db.session.flush()


def count(project: Project, one: str, other: str) -> queries.Counted:
    """Count, and log by what. Raises Invalid for what may not be counted by."""
    counted = queries.count(project.id, one, other)
    _log(project, "counted", rows=one, columns=other)
    return counted


def take_extract(project: Project) -> tuple[Extract, bytes]:
    """Return the extract and its CSV (UTF-8); the log keeps how many rows left and how many were held back."""
    extract = generalise(queries.accounts(project.id))
    _log(project, "extract", rows=len(extract.rows), left_out=extract.left_out)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(queries.EXTRACT_FIELDS)
    for row in extract.rows:
        codes = {name: sorted(code for kind, code in row.codes if kind == name) for name in queries.EXTRACT_FIELDS}
        told = [row.person, *(row.common[name] for name in COMMON)]
        told += ["; ".join(codes[name]) for name in queries.EXTRACT_FIELDS[1 + len(COMMON) :]]
        writer.writerow([harmless(cell) for cell in told])
    return extract, out.getvalue().encode("utf-8-sig")


def supervised() -> list[int]:
    """Return the compartments for which the actor says what analysts may count."""
    may, grants = current().may, current().grants
    return sorted({g.compartment_id for g in grants if may(Permission.DEIDENTIFIED_RULE, g.compartment_id)})


def let_claims_be_counted(compartment_id: int, *, allowed: bool) -> None:
    """Say whether analysts may count a compartment's confirmed claims. Raises NotAllowed outside one's own."""
    if compartment_id not in supervised():
        raise NotAllowed
    values: dict[str, Any] = {"claims": allowed, "set_by_id": current().user_id, "set_at": sa.func.clock_timestamp()}
    statement = insert(Rule).values(compartment_id=compartment_id, **values)
    db.session.execute(statement.on_conflict_do_update(index_elements=["compartment_id"], set_=values))


def _log(project: Project, kind: str, **detail: Any) -> None:  # noqa: ANN401
    for grant in current().grants:
        counted = current().may(Permission.DEIDENTIFIED_READ, grant.compartment_id)
        if counted and grant.matter_id == project.matter_id:
            record(
                kind,
                subject="analysis_project",
                record_id=str(project.id),
                compartment_id=grant.compartment_id,
                **detail,
            )
