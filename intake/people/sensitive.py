"""Words of a free text that may tell of immigration status, and numbers that name a person: pointed at, never changed.

Lists and source: config/sensitive_words.toml. Scripts without spaces are searched as they stand; in the others a word
must stand alone, with any accents.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from intake.settings import project_file

_UNSPACED = ("ko", "zh")
MARKER = re.compile(r"\[masked \d+\]")


@dataclass(frozen=True, order=True)
class Span:
    """Words at [start, end) of a text. kind: status or number."""

    start: int
    end: int
    kind: str


def scan(text: str) -> list[Span]:
    """Return what was found, in the order of the text, none overlapping; what is masked already is left out."""
    plain = _plain(text)
    found = sorted(_found(plain), key=lambda span: (span.start, -span.end))
    kept: list[Span] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    masked = [range(*match.span()) for match in MARKER.finditer(text)]
    return [span for span in kept if not any(span.start in marker for marker in masked)]


def stamp(text: str, spans: list[Span]) -> str:
    """Return a short hash of the found words: who has looked at them once is not asked again for the same ones."""
    return hashlib.sha256("\n".join(text[s.start : s.end] for s in spans).encode()).hexdigest()[:16]


def _found(plain: str) -> Iterator[Span]:
    for kind, pattern in _patterns():
        yield from (Span(*match.span(), kind) for match in pattern.finditer(plain))


def _plain(text: str) -> str:
    """Return the text in small letters without accents, each character where it was."""
    return text.translate(_LETTERS)


def _letter(character: str) -> str:
    if "\uac00" <= character <= "\ud7a3":
        return character  # a Hangul syllable decomposes into its letters, which are no accents
    small = unicodedata.normalize("NFD", character)[0].lower()
    return small if len(small) == 1 else character


class _Letters(dict[int, str]):
    """The plain form of each character, found out once."""

    def __missing__(self, code: int) -> str:
        self[code] = _letter(chr(code))
        return self[code]


_LETTERS = _Letters()


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    lists = tomllib.loads(project_file("config/sensitive_words.toml").read_text())
    words = [(word, language in _UNSPACED) for language, each in lists["words"].items() for word in each]
    spaced = "|".join(_word(word) for word, unspaced in words if not unspaced)
    joined = "|".join(re.escape(_plain(word)) for word, unspaced in words if unspaced)
    numbers = [pattern.replace("[uú]", "u") for pattern in lists["numbers"]["patterns"]]
    # One boundary before all the words: the search then tries a word only where one begins.
    return (
        ("number", re.compile("|".join(numbers))),
        ("status", re.compile(rf"\b(?:{spaced})")),
        ("status", re.compile(joined)),
    )


def _word(word: str) -> str:
    stem = re.escape(_plain(word.removesuffix("*"))).replace(r"\ ", r"\s+")
    return rf"{stem}\w*" if word.endswith("*") else rf"{stem}\b"
