"""Why a name is opened, who is looked for, which pseudonym, and what is protected."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from intake.people import protected
from intake.people.pseudonyms import STYLES
from intake.web import CaseForm

# The log keeps these words, in English, beside the reader's name.
REASONS = {
    "call back": _("To call or write back"),
    "declaration": _("To prepare or sign a declaration"),
    "court paper": _("For a paper that goes to court under the true name"),
    "conflict check": _("To check for a conflict of interest"),
    "correct the name": _("To correct the name or contact"),
    "safety": _("For the person's safety"),
    "other": _("Another reason"),
}
STYLE_WORDS = {
    "number": _("Declarant and a number"),
    "initials": _("Initials and a number"),
    "doe": _("Doe and a number"),
    "jane_doe": _("Jane Doe and a number"),
    "john_doe": _("John Doe and a number"),
}
CODE_WORDS = {
    "SP.USC_DISCLOSED": _("The person chose to say that they are a U.S. citizen"),
    "SP.LAWFUL_DISCLOSED": _("The person chose to say that they have lawful status"),
    "SP.ATTYONLY": _("Another fact about status that counsel must keep"),
    "PX.A_NUMBER": _("A-number"),
    "PX.BIRTH_COUNTRY": _("Country of birth"),
    "PX.CONSULATE": _("Consulate"),
    "PX.COURT_DATE": _("Date at the immigration court"),
    "PX.VISA": _("Visa"),
    "PX.PAPERS": _("Nationality of papers"),
}
RECORD_WORDS = {
    "citizen_stop": _("It proves a stop of a citizen"),
    "court_order": _("A court ordered it"),
    "client_request": _("The person asked for it to be kept"),
    "remedy": _("A remedy depends on it"),
    "safety": _("For the person's safety"),
}
OPEN_WORDS = {
    "prepare_paper": _("To prepare a paper"),
    "court_order": _("A court ordered it"),
    "advise_client": _("To advise the person"),
    "check_entry": _("To check that the entry is right"),
    "safety": _("For the person's safety"),
}
_NONE = ("", _("Choose"))


class UnsealForm(CaseForm):
    """The reason stays in the log beside the reader's name."""

    reason = SelectField(
        _("Why do you need the name?"),
        [InputRequired(_("Say why you need the name."))],
        choices=[_NONE, *REASONS.items()],
        description=_("The reason is logged with your name."),
    )
    detail = StringField(
        _("Which other reason?"),
        [Length(max=120)],
        description=_("Only for another reason. Write no name and nothing that tells who the person is."),
    )

    def validate_detail(self, field: StringField) -> None:
        """Another reason has words."""
        if self.reason.data == "other" and not (field.data or "").strip():
            raise ValidationError(_("Say which reason."))

    @property
    def logged(self) -> str:
        """What the log keeps."""
        return f"other: {str(self.detail.data).strip()}" if self.reason.data == "other" else str(self.reason.data)


class FindForm(CaseForm):
    """Words of a name. Sent by POST: they never stand in an address or in the log."""

    words = StringField(
        _("Name, or part of it"),
        [InputRequired(_("Type a name.")), Length(max=200)],
        description=_("Spelling, accents and the order of the words do not matter. Any script."),
    )


class StyleForm(CaseForm):
    """The style of a pseudonym."""

    style = RadioField(_("How this person is called"), choices=[(s, STYLE_WORDS[s]) for s in STYLES])


class ProtectForm(CaseForm):
    """A protected fact, as an attorney records it."""

    code = SelectField(_("What is it?"), [InputRequired(_("Choose what it is."))], choices=[_NONE, *CODE_WORDS.items()])
    value = TextAreaField(_("What must be kept"), [InputRequired(_("Write what must be kept.")), Length(max=2000)])
    reason = SelectField(
        _("Why must it be kept?"), [InputRequired(_("Say why."))], choices=[_NONE, *RECORD_WORDS.items()]
    )


class AskForm(CaseForm):
    """Why a protected entry is to be read."""

    reason = SelectField(
        _("Why do you need to read it?"), [InputRequired(_("Say why."))], choices=[_NONE, *OPEN_WORDS.items()]
    )


class AnswerForm(CaseForm):
    """Yes or no to a colleague."""

    answer = RadioField(choices=[("yes", "yes"), ("no", "no")])


assert set(CODE_WORDS) == set(protected.CODES)  # noqa: S101  (a code without words would be a blank line)
