"""Forms of custody: how an item came, what to certify, holds, orders of destruction."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _
from wtforms import DateField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional

from intake.evidence.origins import CODED, MODEL, choices
from intake.taxonomy import taxonomy
from intake.web import CaseForm


class OriginForm(CaseForm):
    """How it came to us. Every answer may stay open."""

    from_whom = SelectField(_("From whom we have it"), default="")
    method = SelectField(_("How it came"), default="")
    device_kind = SelectField(_("What made it"), default="")
    device_model = StringField(
        _("Make and model"),
        [Length(max=MODEL, message=_("Please use at most 60 letters."))],
        description=_("As printed on it. No names, no numbers of a person."),
    )
    held_by = SelectField(_("Who has the original now"), default="")
    got_on = DateField(_("Day we got it, if before it was added here"), [Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        language = str(get_locale() or "en")
        for name in CODED:
            self[name].choices = [("", _("Not asked yet")), *choices(name, language)]


class CertificateForm(CaseForm):
    """Which files, which oath, which kind of file."""

    items = SelectMultipleField(_("Files"), validate_choice=False)
    oath = SelectField(_("Oath"))
    form = RadioField(_("Format"), choices=[("pdf", "PDF"), ("docx", "Word")], default="pdf")


class HoldForm(CaseForm):
    """Why something must be kept."""

    reason = SelectField(_("Why it must be kept"), [InputRequired()])
    reference = StringField(
        _("What it rests on"),
        [Length(max=200)],
        description=_("Such as the letter or order and its date. No names."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.reason.choices = taxonomy("hold_class").choices(str(get_locale() or "en"))


class LiftForm(CaseForm):
    """Why a hold ends."""

    why = StringField(_("Why it ends"), [InputRequired(_("Please say why.")), Length(max=200)])


class DestructionForm(CaseForm):
    """The order that a destruction rests on."""

    authority = StringField(
        _("The court's order"),
        [InputRequired(_("Name the order.")), Length(max=200)],
        description=_("Court, case number and docket entry. No names."),
    )
    ordered_on = DateField(_("Day of the order"), [InputRequired(_("When was it ordered?"))])
