"""The viewer of one file, what is written beside it, and its captions."""

from __future__ import annotations

import uuid

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.declarations.models import Paragraph
from intake.declarations.queries import open_paragraphs
from intake.declarations.services import tie_source
from intake.errors import Invalid, NotThere, StaleVersion
from intake.evidence.models import EvidenceItem
from intake.evidence.opening import assert_open, closed
from intake.incidents.models import Incident
from intake.media import queries as media
from intake.media import services as shown
from intake.viewing import queries, services, subtitles
from intake.viewing.forms import FLAG_WORDS, CareForm, CiteForm, NoteForm, StartForm, TranscriptForm
from intake.viewing.models import MediaNote, Transcript
from intake.web import requires

bp = Blueprint("viewing", __name__)
bp.add_app_template_filter(subtitles.clock, "clock")
bp.add_app_template_filter(services.locator, "note_place")
_TIMES = {
    "empty": lambda: _("Write something first."),
    "times": lambda: _("A time in it cannot be right. Nothing was saved."),
    "too_long": lambda: _("This is too long."),
}


@bp.get("/evidence/<uuid:item_id>/look")
@requires(Permission.EVIDENCE_READ)
def look(item_id: uuid.UUID) -> ResponseReturnValue:
    """Show the viewer. Nothing opens by itself."""
    return _page(db.session.get_one(EvidenceItem, item_id))


@bp.post("/evidence/<uuid:item_id>/notes")
@requires(Permission.NOTE_WRITE)
def write(item_id: uuid.UUID) -> ResponseReturnValue:
    """Keep a note."""
    item, form = db.session.get_one(EvidenceItem, item_id), NoteForm().offer(_language())
    if not form.validate():
        return _page(item, note_form=form), 422
    try:
        note = services.write_note(item, _note(form), _language())
    except Invalid as wrong:
        return _page(item, note_form=_told(form, wrong)), 422
    return redirect(url_for(".look", item_id=item.id) + f"#note-{note.id}", 303)


@bp.post("/media-notes/<uuid:note_id>")
@requires(Permission.NOTE_WRITE)
def change(note_id: uuid.UUID) -> ResponseReturnValue:
    """Change one's own note."""
    note = db.session.get_one(MediaNote, note_id)
    item, form = db.session.get_one(EvidenceItem, note.item_id), NoteForm().offer(_language())
    if not form.validate():
        return _page(item, note_form=form, changing=note), 422
    try:
        services.change_note(note, form.seen_version, _note(form))
    except Invalid as wrong:
        return _page(item, note_form=_told(form, wrong), changing=note), 422
    except StaleVersion as stale:
        form.version.data = str(note.version)
        return _page(item, note_form=form, changing=note, theirs=stale.theirs), 409
    flash(_("Saved."))
    return redirect(url_for(".look", item_id=item.id) + f"#note-{note.id}", 303)


@bp.post("/media-notes/<uuid:note_id>/off")
@requires(Permission.NOTE_WRITE)
def take_off(note_id: uuid.UUID) -> ResponseReturnValue:
    """Take one's own note off."""
    note = db.session.get_one(MediaNote, note_id)
    services.take_note_off(note)
    return redirect(url_for(".look", item_id=note.item_id), 303)


@bp.post("/media-notes/<uuid:note_id>/cite")
@requires(Permission.DECLARATION_DRAFT)
def cite(note_id: uuid.UUID) -> ResponseReturnValue:
    """Tie the file, at the note's place, to a paragraph of a declaration."""
    note, form = db.session.get_one(MediaNote, note_id), CiteForm()
    if not form.validate():
        raise Invalid({"paragraph": "missing"})
    try:
        paragraph = db.session.get_one(Paragraph, uuid.UUID(form.paragraph.data))
    except ValueError as wrong:
        raise NotThere from wrong
    tie_source(paragraph, note.item_id, services.locator(note))
    flash(_("The paragraph now cites this moment."))
    return redirect(url_for("declarations.show", declaration_id=paragraph.declaration_id), 303)


