"""What to export and how."""

from __future__ import annotations

from flask_babel import lazy_gettext as _
from wtforms import RadioField
from wtforms.validators import InputRequired

from intake.web import CaseForm

CHOICES = [
    ("records", _("Records, without work product")),
    ("records_with_claims", _("Records with claims (own work product)")),
]


class ExportForm(CaseForm):
    """Format and profile; the records are those that the search finds."""

    format = RadioField(
        _("Format"),
        [InputRequired(_("Choose a format."))],
        choices=[("csv", "CSV"), ("xlsx", "Excel (XLSX)"), ("json", "JSON")],
        default="xlsx",
    )
    profile = RadioField(
        _("Fields"),
        [InputRequired(_("Choose the fields."))],
        default="records",
        choices=CHOICES,
    )
