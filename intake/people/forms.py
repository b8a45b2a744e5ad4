"""Why a name is opened."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from intake.web import CaseForm


class UnsealForm(CaseForm):
    """The reason stays in the log beside the reader's name."""

    reason = StringField(
        _("Why do you need the name?"),
        [InputRequired(_("Say why you need the name.")), Length(max=300)],
        description=_("For example: to call back tonight. This is logged with your name."),
    )
