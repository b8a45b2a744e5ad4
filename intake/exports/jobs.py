"""Making the file: as its asker, with rights looked at again for every batch; nothing half-done can be downloaded."""

from __future__ import annotations

import hashlib
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import procrastinate
import sqlalchemy as sa
from sqlalchemy.exc import NoResultFound

from intake import db, storage
from intake.access import sessions
from intake.access.policy import permitted
from intake.audit.bundle import NotYetSealed
from intake.errors import DatabaseUnavailable, NotAllowed, NotNow, StoreUnavailable
from intake.exports import bundles
from intake.exports.files import write
from intake.exports.models import Export
from intake.exports.records import PROFILES, Row, rows_of
from intake.exports.services import demands, media_type
from intake.jobs import tasks
from intake.search.models import SavedSearch
from intake.search.queries import every_hit
from intake.search.services import asked_for
from intake.storage import Storage

TRIES = 6  # over about five minutes
_AGAIN = procrastinate.RetryStrategy(
    max_attempts=TRIES, wait=5, linear_wait=20, retry_exceptions=(StoreUnavailable, DatabaseUnavailable, NotYetSealed)
)


@dataclass(frozen=True)
class _Asked:
    """What the asker asked for and from which compartments."""

    export_id: uuid.UUID
    user_id: int
    form: str
    profile: str
    compartments: tuple[int, ...]
    # A key for each run: of two runs (one thought dead) neither overwrites what the other's row describes.
    key: str


@tasks.task(name="make_export", retry=_AGAIN, pass_context=True)
def make_export(context: procrastinate.JobContext, user_id: int, export_id: str) -> None:
    """Make one export's file; running again after a kill makes it anew and keeps one."""
    try:
        make(user_id, uuid.UUID(export_id), storage.current())
    except (StoreUnavailable, NotYetSealed) as missing:
        if context.job and context.job.attempts + 1 >= TRIES:
            give_up(uuid.UUID(export_id), user_id, "log" if isinstance(missing, NotYetSealed) else "store")
        raise


def make(user_id: int, export_id: uuid.UUID, store: Storage) -> None:
    """Write the file, count its rows, store it, and only then call it ready.

    A right that ended meanwhile fails the export in words. Raises StoreUnavailable, DatabaseUnavailable: try again.
    """
    try:
        asked = _begin(user_id, export_id)
        if asked is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"export.{asked.form}"
            count = _bundle(asked, path, store) if asked.profile == bundles.PROFILE else _write(asked, path)
            _keep(asked, path, count, store)
    except (NotAllowed, NoResultFound):
        give_up(export_id, user_id, "not_allowed")
    except NotNow as barred:
        give_up(export_id, user_id, barred.why)
    except (StoreUnavailable, DatabaseUnavailable, NotYetSealed):
        raise
    except Exception:
        give_up(export_id, user_id, "broken")
        raise


def _begin(user_id: int, export_id: uuid.UUID) -> _Asked | None:
    with db.transaction():
        sessions.act_for(user_id)
        export = db.session.get_one(Export, export_id)
        if export.state in {"ready", "failed"}:
            return None
        export.state = "running"
        key = f"{export_id.hex}-{uuid.uuid4().hex}.{export.format}"
        return _Asked(export_id, user_id, export.format, export.profile, tuple(export.compartments), key)


def _bundle(asked: _Asked, path: Path, store: Storage) -> int:
    incidents = bundles.write_bundle(asked.export_id, asked.user_id, path.parent, path, store)
    with db.transaction():
        sessions.act_for(asked.user_id)
        _still_allowed(asked, incidents)
        _note_content(asked, list(dict.fromkeys(incidents)))
    return len(incidents)


def _write(asked: _Asked, path: Path) -> int:
    with db.transaction():
        # One snapshot: the rows are those that one search finds, however long the writing takes.
        db.session.execute(sa.text("set transaction isolation level repeatable read"))
        actor = sessions.act_for(asked.user_id)
        fields = PROFILES[asked.profile]
        about = {"export": str(asked.export_id), "profile": asked.profile, "fields": list(fields)}
        return write(asked.form, path, fields, _rows(asked, actor.language), about)


def _rows(asked: _Asked, lang: str) -> Iterator[Row]:
    _still_allowed(asked, [])
    export = db.session.get_one(Export, asked.export_id)
    words = db.session.get_one(SavedSearch, export.search_id).words if export.search_id else ""
    for ids in every_hit(asked_for(words, export.filters)):
        _still_allowed(asked, ids)
        _note_content(asked, ids)
        yield from rows_of(ids, asked.profile, lang)


def _note_content(asked: _Asked, incident_ids: Sequence[uuid.UUID]) -> None:
    content = "insert into export_content (export_id, object_key, incident_id) select :export, :key, unnest(:ids)"
    values = {"export": asked.export_id, "key": asked.key, "ids": list(incident_ids)}
    db.session.execute(sa.text(content), values)


def _still_allowed(asked: _Asked, incident_ids: Sequence[uuid.UUID]) -> None:
    """Raise NotAllowed unless the asker still has the roles, the compartments and sight of these incidents.

    On a second connection: the first one's snapshot would not see what was taken away meanwhile.
    """
    with db.session.get_bind().engine.connect() as fresh:
        fresh.execute(sa.text("select set_config('app.user_id', :id, true)"), {"id": str(asked.user_id)})
        describe = sa.text("select grants from access.describe(:id)")
        grants = fresh.execute(describe, {"id": asked.user_id}).scalar_one_or_none() or []
        seen = sa.text("select count(distinct incident_id) from search_entry where incident_id = any(:ids)")
        visible = fresh.execute(seen, {"ids": list(incident_ids)}).scalar_one()
    for permission in demands(asked.profile):
        held = {g["compartment_id"] for g in grants if permitted(frozenset({g["role"]}), permission)}
        if not asked.compartments or not held.issuperset(asked.compartments):
            raise NotAllowed
    if visible < len(set(incident_ids)):
        raise NotAllowed


def _keep(asked: _Asked, path: Path, count: int, store: Storage) -> None:
    key = asked.key
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        size = file.tell()
        file.seek(0)
        store.put_object(store.exports_bucket, key, file, media_type(asked.form))
    try:
        if store.hash_stored(key, bucket=store.exports_bucket) != (digest.hexdigest(), size):
            raise StoreUnavailable
        kept = _call_ready(asked, key, count, size, digest.hexdigest())
    except Exception:
        store.delete_export(key)
        raise
    if not kept:
        store.delete_export(key)


def _call_ready(asked: _Asked, key: str, count: int, size: int, sha256: str) -> bool:
    """Say that the file is there; False when another run said so first."""
    with db.transaction():
        sessions.act_for(asked.user_id)
        _still_allowed(asked, [])
        export = db.session.get_one(Export, asked.export_id, with_for_update=True)
        if export.state != "running":
            return False
        export.state, export.rows, export.object_key = "ready", count, key
        export.size, export.sha256, export.finished_at = size, sha256, sa.func.clock_timestamp()
        if asked.profile == bundles.PROFILE:
            bundles.note_exported(export)
        return True


def give_up(export_id: uuid.UUID, user_id: int, why: str) -> None:
    """Say that an export will not be made, and why; nothing of it was kept."""
    with db.transaction(user_id):
        unfinished = (Export.id == export_id) & Export.state.in_(("waiting", "running"))
        values = {"state": "failed", "failure": why, "finished_at": sa.func.clock_timestamp()}
        db.session.execute(sa.update(Export).where(unfinished).values(**values))
