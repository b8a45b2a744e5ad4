"""The board of recordings that may be erased, each source's page, and its letter."""

from __future__ import annotations

import datetime as dt
import uuid

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake import db
from intake.access.policy import Permission
from intake.errors import Invalid, NotNow, StaleVersion
from intake.evidence import filenames
from intake.incidents.models import Incident
from intake.preservation import letters, queries, services, words
from intake.preservation.forms import MoveForm, QuickForm, SourceForm
from intake.preservation.kinds import kind, kinds, red_hours
from intake.preservation.models import STATES, PotentialSource
from intake.web import requires

bp = Blueprint("preservation", __name__)
bp.add_app_template_filter(words.state_name, "source_state")
bp.add_app_template_filter(words.state_look, "source_look")
bp.add_app_template_filter(words.source_name, "source_name")
bp.add_app_template_filter(words.left, "time_left")
bp.add_app_template_filter(words.moment, "place_time")
bp.add_app_template_filter(words.soon, "place_time_soon")
bp.add_app_template_filter(words.spoken, "clock_words")
_TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


@bp.app_context_processor
def _sources() -> dict[str, object]:
    return {
        "source_kinds": kinds,
        "sources_of": queries.of_incident,
        "recordings_soon": lambda: queries.soon(red_hours(), _now()),
        "now": _now,
    }


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@bp.get("/recordings")
@requires(Permission.EVIDENCE_ADD)
def board() -> ResponseReturnValue:
    """Show what may be erased, soonest first."""
    closed = request.args.get("closed") == "yes"
    lines, now = queries.board(closed=closed), _now()
    urgent = [each for each in lines if each.clock and each.clock.urgent(now)] if not closed else []
    return render_template(
        "preservation/board.html", lines=lines, tally=queries.tally(), urgent=urgent, closed=closed, moment=now
    )


@bp.post("/incidents/<uuid:incident_id>/recordings")
@requires(Permission.EVIDENCE_ADD)
def suspect(incident_id: uuid.UUID) -> ResponseReturnValue:
    """Start a clock for each kind that was ticked."""
    incident = db.session.get_one(Incident, incident_id)
    form = QuickForm()
    if not form.validate():
        raise Invalid({"kinds": "unknown"})
    made = services.suspect_each(incident, form.kinds.data or [])
    flash(_("The clocks are running. Open one to write the letter.") if made else _("Nothing new was ticked."))
    back = request.form.get("back", "")
    if back == "files":
        return redirect(url_for("incidents.step", incident_id=incident.id, step="files"), 303)
    return redirect(url_for("incidents.show", incident_id=incident.id) + "#recordings", 303)


@bp.route("/recordings/<uuid:recording_id>", methods=["GET", "POST"])
@requires(Permission.EVIDENCE_ADD)
def show(recording_id: uuid.UUID) -> ResponseReturnValue:
    """Show a source with its letter; save what is known of it."""
    line = queries.line(recording_id)
    form, theirs, status = SourceForm(obj=line.source), {}, 200
    if request.method == "POST":
        try:
            if form.validate():
                services.describe(line.source, form.seen_version, **form.values)
                flash(_("Saved."))
                return redirect(url_for(".show", recording_id=recording_id), 303)
            status = 422
        except StaleVersion as stale:
            theirs, status = stale.theirs, 409
        except Invalid:
            form.days_high.errors = [_("This is shorter than the time before.")]
            status = 422
    form.version.data = str(line.source.version)
    return _page(line, form, theirs), status


@bp.post("/recordings/<uuid:recording_id>/move")
@requires(Permission.EVIDENCE_ADD)
def move(recording_id: uuid.UUID) -> ResponseReturnValue:
    """Write down what became of a source."""
    line = queries.line(recording_id)
    form = _move_form(line)
    if not form.validate():
        return _page(line, _source_form(line), {}, form), 422
    item = uuid.UUID(form.item.data) if form.item.data else None
    try:
        services.move(line.source, form.state.data, sent_on=form.sent_on.data, item_id=item)
    except NotNow:
        form.item.errors = [_("Choose the file that you received. Add it to the record first.")]
        return _page(line, _source_form(line), {}, form), 422
    flash(_("Saved."))
    return redirect(url_for(".show", recording_id=recording_id), 303)


@bp.get("/recordings/<uuid:recording_id>/letter.<any(pdf, docx):form>")
@requires(Permission.EVIDENCE_ADD)
def paper(recording_id: uuid.UUID, form: str) -> ResponseReturnValue:
    """Send the letter, in English or, with `lang=es`, in Spanish."""
    source = db.session.get_one(PotentialSource, recording_id)
    body = letters.paper(source, form, "es" if request.args.get("lang") == "es" else "en")
    name = f"preservation-{source.id.hex[-8:]}.{form}"
    return Response(body, mimetype=_TYPES[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _source_form(line: queries.Line) -> SourceForm:
    form = SourceForm(formdata=None, obj=line.source)
    form.version.data = str(line.source.version)
    return form


def _move_form(line: queries.Line) -> MoveForm:
    form = MoveForm(state=line.source.state, sent_on=line.source.sent_on, item=str(line.source.item_id or ""))
    form.state.choices = [(state, words.state_name(state)) for state in STATES]
    files = queries.files_of(line.incident.id)
    form.item.choices = [("", _("None yet")), *((str(f.id), filenames.shown(f.filename)) for f in files)]
    return form


def _page(line: queries.Line, form: SourceForm, theirs: dict[str, str], move_form: MoveForm | None = None) -> str:
    language = "es" if request.args.get("lang", str(get_locale())) == "es" else "en"
    made = letters.letter(line.source, language)
    return render_template(
        "preservation/show.html",
        line=line,
        source=line.source,
        incident=line.incident,
        kind=kind(line.source.kind),
        form=form,
        theirs=theirs,
        move_form=move_form or _move_form(line),
        letter=made,
        letter_language=language,
        private=letters.private_in(made, line.incident.id),
        moment=_now(),
    )
