"""The one box."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import SearchField
from wtforms.validators import Length

from intake.search.services import LONGEST
from intake.web import CaseForm


class SearchForm(CaseForm):
    """Words, quotes and minus; no syntax needed."""

    words = SearchField(
        _("Search records"),
        [Length(max=LONGEST, message=_("Please search with fewer words."))],
        filters=[lambda w: w or ""],
    )
