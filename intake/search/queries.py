"""The search in SQL: the page, the capped count, facets, map and timeline of one result.

What stores.md's figures taught: keyset paging, counts capped at 1,000, a MATERIALIZED set for selective words so that
the planner does not walk the newest rows for them, and highlights only for the page shown. Row security decides what
is seen; nothing here filters by reader.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from intake import db

CAP = 1000
PAGE = 25
MOST = 10_000  # matches over which figures are counted without being asked for
_COLUMNS = "incident_id, number, earliest, latest, agencies, claims, place, state"
FACETS = ("agency", "claim", "place", "state", "month")


@dataclass(frozen=True)
class Asked:
    """A search: words, and for each facet the chosen values (OR within a facet, AND between them), dates by overlap."""

    words: str = ""
    agency: tuple[str, ...] = ()
    claim: tuple[str, ...] = ()
    place: tuple[str, ...] = ()
    state: tuple[str, ...] = ()
    month: tuple[str, ...] = ()
    first: dt.date | None = None
    last: dt.date | None = None

    @property
    def loose(self) -> Asked:
        """The same search without any facet's choice: what its counts are taken from."""
        return replace(self, agency=(), claim=(), place=(), state=(), month=())

    @property
    def filtered(self) -> bool:
        """Tell whether anything but words narrows the search."""
        return any((self.agency, self.claim, self.place, self.state, self.month, self.first, self.last))


@dataclass(frozen=True)
class Hit:
    """One found incident, as the index holds it."""

    incident_id: uuid.UUID
    number: int
    earliest: dt.date | None
    latest: dt.date | None
    agencies: tuple[str, ...]
    claims: tuple[str, ...]
    place: str
    state: str


@dataclass(frozen=True)
class Figures:
    """Facet counts, and what map and timeline are drawn from."""

    facets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    points: list[tuple[str, float, float, int]] = field(default_factory=list)
    intervals: list[tuple[dt.date | None, dt.date | None, int]] = field(default_factory=list)
    unplaced: int = 0


def capped_count(asked: Asked) -> int:
    """Return how many incidents match, at most CAP + 1 ("1,000+")."""
    where, values = _conditions(asked)
    statement = f"select count(*) from (select 1 from search_entry where {where} limit {CAP + 1}) found"
    return int(db.session.execute(sa.text(statement), values).scalar_one())


def look(
    asked: Asked, *, sort: str = "newest", after: int | None = None, skip: int = 0, limit: int = PAGE
) -> tuple[int, list[Hit]]:
    """Return the capped count and one page after incident number `after`, or of the best after the first `skip`.

    sort: newest, or best (words ranked; only up to CAP matches, ranking more costs seconds). Up to CAP matches are
    found once, counted and sorted; of more, the newest are walked down to.
    """
    where, values = _conditions(asked)
    ranked = sort == "best" and bool(asked.words)
    rank = "ts_rank_cd(words, search.asked(:words))" if ranked else "0"
    statement = (
        f"with found as materialized (select {_COLUMNS}, {rank} as rank from search_entry where {where} limit {CAP + 1})"
        " select *, (select count(*) from found) as n from found"
        " where cast(:after as bigint) is null or number < :after order by rank desc, number desc limit :limit offset :skip"
    )
    rows = db.session.execute(sa.text(statement), values | {"after": after, "skip": skip, "limit": limit}).all()
    count = rows[0].n if rows else (capped_count(asked) if after is not None or skip else 0)
    if count > CAP:
        return count, page(asked, after=after, limit=limit)
    return count, [_hit(row) for row in rows]


def page(asked: Asked, *, after: int | None = None, limit: int = PAGE) -> list[Hit]:
    """Return the newest matches after incident number `after`, walking down the numbers."""
    where, values = _conditions(asked)
    if after is not None:
        where += " and number < :after"
        values["after"] = after
    statement = f"select {_COLUMNS} from search_entry where {where} order by number desc limit :limit"
    return [_hit(row) for row in db.session.execute(sa.text(statement), values | {"limit": limit})]


def figures(asked: Asked, most: int | None = None) -> Figures | None:
    """Return facet counts (each without its own choice), points by place and intervals, in one statement.

    most: None comes back instead when they would be counted over more matches than this.
    """
    where, values = _conditions(asked.loose)
    tests, chosen = _facet_tests(asked)
    # An unknown date is outside every month.
    misses = [f"case when {test} then 0 else {1 << FACETS.index(facet)} end" for facet, test in tests.items()]
    statement = _FIGURES.format(
        where=where, misses=" + ".join(misses) or "0", limit="all" if most is None else most + 1
    )
    rows = db.session.execute(sa.text(statement), values | chosen)
    found: dict[str, list[tuple[str, int]]] = {facet: [] for facet in FACETS}
    points, intervals, unplaced = [], [], 0
    for row in rows:
        if row.kind == "all":
            if most is not None and row.n > most:
                return None
        elif row.kind in found:
            found[row.kind].append((row.value, row.n))
        elif row.kind == "point" and row.latitude is not None:
            points.append((row.value, row.latitude, row.longitude, row.n))
        elif row.kind == "point":
            unplaced += row.n
        else:
            intervals.append((row.earliest, row.latest, row.n))
    ordered = {name: sorted(cells, key=lambda c: (-c[1], c[0])) for name, cells in found.items()}
    ordered["month"] = sorted(found["month"])
    return Figures(ordered, points, intervals, unplaced)


