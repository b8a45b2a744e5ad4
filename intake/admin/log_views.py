"""The log's page, and proofs of chosen records as a download."""

from __future__ import annotations

import datetime as dt
import uuid

from flask import flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_timezone
from flask_babel import gettext as _

from intake.access.policy import Permission
from intake.admin import proof as proofs
from intake.admin.log_forms import LogForm, ProofForm
from intake.admin.queries import PAGE, LogFilter, log_lines, people
from intake.admin.views import bp
from intake.audit.bundle import NotYetSealed
from intake.audit.state import state
from intake.audit.trail import record
from intake.errors import Invalid
from intake.web import requires

NEWEST = 2**63 - 1  # what PostgreSQL's bigint holds: above every event


@bp.get("/log")
@requires(Permission.AUDIT_READ)
def log() -> ResponseReturnValue:
    """Show the log without payloads, newest first, 50 at a time. Reading it is itself logged."""
    form = LogForm(request.args, people())
    asked = form.asked() if form.validate() else None
    before = min(request.args.get("before", NEWEST, type=int), NEWEST)
    lines = log_lines(asked, before=max(before, 0), limit=PAGE + 1, zone=get_timezone())
    record("log_read", subject="event")
    return render_template(
        "admin/log.html",
        lines=lines[:PAGE] if asked else [],
        more=len(lines) > PAGE,
        form=form,
        asked=asked or LogFilter(),
        proof_form=ProofForm(formdata=None),
        standing=state(),
        now=dt.datetime.now(dt.UTC),
    )


@bp.post("/log/proof")
@requires(Permission.LOG_PROVE, fresh=True)
def proof() -> ResponseReturnValue:
    """Send a bundle of one record's events with their proofs; of a whole incident to those who may read it."""
    form = ProofForm()
    if not form.validate():
        raise Invalid({"record": "unknown"})
    name = str(form.record.data)
    try:
        rows = proofs.rows_of(uuid.UUID(name)) if form.whole.data else proofs.named(name)
        packed, _written = proofs.zipped(rows)
    except NotYetSealed:
        flash(_("The newest of these entries are not yet signed. Please try again in a minute."))
        whole = bool(form.whole.data)
        back = url_for("incidents.show", incident_id=name) if whole else url_for(".log", record=name)
        return redirect(back, 303)
    return send_file(packed, "application/zip", as_attachment=True, download_name="proof-bundle.zip")
