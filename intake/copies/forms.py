"""The form of a copy: the boxes come as JSON, drawn with a pointer or typed."""

from __future__ import annotations

import json
from typing import Any

from wtforms import HiddenField
from wtforms.validators import Length

from intake.copies.services import MOST_BOXES
from intake.errors import Invalid
from intake.web import CaseForm


class CopyForm(CaseForm):
    """Boxes as a JSON list; empty for a copy that only loses its metadata."""

    boxes = HiddenField(validators=[Length(max=400_000)])

    @property
    def drawn(self) -> list[dict[str, Any]]:
        """The boxes as told. Raises Invalid for what is no list of objects, or too long a one."""
        try:
            told = json.loads(self.boxes.data or "[]")
        except ValueError as wrong:
            raise Invalid({"boxes": "wrong"}) from wrong
        if not isinstance(told, list) or len(told) > MOST_BOXES or not all(isinstance(each, dict) for each in told):
            raise Invalid({"boxes": "wrong"})
        return told
