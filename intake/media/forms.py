"""What may be submitted about scans: the reason to open what no scanner cleared."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from intake.media.releases import LONGEST
from intake.web import CaseForm


class ReleaseForm(CaseForm):
    """Why the item should be opened all the same."""

    reason = TextAreaField(
        _("Why open it without a clean scan?"),
        [
            InputRequired(message=_("Please write why.")),
            Length(max=LONGEST, message=_("Please use at most 2,000 letters.")),
        ],
        description=_("For example: who sent it, and that it was opened before. Write it without names."),
    )