@bp.post("/evidence/<uuid:item_id>/transcript")
@requires(Permission.EVIDENCE_ADD)
def transcribe(item_id: uuid.UUID) -> ResponseReturnValue:
    """Keep what is said in the file."""
    item, form = db.session.get_one(EvidenceItem, item_id), TranscriptForm().offer(_language())
    theirs, status = {}, 422
    if form.validate():
        try:
            services.keep_transcript(
                item, form.text.data or "", form.language.data,
                translation=bool(form.translation.data), version=form.seen_version,
            )  # fmt: skip
            flash(_("Saved."))
            return redirect(url_for(".look", item_id=item.id) + "#said", 303)
        except Invalid as wrong:
            form.text.errors = [_TIMES[wrong.fields["text"]]()]
        except StaleVersion as stale:
            theirs, status = stale.theirs, 409
    return _page(item, transcript_form=form, theirs=theirs), status


@bp.get("/transcripts/<uuid:transcript_id>.vtt")
@requires(Permission.EVIDENCE_READ)
def captions(transcript_id: uuid.UUID) -> ResponseReturnValue:
    """Send captions to the player, while the file itself may be opened."""
    transcript = db.session.get_one(Transcript, transcript_id)
    assert_open(db.session.get_one(EvidenceItem, transcript.item_id))
    return Response(subtitles.write(transcript.cues), content_type="text/vtt; charset=utf-8")


@bp.post("/evidence/<uuid:item_id>/care")
@requires(Permission.EVIDENCE_ADD)
def care(item_id: uuid.UUID) -> ResponseReturnValue:
    """Flag a file that is hard to see or hear, or take the flag off."""
    form = CareForm()
    if not form.validate():
        raise Invalid({"flags": "unknown"})
    services.flag(db.session.get_one(EvidenceItem, item_id), form.flags.data or [])
    flash(_("Saved."))
    return redirect(url_for(".look", item_id=item_id), 303)


@bp.post("/viewing")
@requires(Permission.EVIDENCE_READ)
def prefer() -> ResponseReturnValue:
    """Remember how hard files begin for this person."""
    form = StartForm()
    if not form.validate():
        raise Invalid({"starts": "unknown"})
    services.prefer(form.starts.data)
    flash(_("Saved. Hard files begin so from now on."))
    back = request.form.get("item", "")
    return redirect(url_for(".look", item_id=uuid.UUID(back)) if _is_id(back) else url_for("access.account"), 303)


def _is_id(text: str) -> bool:
    try:
        return bool(uuid.UUID(text))
    except ValueError:
        return False


def _note(form: NoteForm) -> services.Remark:
    try:
        at, until = (subtitles.moment(field.data or "") for field in (form.at, form.until))
    except Invalid as wrong:
        raise Invalid({"until": "wrong"}) from wrong
    return services.Remark(form.text.data or "", at, until, form.page.data, tuple(form.codes.data or ()))


def _told(form: NoteForm, wrong: Invalid) -> NoteForm:
    words = _("This moment cannot be right.") if "until" in wrong.fields else _("This cannot be used.")
    form.until.errors = [words]
    return form


def _language() -> str:
    return str(get_locale() or "en")


def _page(
    item: EvidenceItem, *, note_form: NoteForm | None = None, transcript_form: TranscriptForm | None = None,
    changing: MediaNote | None = None, theirs: dict[str, str] | None = None,
) -> str:  # fmt: skip
    about, language = media.about(item), _language()
    transcripts = queries.transcripts_of(item.id)
    may = {
        "note": current().may(Permission.NOTE_WRITE, item.compartment_id),
        "claim": current().may(Permission.CLAIM_SUGGEST, item.compartment_id),
        "add": current().may(Permission.EVIDENCE_ADD, item.compartment_id),
        "cite": current().may(Permission.DECLARATION_DRAFT, item.compartment_id),
    }
    return render_template(
        "viewing/look.html", item=item, incident=db.session.get_one(Incident, item.incident_id), about=about,
        view=shown.viewable(item), preparing=shown.preparing(item), closed=closed(item),
        notes=queries.notes_of(item.id), transcripts=transcripts, flags=queries.flags_of(item.id),
        flag_words=FLAG_WORDS, starts=queries.starts(),
        opened=queries.opened_today(), many=queries.MANY, following=queries.following(item),
        may=may, theirs=theirs or {}, changing=changing, plain=subtitles.plain,
        paragraphs=open_paragraphs(item.incident_id) if may["cite"] else [],
        note_form=note_form or NoteForm(formdata=None).offer(language),
        transcript_form=transcript_form or TranscriptForm(formdata=None).offer(language),
        care_form=CareForm(formdata=None, flags=queries.flags_of(item.id)),
        start_form=StartForm(formdata=None, starts=queries.starts()),
    )  # fmt: skip
