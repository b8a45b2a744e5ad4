"""Form fields of the interview: codes of the taxonomy in plain words, and why there is no answer."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _
from wtforms import SelectField, SelectMultipleField

from intake.taxonomy import taxonomy

NOT_ANSWERED = [("not_asked", _("Not asked")), ("unknown", _("Not known")), ("declined", _("Declined to say"))]


def _choices(set_name: str) -> list[tuple[str, str]]:
    return taxonomy(set_name).choices(str(get_locale() or "en"), plain=True)


class TermField(SelectField):
    """One code of a set, or blank; with `reasons`, why there is none instead of a blank."""

    def __init__(self, label: Any, set_name: str, *, reasons: bool = False, **options: Any) -> None:  # noqa: ANN401
        none = NOT_ANSWERED if reasons else [("", _("Leave blank"))]
        super().__init__(label, choices=lambda: [*none, *_choices(set_name)], default=none[0][0], **options)


class TermsField(SelectMultipleField):
    """Any codes of a set; what the set does not hold is refused beside the field."""

    def __init__(self, label: Any, set_name: str, **options: Any) -> None:  # noqa: ANN401
        super().__init__(label, choices=lambda: _choices(set_name), **options)
        self.set_name = set_name


class StateField(SelectField):
    """Why there is no answer: not asked, not known, declined are three different things."""

    def __init__(self, label: Any = None, **options: Any) -> None:  # noqa: ANN401
        super().__init__(label or _("If there is no answer"), choices=NOT_ANSWERED, default="not_asked", **options)
