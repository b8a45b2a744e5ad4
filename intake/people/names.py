"""How a name may be written and heard: what the vault's blind index is made of. Nothing here knows a person.

A name becomes words; each word has exact forms (accents, case, script, particles folded) and forms as heard
(Spanish sounds, Korean, Chinese and Armenian spellings, double metaphone). Tables and sources: config/names.toml.
"""

from __future__ import annotations

import hmac
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache

import metaphone
from anyascii import anyascii

from intake.keys import KeyService
from intake.settings import project_file

FIELDS = ("legal_name", "safe_name")  # sealed fields that a search by name finds
_TABLES = ("given", "korean", "chinese", "armenian")
_LAST_CYRILLIC = 0x52F  # after it come scripts without the letters of Europe
_METAPHONE_FROM = 5  # letters: shorter words share their code with half the alphabet


@dataclass(frozen=True)
class Word:
    """One word of a name, with the forms in which it is found."""

    exact: frozenset[str]
    sounds: frozenset[str]

    def forms(self) -> list[tuple[str, str]]:
        """Return (exact or sounds, form) of every form."""
        return [("exact", form) for form in self.exact] + [("sounds", form) for form in self.sounds]


def words_of(name: str) -> list[Word]:
    """Return the words that a search for `name` asks for, in the order typed; particles and titles left out."""
    words = _fold(name)
    kept = [n for n, word in enumerate(words) if word not in _small()] or range(len(words))
    return [_word(words, n) for n in kept]


def forms_of(name: str) -> Word:
    """Return all forms under which `name` is to be found, in any order of its words."""
    words = words_of(name)
    return Word(frozenset().union(*(w.exact for w in words)), frozenset().union(*(w.sounds for w in words)))


def _word(words: list[str], n: int) -> Word:
    """Return word n with what it makes together with its neighbours: Min Jun is Minjun, de la Cruz is Delacruz."""
    exact = {words[n], *("".join(words[m : n + 1]) for m in range(_reach(words, n), n))}
    if n + 1 < len(words):
        exact.add(words[n] + words[n + 1])
    return Word(frozenset(exact), frozenset().union(*map(_forms, exact)))


def _reach(words: list[str], n: int) -> int:
    """Return the first of the words that word n may be written together with: one word, or all its particles."""
    first = max(0, n - 1)
    while first > 0 and words[first] in _small() and words[first - 1] in _small():
        first -= 1
    return first


def _fold(name: str) -> list[str]:
    plain = []
    for part in re.split(r"[\s,.;/·]+", unicodedata.normalize("NFKC", name)):
        text = anyascii(part)
        if any(ord(c) > _LAST_CYRILLIC for c in part):
            # Korean and Chinese come out as GimMinJun: one word for each syllable.
            text = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=^[A-Z])(?=[A-Z])", " ", text)
            text = re.sub(r"^[IO]\b", lambda vowel: {"I": "Yi", "O": "Oh"}[vowel[0]], text)  # surnames, no particles
        plain.append(text)
    letters = re.sub(r"['\u2019`]", "", " ".join(plain)).casefold()
    return re.findall(r"[a-z0-9]+", letters)


def _forms(word: str) -> set[str]:
    forms = {f"es:{_spanish(word)}", f"co:{_coarse(word)}"} | _groups().get(word, set())
    if (armenian := _armenian(word)) is not None:
        forms.add(f"hy:{armenian}")
    if len(word) >= _METAPHONE_FROM:
        forms |= {f"dm:{code}" for code in metaphone.doublemetaphone(word) if len(code) > 2}  # noqa: PLR2004
    return forms


@cache
def _tables() -> dict[str, dict[str, list[object]]]:
    content: dict[str, dict[str, list[object]]] = tomllib.loads(project_file("config/names.toml").read_text())
    return content


def checked_on() -> object:
    """Return the date of the tables."""
    return _tables()["checked_on"]


@cache
def _small() -> frozenset[str]:
    return frozenset(str(w) for table in ("particles", "titles") for w in _tables()[table]["words"])


