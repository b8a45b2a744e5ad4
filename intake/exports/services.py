"""Preparing, approving and handing out exports."""

from __future__ import annotations

import uuid
from typing import Any

from intake import db, jobs
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed, NotNow
from intake.exports.files import MEDIA_TYPES
from intake.exports.models import Export
from intake.exports.records import PROFILES
from intake.search.models import SavedSearch
from intake.storage import Storage


def prepare_export(form: str, profile: str, search_id: uuid.UUID | None, filters: dict[str, Any]) -> Export:
    """Queue an export of what a search finds; the job acts as its asker. Raises Invalid, NotAllowed.

    search_id: the asker's own saved search, or None for filters alone.
    """
    me = current()
    if form not in MEDIA_TYPES:
        raise Invalid({"format": "unknown"})
    if profile not in PROFILES:
        raise Invalid({"profile": "unknown"})
    if profile == "records_with_claims" and not me.may(Permission.CLAIM_READ):
        raise NotAllowed
    if search_id is not None:
        db.session.get_one(SavedSearch, search_id)
    export = Export(user_id=me.user_id, search_id=search_id, filters=filters, profile=profile, format=form)
    db.session.add(export)
    db.session.flush()
    record("export_asked", subject="export", record_id=str(export.id), profile=profile, format=form)
    jobs.defer("make_export", user_id=me.user_id, export_id=str(export.id))
    return export


def approve(export: Export) -> None:
    """Let a paralegal's export go out. Raises NotAllowed for whoever may not approve, or prepared it."""
    me = current()
    if not me.may(Permission.EXPORT_APPROVE) or export.user_id == me.user_id:
        raise NotAllowed
    export.approved_by_id = me.user_id
    db.session.flush()


def may_go_out(export: Export) -> bool:
    """Tell whether the file may be downloaded: an attorney's own may, another's only once approved."""
    return export.approved_by_id is not None or (export.user_id == current().user_id and current().may(Permission.EXPORT_APPROVE))


def download(export: Export, storage: Storage) -> str:
    """Log the download and return an address that opens the file for five minutes. Raises NotNow, NotAllowed."""
    if export.state != "ready":
        raise NotNow(export.state)
    if not may_go_out(export):
        raise NotAllowed
    record("export_downloaded", subject="export", record_id=str(export.id), sha256=export.sha256, rows=export.rows)
    name = f"testigo-records-{str(export.id)[-8:]}.{export.format}"
    return storage.presign_get(export.object_key, "", name, MEDIA_TYPES[export.format], bucket=storage.exports_bucket)