def every_hit(asked: Asked, batch: int = 500) -> Iterable[list[uuid.UUID]]:
    """Yield the ids of every match, newest first, in batches: what an export walks through."""
    after: int | None = None
    while True:
        hits = page(asked, after=after, limit=batch)
        if not hits:
            return
        yield [hit.incident_id for hit in hits]
        after = hits[-1].number


def exact_count(asked: Asked) -> int:
    """Return how many incidents match, all of them; slow for common words, used where nothing may be missing."""
    where, values = _conditions(asked)
    return int(db.session.execute(sa.text(f"select count(*) from search_entry where {where}"), values).scalar_one())


# misses: how many facets' choices a row does not fit, and which (1 agency, 2 claim, 4 place, 8 state, 16 month). A
# facet's own counts leave its own choice out, so a row counts for a facet when it misses nothing else; rows that miss
# two count nowhere. Arrays and dates are counted whole before they are taken apart: there are few different ones.
_FIGURES = """
with taken as materialized (
  select agencies, claims, place, state, earliest, latest, latitude, longitude, {misses} as misses
  from search_entry where {where} limit {limit}),
found as not materialized (select * from taken where misses in (0, 1, 2, 4, 8, 16))
select 'all' as kind, '' as value, null::float as latitude, null::float as longitude, null::date as earliest,
    null::date as latest, count(*) as n from taken
union all select 'agency', a, null, null, null, null, sum(n)::bigint
  from (select agencies, count(*) as n from found where misses in (0, 1) group by 1) s, unnest(agencies) a group by a
union all select 'claim', c, null, null, null, null, sum(n)::bigint
  from (select claims, count(*) as n from found where misses in (0, 2) group by 1) s, unnest(claims) c group by c
union all select 'place', place, null, null, null, null, count(*) from found
  where place <> '' and misses in (0, 4) group by place
union all select 'state', state, null, null, null, null, count(*) from found where misses in (0, 8) group by state
union all select 'month', to_char(m, 'YYYY-MM'), null, null, null, null, sum(n)::bigint
  from (select earliest, latest, count(*) as n from found
    where earliest is not null and latest - earliest < 400 and misses in (0, 16) group by 1, 2) s,
  generate_series(date_trunc('month', earliest::timestamp), latest::timestamp, interval '1 month') m group by 2
union all select 'point', place, latitude, longitude, null, null, count(*) from found
  where misses = 0 group by place, latitude, longitude
union all select 'interval', '', null, null, earliest, latest, count(*) from found where misses = 0 group by earliest, latest
"""
_TESTS = {
    "agency": "agencies && cast(:agency as text[])",
    "claim": "claims && cast(:claim as text[])",
    "place": "place = any(cast(:place as text[]))",
    "state": "state = any(cast(:state as text[]))",
}


def _facet_tests(asked: Asked) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the SQL test of each chosen facet and its values. Months match when the interval overlaps one of them."""
    tests: dict[str, str] = {}
    values: dict[str, Any] = {}
    for facet, test in _TESTS.items():
        if chosen := getattr(asked, facet):
            tests[facet], values[facet] = test, list(chosen)
    spans = []
    for number, month in enumerate(asked.month):
        begin = dt.date.fromisoformat(f"{month}-01")
        values |= {f"mb{number}": begin, f"me{number}": (begin + dt.timedelta(days=32)).replace(day=1)}
        spans.append(f"(earliest < :me{number} and latest >= :mb{number})")
    if spans:
        tests["month"] = f"({' or '.join(spans)})"
    return tests, values


def _conditions(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the WHERE of a search and its values. Uncertain dates match when their interval overlaps."""
    tests, values = _facet_tests(asked)
    parts = list(tests.values())
    if asked.words:
        parts.append("words @@ search.asked(:words)")
        values["words"] = asked.words
    if asked.last:
        parts.append("earliest <= :last")
        values["last"] = asked.last
    if asked.first:
        parts.append("latest >= :first")
        values["first"] = asked.first
    return " and ".join(parts) or "true", values


def _hit(row: Any) -> Hit:  # noqa: ANN401
    return Hit(
        row.incident_id,
        row.number,
        row.earliest,
        row.latest,
        tuple(row.agencies),
        tuple(row.claims),
        row.place,
        row.state,
    )
