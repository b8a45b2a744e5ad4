"""Background jobs on the same PostgreSQL: put in the queue by the transaction that needs them, run as their asker."""

from __future__ import annotations

import json
from typing import Any

import procrastinate
import sqlalchemy as sa

from intake import db

# Tasks live in their slices and are registered here; the connector is bound when the program starts.
tasks = procrastinate.Blueprint()
STALLED_AFTER = 30  # seconds without a heartbeat (every 10): the worker was killed


def application(program_url: str) -> procrastinate.App:
    """Return the queue's application on the program's database."""
    conninfo = sa.engine.make_url(program_url).set(drivername="postgresql").render_as_string(hide_password=False)
    connector = procrastinate.PsycopgConnector(
        conninfo=conninfo, min_size=1, max_size=4, kwargs={"options": "-c search_path=public,jobs"}
    )
    app = procrastinate.App(connector=connector)
    app.add_tasks_from(tasks, namespace="testigo")
    return app


def defer(task: str, **arguments: Any) -> None:  # noqa: ANN401
    """Queue `task` within this transaction: it exists if and only if the transaction commits.

    arguments: identifiers only (user_id and record ids), never a name, a narrative or search words.
    """
    db.session.execute(
        sa.text(
            "select procrastinate_defer_jobs_v1(ARRAY[row('default', :task, 0, null, null, cast(:args as jsonb), null)"
            "::procrastinate_job_to_defer_v1])"
        ),
        {"task": f"testigo:{task}", "args": json.dumps(arguments, default=str)},
    )


@tasks.periodic(cron="* * * * *", periodic_id="revive")
@tasks.task(name="revive_stalled", queue="default", queueing_lock="revive_stalled", pass_context=True)
async def revive_stalled(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Run again what a killed worker left half-done; jobs are written to have one effect however often they run."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER):
        await manager.retry_job(job)
