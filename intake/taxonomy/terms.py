"""Coded sets of config/taxonomies: permanent codes, labels in English and Spanish, aliases for search."""

from __future__ import annotations

import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache

from intake.errors import Invalid
from intake.settings import project_file


class UnknownCode(Invalid):
    """A code that stands in no set."""

    def __init__(self, code: str) -> None:
        super().__init__({"code": "unknown"})
        self.code = code


@dataclass(frozen=True)
class Term:
    """One code with its legal and its plain names."""

    code: str
    set_name: str
    labels: dict[str, str]
    plain: dict[str, str]
    description: str
    source: str
    parent: str
    status: str
    aliases: tuple[str, ...]

    def label(self, lang: str, *, plain: bool = False) -> str:
        """Return the name in `lang` ("en" or "es"); `plain` for people who are interviewed or interview."""
        legal = self.labels.get(lang) or self.labels["en"]
        return (self.plain.get(lang) or legal) if plain else legal


@dataclass(frozen=True)
class TermSet:
    """One set, its terms in the file's order."""

    name: str
    titles: dict[str, str]
    multi: bool
    sensitivity: str
    terms: tuple[Term, ...]

    def term(self, code: str) -> Term:
        """Return the term of `code`. Raises UnknownCode."""
        for term in self.terms:
            if term.code == code:
                return term
        raise UnknownCode(code)

    def choices(self, lang: str, *, plain: bool = False) -> list[tuple[str, str]]:
        """Return (code, name) of every term still in use."""
        return [(t.code, t.label(lang, plain=plain)) for t in self.terms if t.status != "retired"]

    def children(self, code: str = "") -> tuple[Term, ...]:
        """Return the terms right under `code`; the roots by default."""
        return tuple(t for t in self.terms if t.parent == code)

    @property
    def codes(self) -> frozenset[str]:
        """Every code of the set."""
        return frozenset(t.code for t in self.terms)


@cache
def taxonomy(set_name: str) -> TermSet:
    """Return a set by its name, such as "agency". Raises Invalid for a set that does not exist."""
    path = project_file("config/taxonomies") / f"{set_name}.toml"
    if not set_name.isidentifier() or not path.exists():
        raise Invalid({"set": "unknown"})
    data = tomllib.loads(path.read_text())
    about = data["set"][set_name]
    terms = tuple(_term(set_name, entry) for entry in data[set_name])
    titles = {"en": about["title"], "es": about["title_es"]}
    return TermSet(set_name, titles, about["multi"], about["sensitivity"], terms)


@cache
def transitions() -> dict[str, tuple[str, ...]]:
    """Return, for each state of a declaration (DS.*), the states it may move to."""
    data = tomllib.loads((project_file("config/taxonomies") / "declaration_state.toml").read_text())
    return {state: tuple(to) for state, to in data["transition_to"].items()}


def set_of(code: str) -> str:
    """Return the name of the set that holds `code`. Raises UnknownCode."""
    return _by_code(code).set_name


def label(code: str, lang: str, *, plain: bool = False) -> str:
    """Return the name of any code; a code that no set knows is shown as it stands, never hidden."""
    known = _every_term().get(code)
    return known.label(lang, plain=plain) if known else code


def codes_for_alias(text: str) -> list[str]:
    """Return the codes that `text` may mean ("la migra" stands on several); case and accents do not matter."""
    return list(_by_alias().get(fold(text), ()))


@cache
def _by_alias() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for term in _every_term().values():
        for name in dict.fromkeys(fold(n) for n in (*term.aliases, *term.labels.values(), *term.plain.values())):
            if name:
                found.setdefault(name, []).append(term.code)
    return found


def fold(text: str) -> str:
    """Return `text` in lower case without accents and outer blanks, as search compares it."""
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return " ".join(bare.casefold().split())


def _term(set_name: str, entry: dict[str, object]) -> Term:
    def text(key: str) -> str:
        return str(entry.get(key, ""))

    aliases = entry.get("aliases", [])
    return Term(
        code=text("code"),
        set_name=set_name,
        labels={"en": text("label"), "es": text("label_es")},
        plain={"en": text("label_plain_en"), "es": text("label_plain_es")},
        description=text("description"),
        source=text("source"),
        parent=text("parent"),
        status=text("status"),
        aliases=tuple(str(a) for a in aliases) if isinstance(aliases, list) else (),
    )


@cache
def _every_term() -> dict[str, Term]:
    names = sorted(path.stem for path in project_file("config/taxonomies").glob("*.toml"))
    return {term.code: term for name in names for term in taxonomy(name).terms}


def _by_code(code: str) -> Term:
    try:
        return _every_term()[code]
    except KeyError as absent:
        raise UnknownCode(code) from absent
