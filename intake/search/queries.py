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
PAGE = 50
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

    def without(self, facet: str) -> Asked:
        """Return the same search without one facet's own choice: its counts tell what else could be chosen."""
        return replace(self, **{facet: ()})

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
    statement = f"select count(*) from (select 1 from search_entry where {where} limit {CAP + 1}) found"  # noqa: S608
    return int(db.session.execute(sa.text(statement), values).scalar_one())


def page(asked: Asked, count: int, *, sort: str = "newest", after: int | None = None, limit: int = PAGE) -> list[Hit]:
    """Return one page after incident number `after`. sort: newest, or best (words ranked; only up to CAP matches)."""
    where, values = _conditions(asked)
    columns = "incident_id, number, earliest, latest, agencies, claims, place, state"
    values |= {"limit": limit}
    ranked = sort == "best" and asked.words and count <= CAP
    order = "ts_rank_cd(words, search.asked(:words)) desc, number desc" if ranked else "number desc"
    if ranked:
        statement = f"select {columns} from search_entry where {where} order by {order} limit :limit"  # noqa: S608
        return [_hit(row) for row in db.session.execute(sa.text(statement), values)]
    if after is not None:
        where += " and number < :after"
        values["after"] = after
    if asked.words and count <= CAP:
        statement = (
            f"with found as materialized (select {columns} from search_entry where {where})"  # noqa: S608
            f" select {columns} from found order by number desc limit :limit"
        )
    else:
        statement = f"select {columns} from search_entry where {where} order by number desc limit :limit"  # noqa: S608
    return [_hit(row) for row in db.session.execute(sa.text(statement), values)]


def figures(asked: Asked) -> Figures:
    """Return facet counts (each without its own choice), points by place and intervals, in one statement."""
    loose = replace(asked, agency=(), claim=(), place=(), state=(), month=())
    where, values = _conditions(loose)
    for facet in FACETS:
        values[f"f_{facet}"] = list(getattr(asked, facet)) or None
    rows = db.session.execute(sa.text(_FIGURES.format(where=where)), values)
    found: dict[str, list[tuple[str, int]]] = {facet: [] for facet in FACETS}
    points, intervals, unplaced = [], [], 0
    for row in rows:
        if row.kind in found:
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
        hits = page(asked, CAP + 1, after=after, limit=batch)
        if not hits:
            return
        yield [hit.incident_id for hit in hits]
        after = hits[-1].number


def exact_count(asked: Asked) -> int:
    """Return how many incidents match, all of them; slow for common words, used where nothing may be missing."""
    where, values = _conditions(asked)
    return int(db.session.execute(sa.text(f"select count(*) from search_entry where {where}"), values).scalar_one())  # noqa: S608


# ok_* say whether a row fits each facet's choice; a facet's own counts leave its own choice out.
_FIGURES = """
with found as materialized (
  select agencies, claims, place, state, earliest, latest, latitude, longitude,
    (cast(:f_agency as text[]) is null or agencies && cast(:f_agency as text[])) as ok_agency,
    (cast(:f_claim as text[]) is null or claims && cast(:f_claim as text[])) as ok_claim,
    (cast(:f_place as text[]) is null or place = any(cast(:f_place as text[]))) as ok_place,
    (cast(:f_state as text[]) is null or state = any(cast(:f_state as text[]))) as ok_state,
    (cast(:f_month as text[]) is null or exists (select 1 from unnest(cast(:f_month as text[])) x
      where earliest < (to_date(x, 'YYYY-MM') + interval '1 month') and latest >= to_date(x, 'YYYY-MM'))) as ok_month
  from search_entry where {where}),
fit as materialized (select * from found where ok_agency and ok_claim and ok_place and ok_state and ok_month)
select 'agency' as kind, a as value, null::float as latitude, null::float as longitude, null::date as earliest, null::date as latest, count(*) as n
  from found, unnest(agencies) a where ok_claim and ok_place and ok_state and ok_month group by a
union all select 'claim', c, null, null, null, null, count(*) from found, unnest(claims) c
  where ok_agency and ok_place and ok_state and ok_month group by c
union all select 'place', place, null, null, null, null, count(*) from found
  where place <> '' and ok_agency and ok_claim and ok_state and ok_month group by place
union all select 'state', state, null, null, null, null, count(*) from found
  where ok_agency and ok_claim and ok_place and ok_month group by state
union all select 'month', to_char(m, 'YYYY-MM'), null, null, null, null, count(*) from found,
  generate_series(date_trunc('month', earliest), date_trunc('month', latest), interval '1 month') m
  where earliest is not null and latest - earliest < 400 and ok_agency and ok_claim and ok_place and ok_state group by 2
union all select 'point', place, latitude, longitude, null, null, count(*) from fit group by place, latitude, longitude
union all select 'interval', '', null, null, earliest, latest, count(*) from fit group by earliest, latest
"""


def _conditions(asked: Asked) -> tuple[str, dict[str, Any]]:
    """Return the WHERE of a search and its values. Uncertain dates match when their interval overlaps."""
    parts, values = ["true"], {}
    if asked.words:
        parts.append("words @@ search.asked(:words)")
        values["words"] = asked.words
    for facet, test in (("agency", "agencies && :agency"), ("claim", "claims && :claim"), ("place", "place = any(:place)"),
                        ("state", "state = any(:state)")):
        if chosen := getattr(asked, facet):
            parts.append(test.replace(f":{facet}", f"cast(:{facet} as text[])"))
            values[facet] = list(chosen)
    if asked.month:
        spans = []
        for number, month in enumerate(asked.month):
            begin = dt.date.fromisoformat(f"{month}-01")
            values |= {f"mb{number}": begin, f"me{number}": (begin + dt.timedelta(days=32)).replace(day=1)}
            spans.append(f"(earliest < :me{number} and latest >= :mb{number})")
        parts.append(f"({' or '.join(spans)})")
    if asked.last:
        parts.append("earliest <= :last")
        values["last"] = asked.last
    if asked.first:
        parts.append("latest >= :first")
        values["first"] = asked.first
    return " and ".join(parts), values


def _hit(row: Any) -> Hit:  # noqa: ANN401
    return Hit(row.incident_id, row.number, row.earliest, row.latest, tuple(row.agencies), tuple(row.claims), row.place, row.state)
