"""Forms of the people page, of grants, walls and break-glass."""

from __future__ import annotations

import datetime as dt

from flask_babel import lazy_gettext as _
from wtforms import DateField, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Length, Optional, Regexp

from intake.access.policy import Role
from intake.admin.grants import LONGEST
from intake.web import CaseForm

TIERS = [
    ("1", _("1, confidential")),
    ("2", _("2, attorneys' eyes only")),
    ("3", _("3, sealed by a court")),
]
_SAY = _("Say it in a few words.")


def next_year() -> dt.date:
    """The last day that a new grant may have: grants end by date, not by memory."""
    return dt.datetime.now(dt.UTC).date() + LONGEST - dt.timedelta(days=1)


def _trimmed(text: str | None) -> str:
    return (text or "").strip()


class RoleForm(CaseForm):
    """A role for a colleague, up to a tier, until a day. Left out: the narrowest tier, and a year."""

    role = SelectField(_("Role"), [InputRequired()], validate_choice=False)
    tier = SelectField(_("Highest tier"), [Optional(), AnyOf(["1", "2", "3"])], choices=TIERS, validate_choice=False)
    until = DateField(_("Until"), [Optional()], description=_("A year at most. You can give it again."))
    compartment = SelectField(_("Matter"), [Optional()], coerce=int, validate_choice=False)

    def offer(self, roles: list[tuple[str, str]], places: list[tuple[int, str]]) -> None:
        """Fill the choices of this page."""
        self.role.choices, self.compartment.choices = roles, places
        if self.until.data is None and not self.is_submitted():
            self.until.data = next_year()


class PersonForm(RoleForm):
    """A new colleague."""

    name = StringField(_("Name"), [InputRequired(_("Type the name.")), Length(max=120)])
    email = StringField(
        _("E-mail"),
        [
            InputRequired(_("Type the e-mail.")),
            Regexp(r"^[^@\s]+@[^@\s]+\.[^@\s]+$", message=_("This is no e-mail address.")),
            Length(max=254),
        ],
        description=_("They sign in with it. No mail is sent from here."),
        filters=[_trimmed],
    )
    language = RadioField(_("Language"), choices=[("en", "English"), ("es", "Español")], default="en")


class ActiveForm(CaseForm):
    """Enable ("yes") or disable ("no") a colleague."""

    active = HiddenField(validators=[AnyOf(["yes", "no"])])


class WallForm(CaseForm):
    """A wall between a colleague and an organisation's records, or one of them."""

    compartment = SelectField(_("Whose records"), [InputRequired()], coerce=int, validate_choice=False)
    number = StringField(
        _("One record only"),
        [Optional(), Length(max=20)],
        description=_("Its number, such as IN-0142. Leave it blank for all of them."),
    )
    reason = TextAreaField(_("Why"), [InputRequired(_SAY), Length(max=500)], description=_("No names of clients here."))


class ReasonForm(CaseForm):
    """Why a wall comes down."""

    reason = StringField(_("Why"), [InputRequired(_SAY), Length(max=500)])


class GlassForm(CaseForm):
    """One record that the asker cannot open."""

    number = StringField(
        _("Number of the record"), [InputRequired(_("Type the number, such as IN-0142.")), Length(max=20)]
    )
    reason = TextAreaField(
        _("What you need it for, now"),
        [InputRequired(_SAY), Length(max=1000)],
        description=_("An attorney reads this before opening it, and again when reviewing it. Use no names."),
    )


class ReviewForm(CaseForm):
    """Whether opening it was justified."""

    justified = RadioField(_("Was it justified?"), [InputRequired()], choices=[("yes", _("Yes")), ("no", _("No"))])
    words = TextAreaField(_("Your review"), [InputRequired(_SAY), Length(max=2000)])


ROLES = tuple(role.value for role in Role)
