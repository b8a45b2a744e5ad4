"""Forms of the analyst's pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import HiddenField, SelectField, StringField
from wtforms.validators import AnyOf, InputRequired, Length

from intake.web import CaseForm


class ProjectForm(CaseForm):
    """A new project: which matter, and what is asked."""

    matter = SelectField(_("Matter"), coerce=int)
    title = StringField(
        _("What do you want to find out?"),
        [InputRequired(_("Write what you want to find out.")), Length(max=200)],
        description=_("For your own list. Write no names."),
    )


class RuleForm(CaseForm):
    """Whether analysts may count an organisation's confirmed claims."""

    compartment = HiddenField()
    claims = HiddenField(validators=[AnyOf(["yes", "no"])])
