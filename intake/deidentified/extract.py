"""Rows that may leave: each is like at least ten others, and no code stands in it that fewer than eleven people share.

Where too few people share month, county, kind of site and age, the finest of these is left blank, then the next, as
long as needed; who stands alone even then is left out and counted. Source: domain page section 6, de-identified
extract: a pseudonym per extract, month and not day, county or site type, age band, no free text, cells under 11
suppressed.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from intake.deidentified.suppression import SMALLEST_LEAVING

COMMON = ("month", "county", "site", "age_band")
BLANKED = ("site", "age_band", "county", "month")  # in this order


@dataclass(frozen=True)
class Told:
    """One person's account without words: what it shares with others, and its codes by set."""

    person: str
    common: Mapping[str, str]
    codes: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Extract:
    """What leaves: rows with new pseudonyms in a random order, and how many accounts were left out."""

    rows: tuple[Told, ...]
    left_out: int


def generalise(accounts: Iterable[Told], smallest: int = SMALLEST_LEAVING) -> Extract:
    """Return the extract of these accounts. Its pseudonyms are random and belong to this extract alone."""
    rows = list(accounts)
    for name in BLANKED:
        few = _few(rows, smallest)
        rows = [replace(r, common={**r.common, name: ""}) if _key(r) in few else r for r in rows]
    few = _few(rows, smallest)
    kept = _without_rare_codes([row for row in rows if _key(row) not in few], smallest)
    names: dict[str, str] = defaultdict(lambda: f"P-{secrets.token_hex(6)}")
    renamed = [replace(row, person=names[row.person]) for row in kept]
    secrets.SystemRandom().shuffle(renamed)
    return Extract(tuple(renamed), len(rows) - len(kept))


def _without_rare_codes(rows: Sequence[Told], smallest: int) -> list[Told]:
    holders: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        for code in row.codes:
            holders[code].add(row.person)
    return [replace(r, codes=frozenset(c for c in r.codes if len(holders[c]) >= smallest)) for r in rows]


def _key(row: Told) -> tuple[str, ...]:
    return tuple(row.common[name] for name in COMMON)


def _few(rows: Sequence[Told], smallest: int) -> set[tuple[str, ...]]:
    # People, not accounts: one person's eleven accounts hide nobody.
    people: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for row in rows:
        people[_key(row)].add(row.person)
    return {key for key, those in people.items() if len(those) < smallest}
