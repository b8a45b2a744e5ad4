"""The worker: runs background jobs. Any number may run; one that is killed loses nothing (jobs.revive_stalled)."""

from __future__ import annotations

import importlib
import logging

import procrastinate

from intake import db, health, jobs, keys
from intake import storage as stores
from intake.media import scanner
from intake.people import vault
from intake.settings import Settings
from intake.storage import Storage

# Modules whose tasks the worker knows; importing one registers its tasks.
TASK_MODULES = (
    "intake.audit.compare",
    "intake.audit.watch",
    "intake.media.scans",
    "intake.media.derive",
    "intake.media.reading",
    "intake.copies.making",
    "intake.evidence.sealing",
    "intake.evidence.fixity",
    "intake.evidence.holds",
    "intake.exports.ending",
    "intake.evidence.reconcile",
    "intake.exports.jobs",
)


def prepare(settings: Settings) -> procrastinate.App:
    """Connect to database, store and keys, and return the queue's application with every task registered.

    Raises KeyUnavailable without the key file: no worker that would fail on the first sealed name. Raises RuntimeError
    on a database that leaves rows unguarded.
    """
    for name in TASK_MODULES:
        importlib.import_module(name)
    health.refuse_unguarded(db.connect(settings.program_url))
    vault.use(keys.service(settings))
    stores.use(Storage(settings))
    scanner.use(scanner.Scanner.of(settings))
    return jobs.application(settings.program_url)


def storage() -> Storage:
    """Return the store that prepare() connected."""
    return stores.current()


def run(settings: Settings) -> None:
    """Run jobs until SIGTERM or SIGINT; jobs that are running then have 20 seconds to end, and run again if killed."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # The queue's own lines would print each job's arguments: identifiers only, but nobody needs them.
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    prepare(settings).run_worker(name="worker", concurrency=2, shutdown_graceful_timeout=20, delete_jobs="successful")
