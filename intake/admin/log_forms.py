"""Forms of the log: what to show, and of which record to take a proof."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _
from wtforms import DateField, HiddenField, SelectField, StringField
from wtforms.validators import Length, Optional, Regexp

from intake.admin.queries import LogFilter
from intake.web import CaseForm

WHAT = [
    ("", _("Anything")),
    ("changes", _("Added, changed, removed")),
    ("sealed", _("Sealed names")),
    ("out", _("Downloads and exports")),
    ("reads", _("Reading and searching")),
    ("sign_in", _("Signing in")),
    ("refused", _("Refused")),
    ("other", _("Everything else")),
]


class LogForm(CaseForm):
    """A search of the log; it changes nothing, so its address can be kept."""

    who = SelectField(_("Who"), [Optional()], coerce=lambda text: int(text or 0), choices=[])
    what = SelectField(_("What"), [Optional()], choices=WHAT)
    record = StringField(_("Record"), [Optional(), Length(max=40)], description="")
    first = DateField(_("From"), [Optional()])
    last = DateField(_("To"), [Optional()])

    def __init__(self, asked: Any, people: list[tuple[int, str]]) -> None:  # noqa: ANN401 (werkzeug's MultiDict)
        super().__init__(asked, meta={"csrf": False})
        self.who.choices = [(0, _("Anyone")), *people]

    def asked(self) -> LogFilter:
        """Return what the fields ask for."""
        return LogFilter(
            self.who.data or None,
            self.what.data or "",
            (self.record.data or "").strip(),
            self.first.data,
            self.last.data,
        )


class ProofForm(CaseForm):
    """Which record's events; whole: with every row of its incident."""

    record = HiddenField(validators=[Length(max=40), Regexp(r"^[0-9A-Za-z-]+$")])
    whole = HiddenField(validators=[Optional(), Length(max=3)])