@cache
def _groups() -> dict[str, set[str]]:
    """Return {spelling: names of its groups}; one spelling may stand for several surnames (Wong, Chang)."""
    found: dict[str, set[str]] = {}
    for table in _TABLES:
        for number, group in enumerate(_tables()[table]["groups"]):
            for spelling in group:  # type: ignore[attr-defined]
                found.setdefault(spelling, set()).add(f"{table}:{number}:{group[0]}")  # type: ignore[index]
    return found


_SPANISH = (
    (r"ph", "f"), (r"qu(?=[ei])", "k"), (r"gu(?=[ei])", "g"), (r"w|gu(?=[ao])|hu(?=[aei])", "u"), (r"ch", "C"),
    (r"ll", "y"), (r"sc(?=[ei])|c(?=[ei])|z|x(?=[^aeiou]|$)", "s"), (r"g(?=[ei])|^x|(?<=[aeiou])x(?=[aeiou])", "j"),
    (r"[cq]", "k"), (r"v", "b"), (r"h", ""), (r"y(?=[^aeiou]|$)", "i"), (r"m(?=[bp])", "n"),
    (r"(.)\1+", r"\1"),
)  # fmt: skip


def _spanish(word: str) -> str:
    """Return how Spanish hears it: Jiménez, Ximenez and Gimenes are one. Source: Ortografía de la RAE, on sounds."""
    return _rewrite(word, _SPANISH)


_COARSE = (
    (r"tch|tsch|dzh|zh|ch|dj|q(?=[^u])|q$|j|ts|tz|dz|hs(?=[iu])", "c"), (r"sh|x|z", "s"), (r"kh|gh|qu|g|k", "k"),
    (r"ph", "f"), (r"d|th", "t"), (r"b", "p"), (r"w", "v"), (r"(?<=[aeiou])h(?=[^aeiou]|$)", ""),
    (r"r(?=[bcdfgklmnpqstv])", "r"), (r"oo|eo|eu|ou|uh|u|o", "o"), (r"ee|ie|ui|y|i", "i"), (r"ae|ai|ay|e", "e"),
    (r"(.)\1+", r"\1"),
)  # fmt: skip


def _coarse(word: str) -> str:
    """Return a key that merges voiced and voiceless stops and near vowels: Min-joon is Minjun, Bedrosian Petrosyan."""
    return _rewrite(word, _COARSE)


def _armenian(word: str) -> str | None:
    """Return the consonants before -ian, -yan: Mgrdichian is Mkrtchyan. None for a word without such an ending."""
    for ending in sorted(map(str, _tables()["armenian"]["endings"]), key=len, reverse=True):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2:  # noqa: PLR2004
            bare = re.sub(r"[aeiouyh]", "", _coarse(re.sub(r"(?<![gktcsdz])h", "", stem)))
            return bare if len(bare) > 1 else None
    return None


def _rewrite(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    for pattern, sound in rules:
        word = re.sub(pattern, sound, word)
    return word


def words_in(text: str) -> list[tuple[str, bool]]:
    """Return the folded words of running text in their order, each with whether it could begin a name (a capital)."""
    found = []
    for chunk in re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text):
        found += [(word, not chunk[0].islower()) for word in _fold(chunk) if word not in _small()]
    return found


def index_key(service: KeyService, organisation_id: int) -> bytes:
    """Return the key of the organisation's blind index, from the key service; never stored."""
    return service.derive(organisation_id, "name index")


def token(key: bytes, kind: str, form: str) -> bytes:
    """Return the blind token of one form: HMAC-SHA-256, cut to 16 bytes."""
    return hmac.digest(key, f"{kind}|{form}".encode(), "sha256")[:16]


def tokens_of(service: KeyService, organisation_id: int, fields: dict[str, str]) -> list[tuple[bytes, str]]:
    """Return (token, exact or sounds) of all names among a person's opened fields.

    In the order of the tokens: the order of rows must not tell the order of the words.
    """
    rows = {row for name in FIELDS if fields.get(name) for row in forms_of(fields[name]).forms()}
    if not rows:
        return []
    key = index_key(service, organisation_id)
    return sorted((token(key, kind, form), kind) for kind, form in rows)
