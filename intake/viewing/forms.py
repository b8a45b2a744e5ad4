"""Forms of the viewer: a note, a transcript, care flags, how to begin."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import BooleanField, IntegerField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional

from intake.taxonomy import taxonomy
from intake.viewing.models import FLAGS, STARTS
from intake.web import CaseForm

FLAG_WORDS = {
    "violence": _("Violence"),
    "injury": _("Injuries or blood"),
    "death": _("Death"),
    "child": _("A child in distress"),
    "distress": _("Screams or crying"),
}
START_WORDS = {
    "covered": _("Covered, until I choose"),
    "stills": _("Stills only"),
    "sound": _("Sound only"),
    "transcript": _("Transcript first"),
}


class NoteForm(CaseForm):
    """A note at a moment, on a page, or on the whole."""

    at = StringField(_("From"), [Length(max=20)])
    until = StringField(_("To, if it lasts"), [Length(max=20)])
    page = IntegerField(_("Page"), [Optional(), NumberRange(1, 100_000)])
    text = TextAreaField(_("Note"), [InputRequired(_("Write something first.")), Length(max=20_000)])
    codes = SelectMultipleField(_("Claims it bears on"), choices=[])

    def offer(self, language: str) -> NoteForm:
        """Offer every claim in the reader's language."""
        self.codes.choices = [(term.code, term.label(language, plain=False)) for term in taxonomy("claim").terms]
        return self


class TranscriptForm(CaseForm):
    """What is said: typed, or pasted as SRT or WebVTT."""

    language = SelectField(_("Language"), choices=[])
    translation = BooleanField(_("This is a translation"))
    text = TextAreaField(
        _("What is said"),
        [InputRequired(_("Write something first.")), Length(max=4_000_000)],
        description=_("Type lines, or paste a subtitle file (SRT or VTT) with its times."),
        id="said-text",
    )

    def offer(self, language: str) -> TranscriptForm:
        """Offer every language by its name in the reader's."""
        self.language.choices = [(term.code, term.label(language, plain=True)) for term in taxonomy("language").terms]
        return self


class CareForm(CaseForm):
    """Why a file is hard to see or hear."""

    flags = SelectMultipleField(_("Hard to see or hear because of"), choices=list(FLAG_WORDS.items()))

    def validate(self, extra_validators: object = None) -> bool:
        """Check that each flag exists."""
        return super().validate(extra_validators) and set(self.flags.data or ()) <= set(FLAGS)


class StartForm(CaseForm):
    """How hard files begin for me."""

    also = frozenset({"item"})
    starts = RadioField(_("Hard files begin"), choices=list(START_WORDS.items()), validators=[AnyOf(STARTS)])


class CiteForm(CaseForm):
    """The paragraph that cites a note."""

    paragraph = StringField(validators=[InputRequired(), Length(max=40)])
