"""Preparing, approving and handing out exports."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from intake import db, jobs
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotNow
from intake.exports import bundles, queries
from intake.exports.files import MEDIA_TYPES
from intake.exports.models import Export
from intake.exports.records import PROFILES
from intake.exports.records import demands as demands_of_records
from intake.search.models import SavedSearch
from intake.search.queries import FACETS
from intake.search.services import asked_for
from intake.storage import Storage


def prepare_export(form: str, profile: str, search_id: uuid.UUID | None, filters: Mapping[str, list[str]]) -> Export:
    """Queue an export of what a search finds; the job acts as its asker. Raises Invalid, NotAllowed.

    search_id: the asker's own saved search, or None for filters alone. Kept are codes, months and dates, not what
    else an address may hold.
    """
    me = current()
    if form not in MEDIA_TYPES:
        raise Invalid({"format": "unknown"})
    if profile not in PROFILES:
        raise Invalid({"profile": "unknown"})
    compartments = exportable(profile)
    if not compartments:
        raise NotAllowed
    if search_id is not None:
        db.session.get_one(SavedSearch, search_id)
    export = Export(
        user_id=me.user_id,
        search_id=search_id,
        filters=_understood(filters),
        profile=profile,
        format=form,
        compartments=compartments,
    )
    db.session.add(export)
    db.session.flush()
    record("export_asked", subject="export", record_id=str(export.id), profile=profile, format=form)
    jobs.defer("make_export", user_id=me.user_id, export_id=str(export.id))
    return export


def demands(profile: str) -> tuple[Permission, ...]:
    """Return the permissions that an export needs in every compartment that it comes from."""
    return bundles.DEMANDS if profile == bundles.PROFILE else demands_of_records(profile)


def media_type(form: str) -> str:
    """Return the media type of a finished file."""
    return bundles.MEDIA_TYPE if form == bundles.FORMAT else MEDIA_TYPES[form]


def exportable(profile: str) -> list[int]:
    """Return the compartments from which the actor may export with this profile."""
    me = current()
    mine = {grant.compartment_id for grant in me.grants}
    return sorted(c for c in mine if all(me.may(needed, c) for needed in demands(profile)))


def approve(export: Export) -> None:
    """Let somebody else's export go out. Raises NotNow until it is made, NotAllowed for its own asker and others."""
    if export.user_id == current().user_id or not _may_approve(export):
        raise NotAllowed
    if export.state != "ready":
        raise NotNow(export.state)
    if not queries.seen_whole(export):
        raise NotAllowed
    if export.approved_by_id is None:
        export.approved_by_id = current().user_id
        db.session.flush()


def may_go_out(export: Export) -> bool:
    """Tell whether the actor may download the file now.

    An attorney may, to look at it or as its asker; a paralegal once it is approved. Nobody may who has lost a
    compartment that it was made from, or sight of any record in it: by a tier, a wall, or a share that ended.
    """
    me = current()
    if _may_approve(export):
        return queries.seen_whole(export)
    kept = set(export.compartments) <= set(exportable(export.profile))
    mine = export.user_id == me.user_id and export.approved_by_id is not None
    return mine and kept and queries.seen_whole(export)


def waits(export: Export) -> bool:
    """Tell whether a finished export waits for an approval; an attorney's own needs none."""
    own = export.user_id == current().user_id and _may_approve(export)
    return export.state == "ready" and export.approved_by_id is None and not own


def may_approve(export: Export) -> bool:
    """Tell whether the actor's approval is what the export waits for."""
    return waits(export) and export.user_id != current().user_id and _may_approve(export)


def download(export: Export, storage: Storage) -> str:
    """Log the download and return an address that opens the file for five minutes. Raises NotNow, NotAllowed."""
    if export.state != "ready":
        raise NotNow(export.state)
    if not may_go_out(export):
        raise NotAllowed
    record("export_downloaded", subject="export", record_id=str(export.id), sha256=export.sha256, rows=export.rows)
    what = "bundle" if export.profile == bundles.PROFILE else "records"
    name, kind = f"testigo-{what}-{str(export.id)[-8:]}.{export.format}", media_type(export.format)
    return storage.presign_get(export.object_key, "", name, kind, bucket=storage.exports_bucket)


def _may_approve(export: Export) -> bool:
    me, needed = current(), {Permission.EXPORT_APPROVE, *demands(export.profile)}
    return bool(export.compartments) and all(me.may(p, c) for p in needed for c in export.compartments)


def _understood(filters: Mapping[str, list[str]]) -> dict[str, Any]:
    asked = asked_for("", filters)
    days = {"from": asked.first, "to": asked.last}
    chosen = {facet: list(getattr(asked, facet)) for facet in FACETS if getattr(asked, facet)}
    return chosen | {name: [day.isoformat()] for name, day in days.items() if day}
