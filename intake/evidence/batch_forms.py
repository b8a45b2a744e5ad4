"""The uploader's JSON about batches: types only; what is possible, the services say."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from intake.errors import Invalid
from intake.evidence.batches import MOST_LINES, Line
from intake.evidence.forms import json_object, typed, typed_uuid

_MOST_ASKED = 300  # files of which the state is told in one answer


@dataclass(frozen=True)
class BatchStart:
    """How many files were chosen and how many bytes they are."""

    files: int
    size: int
    once_key: uuid.UUID
    account_id: uuid.UUID | None

    @classmethod
    def read(cls, json: object) -> BatchStart:
        """Check types only. Raises Invalid."""
        told = json_object(json)
        account = typed_uuid(told, "account_id") if told.get("account_id") else None
        return cls(typed(told, "files", int), typed(told, "size", int), typed_uuid(told, "once_key"), account)


def read_lines(json: object) -> list[Line]:
    """Return lines of a manifest. Raises Invalid."""
    files = json_object(json).get("files")
    if not isinstance(files, list) or len(files) > MOST_LINES:
        raise Invalid({"files": "wrong"})
    return [_line(json_object(file)) for file in files]


def _line(told: dict[str, object]) -> Line:
    return Line(
        number=typed(told, "number", int),
        filename=typed(told, "name", str),
        path=typed({"path": told.get("path") or ""}, "path", str),
        size=typed(told, "size", int),
        file_key=typed_uuid(told, "once_key"),
        sha256=typed(told, "sha256", str) if told.get("sha256") else None,
    )


def read_numbers(text: str) -> list[int]:
    """Return the line numbers of "1,2,5". Raises Invalid."""
    numbers = [part for part in text.split(",") if part]
    if len(numbers) > _MOST_ASKED or not all(part.isascii() and part.isdigit() and len(part) < 9 for part in numbers):  # noqa: PLR2004
        raise Invalid({"numbers": "wrong"})
    return [int(part) for part in numbers]
