"""Looks every few minutes whether the log is folded, kept outside and agrees with the rows; tells people when not."""

from __future__ import annotations

import datetime as dt
import logging

import sqlalchemy as sa

from intake import db
from intake.audit.state import state
from intake.jobs import tasks

log = logging.getLogger("testigo.audit")


@tasks.periodic(cron="*/5 * * * *", periodic_id="watch_log")
@tasks.task(name="watch_log", queue="default", queueing_lock="watch_log")
def watch_log(timestamp: int) -> None:  # noqa: ARG001
    """Raise the alarm: auditors and administrators are told once, until they put the notice away."""
    with db.transaction():
        if alarms := state().alarms(dt.datetime.now(dt.UTC)):
            log.error("the log needs a look: %s", ", ".join(alarms))
            db.session.execute(sa.text("select audit.alarm()"))
