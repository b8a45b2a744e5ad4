"""What may be submitted: the description of an item, and the uploader's JSON."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, TypeVar

from flask_babel import get_locale
from flask_babel import lazy_gettext as _
from wtforms import SelectField, TextAreaField
from wtforms.validators import Length

from intake.errors import Invalid
from intake.evidence.words import MADE_BY, MAY_BE_SHOWN
from intake.taxonomy import taxonomy
from intake.web import CaseForm

Kind = TypeVar("Kind", str, int)


class DescriptionForm(CaseForm):
    """What the item is, in the worker's words and the person's answers."""

    evidence_type = SelectField(_("Kind of evidence"))
    made_by = SelectField(_("Who filmed, recorded or made it"), choices=list(MADE_BY.items()))
    may_be_shown = SelectField(
        _("May it be shown to the government's lawyers if the case needs it?"), choices=list(MAY_BE_SHOWN.items())
    )
    description = TextAreaField(
        _("What can be seen or heard"),
        [Length(max=20_000, message=_("Please use at most 20,000 letters."))],
        description=_("For people who do not want to open it yet. Write it without names."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        language = str(get_locale() or "en")
        self.evidence_type.choices = [
            ("", _("Not chosen yet")),
            *taxonomy("evidence_type").choices(language, plain=True),
        ]


@dataclass(frozen=True)
class UploadStart:
    """What the uploader tells about a chosen file. size: bytes."""

    name: str
    size: int
    media_type: str
    once_key: uuid.UUID
    account_id: uuid.UUID | None

    @classmethod
    def read(cls, json: object) -> UploadStart:
        """Check types only. Raises Invalid."""
        told = json_object(json)
        account = told.get("account_id") or None
        return cls(
            name=typed(told, "name", str),
            size=typed(told, "size", int),
            media_type=typed({"type": told.get("type") or ""}, "type", str),
            once_key=typed_uuid(told, "once_key"),
            account_id=typed_uuid(told, "account_id") if account else None,
        )


@dataclass(frozen=True)
class PartToSign:
    """The part that the uploader wants to send: its number, its bytes, its SHA-256 in base64."""

    number: int
    size: int
    sha256: str

    @classmethod
    def read(cls, json: object) -> PartToSign | None:
        """Check types; None when the list of parts is asked for. Raises Invalid."""
        told = json_object(json)
        if told.get("action") == "list":
            return None
        return cls(typed(told, "part_number", int), typed(told, "size", int), typed(told, "sha256", str))


def json_object(json: object) -> dict[str, Any]:
    """Return the JSON object that was sent. Raises Invalid for anything else."""
    if not isinstance(json, dict):
        raise Invalid({"": "not_an_object"})
    return json


def typed(told: dict[str, Any], name: str, kind: type[Kind]) -> Kind:
    """Return a value that must be of `kind`. Raises Invalid."""
    value = told.get(name)
    # In Python true is a number; in JSON it is not.
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Invalid({name: "wrong"})
    return value


def typed_uuid(told: dict[str, Any], name: str) -> uuid.UUID:
    """Return a value that must be a UUID. Raises Invalid."""
    try:
        return uuid.UUID(typed(told, name, str))
    except ValueError as wrong:
        raise Invalid({name: "wrong"}) from wrong
