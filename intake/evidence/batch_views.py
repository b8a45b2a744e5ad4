"""Batches: the uploader declares what it will send, asks how far everything is, and leads to the counted result."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Iterator

from flask import Response, jsonify, render_template, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue

from intake import db
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid
from intake.evidence import batch_queries, batch_words, batches
from intake.evidence.batch_forms import BatchStart, read_lines, read_numbers
from intake.evidence.batch_models import EvidenceBatch
from intake.evidence.views import bp, opened_storage
from intake.incidents.models import Account, Incident
from intake.spreadsheets import harmless
from intake.web import requires

bp.add_app_template_filter(batch_words.batch_label, "batch_label")
bp.add_app_template_filter(batch_words.line_label, "line_label")
bp.add_app_template_filter(batch_words.line_look, "line_look")
bp.add_app_template_filter(batch_words.line_why, "line_why")
bp.add_app_template_global(batch_queries.batches_of, "batches_of")


@bp.post("/incidents/<uuid:incident_id>/batches")
@requires(Permission.EVIDENCE_ADD)
def open_batch(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Open the batch that the chosen files make, or find it again."""
    told = BatchStart.read(request.get_json())
    incident = db.session.get_one(Incident, incident_id)
    account = db.session.get_one(Account, told.account_id) if told.account_id else None
    batch = batches.open_batch(
        incident, account=account, files=told.files, size=told.size, once_key=told.once_key,
        settings=opened_storage().settings,
    )  # fmt: skip
    addresses = {
        f"{name}_url": url_for(f".{endpoint}", batch_id=batch.id)
        for name, endpoint in (("files", "declare"), ("state", "batch_state"), ("keep", "keep"), ("page", "batch"))
    }
    return jsonify(id=batch.id, **addresses), 201


@bp.post("/batches/<uuid:batch_id>/files")
@requires(Permission.EVIDENCE_ADD)
def declare(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Write lines of the manifest."""
    batches.declare(db.session.get_one(EvidenceBatch, batch_id), read_lines(request.get_json()))
    return "", 204


@bp.post("/batches/<uuid:batch_id>/keep")
@requires(Permission.EVIDENCE_ADD)
def keep(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Hear that the page is still open: what it has begun is left alone while it is paused."""
    batches.keep_alive(db.session.get_one(EvidenceBatch, batch_id))
    return "", 204


@bp.get("/batches/<uuid:batch_id>/state")
@requires(Permission.EVIDENCE_READ)
def batch_state(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Say how the batch stands and how the asked-for files do, in the reader's language."""
    batch = db.session.get_one(EvidenceBatch, batch_id)
    found = batch_queries.lines(batch, numbers=read_numbers(request.args.get("numbers", "")))
    counts = batch_queries.counts(batch)
    return jsonify(
        words=batch_words.batch_label(counts), complete=batch.completed_at is not None, files=counts.files,
        received=counts.received, failed=counts.failed,
        lines=[batch_words.line_told(line) for line in found],
    )  # fmt: skip


@bp.get("/batches/<uuid:batch_id>")
@requires(Permission.EVIDENCE_READ)
def batch(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Show the counted result of a batch, what is missing first."""
    found = db.session.get_one(EvidenceBatch, batch_id)
    page = request.args.get("page", "1")
    if not (page.isascii() and page.isdigit() and 0 < int(page) < 10**6):
        raise Invalid({"page": "wrong"})
    counts = batch_queries.counts(found)
    return render_template(
        "evidence/batch.html",
        batch=found,
        counts=counts,
        lines=batch_queries.lines(found, page=int(page) - 1),
        page=int(page),
        pages=-(-counts.files // batch_queries.PAGE),
        incident=db.session.get_one(Incident, found.incident_id),
    )


@bp.get("/batches/<uuid:batch_id>/not-received.csv")
@requires(Permission.EVIDENCE_READ)
def not_received(batch_id: uuid.UUID) -> ResponseReturnValue:
    """Give the list of files that are not here, each with its reason."""
    found = db.session.get_one(EvidenceBatch, batch_id)
    rows = [batch_words.list_head(), *batch_words.list_rows(batch_queries.not_received(found))]
    record("export", subject="evidence_batch", record_id=str(found.id), compartment_id=found.compartment_id, form="csv")
    headers = {"Content-Disposition": 'attachment; filename="not-received.csv"'}
    return Response(stream_with_context(_csv(rows)), mimetype="text/csv", headers=headers)


def _csv(rows: list[list[str]]) -> Iterator[str]:
    yield "\ufeff"  # tells spreadsheets that this is UTF-8
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([harmless(str(cell)) for cell in row])
        yield line.getvalue()
