"""Kinds of sources with a guess how long each keeps its recordings, and the words of letters, as data with sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from intake.errors import Invalid
from intake.settings import project_file


@dataclass(frozen=True)
class SourceKind:
    """A kind of source (PS.*). days_low, days_high: how long recordings are usually kept; public: a public body's."""

    code: str
    label: str
    label_es: str
    days_low: int
    days_high: int
    public: bool
    source: str
    status: str

    def name(self, language: str) -> str:
        """Return what the kind is called in that language."""
        return self.label_es if language == "es" else self.label


@cache
def _file() -> dict[str, object]:
    return tomllib.loads(project_file("config/preservation.toml").read_text())


@cache
def kinds() -> dict[str, SourceKind]:
    """Return every kind by its code, in the order in which they are asked."""
    listed = _file()["kind"]
    assert isinstance(listed, list)  # noqa: S101  (the file is ours; a test reads it)
    return {each["code"]: SourceKind(**each) for each in listed}


def kind(code: str) -> SourceKind:
    """Return one kind. Raises Invalid for a code that is none."""
    if code not in kinds():
        raise Invalid({"kind": "unknown"})
    return kinds()[code]


def letter_words(language: str) -> dict[str, str]:
    """Return a letter's fixed words in "es", or in English for any other language."""
    letters = _file()["letter"]
    assert isinstance(letters, dict)  # noqa: S101
    words: dict[str, str] = letters["es" if language == "es" else "en"]
    return words


def red_hours() -> int:
    """Return how many hours before the first may be erased a source is shown as urgent."""
    return int(str(_file()["red_hours"]))
