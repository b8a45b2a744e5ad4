"""Finding people by their sealed names without opening one: tokens of the words against the blind index."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.errors import Invalid, NotAllowed
from intake.people import names, vault
from intake.people.models import Person
from intake.people.vault_models import NameToken

MOST = 50  # matches on a page; who needs more needs more words


@dataclass(frozen=True)
class Match:
    """A person whose sealed name fits: every word as written, or some only as heard."""

    person: Person
    exact: bool


def find_by_name(words: str) -> list[Match]:
    """Return the people of the actor's organisation whose sealed name fits `words`, the best first.

    Only those whose names the actor may open (row security of the vault). The log keeps that somebody searched and
    how many were found, never the words. Raises Invalid without a word, NotAllowed without the right, KeyUnavailable.
    """
    if not current().may(Permission.IDENTITY_READ):
        raise NotAllowed
    asked = names.words_of(words)
    if not asked:
        raise Invalid({"words": "required"})
    matches = _people(_scores(asked))
    record("name_search", subject="identity", found=len(matches))
    return matches


def may_be_same(person: Person, name: str) -> list[Match]:
    """Return others that may be this person, for a hint at intake; the same rights, and nothing is opened."""
    asked = names.words_of(name)
    if len(asked) < 2 or not current().may(Permission.IDENTITY_READ):  # noqa: PLR2004  (one name fits half the town)
        return []
    return [match for match in _people(_scores(asked)) if match.person.id != person.id]


def _scores(asked: list[names.Word]) -> dict[uuid.UUID, tuple[int, int]]:
    """Return {person: (words that fit, of these as written)} for those where enough words fit."""
    key = names.index_key(vault.service(), current().organisation_id)
    tokens = [{(kind, names.token(key, kind, form)) for kind, form in word.forms()} for word in asked]
    found = _found({token for word in tokens for _kind, token in word})
    scores = {}
    for person_id, rows in found.items():
        fit = sum(bool(word & rows) for word in tokens)
        written = sum(any(kind == "exact" for kind, _t in word & rows) for word in tokens)
        if fit >= _enough(len(asked)):
            scores[person_id] = (fit, written)
    return scores


def _enough(words: int) -> int:
    """Of one or two words all must fit; of more, one may be missing: the second surname is often left out."""
    return words if words <= 2 else words - 1  # noqa: PLR2004


def _found(tokens: Iterable[bytes]) -> dict[uuid.UUID, set[tuple[str, bytes]]]:
    statement = sa.select(NameToken.person_id, NameToken.kind, NameToken.token).where(
        NameToken.organisation_id == current().organisation_id,
        NameToken.kind.in_(("exact", "sounds")),
        NameToken.token.in_(list(tokens)),
    )
    found: dict[uuid.UUID, set[tuple[str, bytes]]] = {}
    with vault.as_vault():
        for person_id, kind, token in db.session.execute(statement):
            found.setdefault(person_id, set()).add((kind, bytes(token)))
    return found


def _people(scores: dict[uuid.UUID, tuple[int, int]]) -> list[Match]:
    best = sorted(scores, key=lambda person_id: (scores[person_id], str(person_id)), reverse=True)[:MOST]
    people = {p.id: p for p in db.session.scalars(sa.select(Person).where(Person.id.in_(best)))}
    return [Match(people[i], exact=scores[i][0] == scores[i][1]) for i in best if i in people]


def standing_in(texts: Sequence[str], people: Iterable[uuid.UUID]) -> list[str]:
    """Return for each text whether a sealed name of one of `people` stands in it: "whole", "part" or "".

    whole: two neighbouring words are of one name; part: one word with a capital. By blind tokens, nothing is opened;
    only names that the actor may open are compared, so that nobody else can guess a name by typing. Raises
    KeyUnavailable.
    """
    if not current().may(Permission.IDENTITY_READ):
        return [""] * len(texts)
    key = names.index_key(vault.service(), current().organisation_id)
    read = [names.words_in(text) for text in texts]
    tokens = {word: names.token(key, "exact", word) for words in read for word, _capital in words}
    chosen = NameToken.person_id.in_(list(people)) & (NameToken.kind == "exact")
    statement = sa.select(NameToken.person_id, NameToken.token).where(chosen, NameToken.token.in_(tokens.values()))
    with vault.as_vault():
        rows = [(person_id, bytes(token)) for person_id, token in db.session.execute(statement)]
    of_word = {word: {person_id for person_id, token in rows if token == mine} for word, mine in tokens.items()}
    return [_stands(words, of_word) for words in read]


def _stands(words: list[tuple[str, bool]], of_word: dict[str, set[uuid.UUID]]) -> str:
    pairs = itertools.pairwise(words)
    if any(first != second and of_word[first] & of_word[second] for (first, _a), (second, _b) in pairs):
        return "whole"
    return "part" if any(of_word[word] and capital and len(word) > 2 for word, capital in words) else ""  # noqa: PLR2004
