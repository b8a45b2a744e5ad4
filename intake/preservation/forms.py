"""Forms of a source and of what became of it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import DateField, IntegerField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional

from intake.preservation.kinds import kinds
from intake.preservation.models import STATES
from intake.web import CaseForm

_NEEDED = InputRequired(_("Please type a number of days."))
_DAYS = NumberRange(1, 3650, _("Please type a number of days."))


class QuickForm(CaseForm):
    """The quick question of the interview: which kinds of recording there may be."""

    kinds = SelectMultipleField(_("Could any of these have recorded it?"), choices=[])

    def validate(self, extra_validators: object = None) -> bool:
        """Check that each ticked kind exists."""
        self.kinds.choices = [(code, code) for code in kinds()]
        return super().validate(extra_validators)


class SourceForm(CaseForm):
    """What is known of a source, and how long it keeps what it records."""

    what = StringField(
        _("Which camera or recording"), [Length(max=300)], description=_("As a stranger would find it: over the exit.")
    )
    holder = StringField(_("Who keeps it"), [Length(max=200)], description=_("A shop, an agency, an office."))
    holder_address = TextAreaField(_("Where to write to them"), [Length(max=500)])
    quote = StringField(_("What the person said about it"), [Length(max=500)])
    days_low = IntegerField(_("May be erased after, in days"), [_NEEDED, _DAYS])
    days_high = IntegerField(_("Erased at the latest after, in days"), [_NEEDED, _DAYS])
    days_basis = StringField(_("How we know"), [Length(max=500)])


class MoveForm(CaseForm):
    """What became of it."""

    state = SelectField(_("How it stands"), choices=[], validators=[AnyOf(STATES)])
    sent_on = DateField(_("Letter sent on"), [Optional()])
    item = SelectField(_("The file we got"), choices=[], validate_choice=False)
