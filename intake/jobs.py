"""Background jobs on the same PostgreSQL: put in the queue by the transaction that needs them, run as their asker."""

from __future__ import annotations

import json
from typing import Any

import procrastinate
import procrastinate.exceptions
import sqlalchemy as sa
from procrastinate.jobs import Status

from intake import db

# Tasks live in their slices and are registered here; application() says on which database they are queued.
# Not a blueprint: each time one is added its tasks are renamed, and a second application of a process finds none.
tasks = procrastinate.App(connector=procrastinate.PsycopgConnector())
STALLED_AFTER = 30  # seconds without a heartbeat (every 10): the worker was killed


def application(program_url: str) -> procrastinate.App:
    """Return the queue's application, from now on on the program's database."""
    conninfo = sa.engine.make_url(program_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo, min_size=1, max_size=4, kwargs={"options": "-c search_path=public,jobs"}
    )
    tasks.connector = tasks.job_manager.connector = connector
    return tasks


def defer(task: str, *, slow: bool = False, **arguments: Any) -> None:  # noqa: ANN401
    """Queue `task` within this transaction: it exists if and only if the transaction commits.

    slow: it may take many minutes, so it waits for the others and never takes every place of the workers.
    arguments: identifiers only (user_id and record ids), never a name, a narrative or search words.
    """
    # Jobs of one lock run one after the other.
    lock = "slow" if slow else None
    db.session.execute(
        sa.text(
            "select procrastinate_defer_jobs_v1(ARRAY[row('default', :task, :priority, :lock, null,"
            " cast(:args as jsonb), null)::procrastinate_job_to_defer_v1])"
        ),
        {"task": task, "args": json.dumps(arguments, default=str), "priority": -1 if slow else 0, "lock": lock},
    )


@tasks.periodic(cron="* * * * *", periodic_id="revive")
@tasks.task(name="revive_stalled", queue="default", queueing_lock="revive_stalled", pass_context=True)
async def revive_stalled(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Run again what a killed worker left half-done; jobs are written to have one effect however often they run."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        try:
            await manager.retry_job(job)
        except procrastinate.exceptions.UniqueViolation:
            # A periodic job of which the next one waits already: that one does the work, this one may go.
            await manager.finish_job_by_id_async(job.id or 0, status=Status.FAILED, delete_job=True)
