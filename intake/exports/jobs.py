"""Making the file: as its asker, with rights looked at again for every batch; nothing half-done can be downloaded."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import NoResultFound

from intake import db, storage
from intake.access import sessions
from intake.access.policy import Permission, permitted
from intake.errors import NotAllowed
from intake.exports.files import MEDIA_TYPES, write
from intake.exports.models import Export
from intake.exports.records import PROFILES, Row, rows_of
from intake.jobs import tasks
from intake.search.models import SavedSearch
from intake.search.queries import Asked, every_hit
from intake.search.services import asked_for
from intake.storage import Storage


@tasks.task(name="make_export")
def make_export(user_id: int, export_id: str) -> None:
    """Make one export's file; running again after a kill makes it anew and keeps one."""
    make(user_id, uuid.UUID(export_id), storage.current())


def make(user_id: int, export_id: uuid.UUID, store: Storage) -> None:
    """Write the file, count its rows, store it, and only then call it ready. Losing the right fails it in words."""
    with db.transaction():
        sessions.act_for(user_id)
        export = db.session.get_one(Export, export_id)
        if export.state == "ready":
            return
        export.state = "running"
        form, profile = export.format, export.profile
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"export.{form}"
            with db.transaction():
                # One snapshot: the rows are those that one search finds, however long the writing takes.
                db.session.execute(sa.text("set transaction isolation level repeatable read"))
                actor = sessions.act_for(user_id)
                about = {"export": str(export_id), "profile": profile, "fields": list(PROFILES[profile])}
                count = write(form, path, PROFILES[profile], _rows(export_id, user_id, actor.language), about)
            _keep(user_id, export_id, path, count, store)
    except (NotAllowed, NoResultFound):
        _fail(export_id, user_id)


def _rows(export_id: uuid.UUID, user_id: int, lang: str) -> Iterator[Row]:
    export = db.session.get_one(Export, export_id)
    asked = _asked(export)
    profile = export.profile
    for ids in every_hit(asked):
        _still_allowed(user_id)
        yield from rows_of(ids, profile, lang)


def _asked(export: Export) -> Asked:
    words = db.session.get_one(SavedSearch, export.search_id).words if export.search_id else ""
    return asked_for(words, export.filters)


def _still_allowed(user_id: int) -> None:
    # A second connection: this one's snapshot would not see that the right was taken away meanwhile.
    with db.session.get_bind().connect() as fresh:
        fresh.execute(sa.text("select set_config('app.user_id', :id, true)"), {"id": str(user_id)})
        roles = fresh.execute(sa.text("select grants from access.describe(:id)"), {"id": user_id}).scalar_one_or_none()
    if not roles or not permitted(frozenset(grant["role"] for grant in roles), Permission.EXPORT_PREPARE):
        raise NotAllowed


def _keep(user_id: int, export_id: uuid.UUID, path: Path, count: int, store: Storage) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        size = file.tell()
        file.seek(0)
        key = f"{export_id.hex}.{path.suffix[1:]}"
        store.put_object(store.exports_bucket, key, file, MEDIA_TYPES[path.suffix[1:]])
    if store.hash_stored(key, bucket=store.exports_bucket) != (digest.hexdigest(), size):
        raise OSError("the stored export differs from the written one")
    with db.transaction():
        sessions.act_for(user_id)
        export = db.session.get_one(Export, export_id)
        export.state, export.rows, export.size, export.sha256, export.object_key = "ready", count, size, digest.hexdigest(), key
        export.finished_at = sa.func.clock_timestamp()


def _fail(export_id: uuid.UUID, user_id: int) -> None:
    with db.transaction(user_id):
        values = {"state": "failed", "failure": "not_allowed", "finished_at": sa.func.clock_timestamp()}
        db.session.execute(sa.update(Export).where(Export.id == export_id).values(**values))
