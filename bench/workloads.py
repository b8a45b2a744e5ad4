"""The workloads of the performance page: each returns rows of workload, ours, limit, ratio, target, met, peers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bench import servers
from bench.client import Local, Remote
from bench.measure import Work, interleaved, rate
from intake.app import create_app
from intake.settings import Settings

ATTORNEY, INTAKE = "attorney@harbor.example", "intake@harbor.example"
RARE, COMMON = "Vebaki", "camioneta gris"
FILTER = "agency=AG.DHS.CBP.USBP&claim=CL.4A.STOP&from=2025-06-01&to=2025-07-31"


@dataclass
class Row:
    """One line of the table. Figures are milliseconds, or calls per second where `unit` says so."""

    workload: str
    ours: float
    limit: float
    target: float
    unit: str = "ms"
    higher_is_better: bool = False
    peers: dict[str, float] = field(default_factory=dict)
    detail: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ours against the limit."""
        return self.ours / self.limit

    @property
    def met(self) -> bool:
        """Tell whether the target is reached."""
        return self.ratio >= self.target if self.higher_is_better else self.ratio <= self.target

    def as_json(self) -> dict[str, Any]:
        """Return what bench/results.json keeps."""
        figures = {"ours": round(self.ours, 2), "limit": round(self.limit, 2), "ratio": round(self.ratio, 3)}
        return {
            "workload": self.workload,
            **figures,
            "target": self.target,
            "met": self.met,
            "unit": self.unit,
            "peers": {k: round(v, 2) for k, v in self.peers.items()},
            "detail": {k: round(v, 2) for k, v in self.detail.items()},
        }


def pages(settings: Settings, rounds: int) -> Iterator[Row]:
    """Workloads 1 to 4: list and searches, in this process, against bare Flask and raw SQL, and over HTTP the peers."""
    from bench import bare  # noqa: PLC0415

    ours = Local(create_app(settings)).sign_in(ATTORNEY)
    limit = bare.create(settings.database_url).test_client()
    raw = sa.create_engine(settings.database_url).connect()
    rare, common = saved(ours, RARE), saved(ours, COMMON)
    with (
        servers.datasette(settings) as (peer, _process),
        servers.gunicorn("bench.apps:flask_admin()", settings) as (admin, _p),
    ):
        lite, flask_admin = Remote(peer), Remote(admin)
        works: dict[str, Work] = {
            "list": lambda: ours.get("/incidents"),
            "list bare": lambda: limit.get("/list"),
            "list datasette": lambda: lite.get("/peer/incident?_size=50&_sort_desc=number"),
            "list flask-admin": lambda: flask_admin.get("/admin/incident/"),
            "rare": lambda: ours.get(rare),
            "rare raw": lambda: _raw(raw, _RARE, q=RARE),
            "rare raw, as first written": lambda: _raw(raw, _FOUND, q=RARE),
            "rare datasette": lambda: lite.get("/peer/incident?_size=50&_search=vebaki"),
            "common": lambda: ours.get(common),
            "common raw": lambda: (_raw(raw, _FOUND, q=COMMON), _raw(raw, _COUNT, q=COMMON)),
            "common datasette": lambda: lite.get("/peer/incident?_size=50&_search=camioneta+gris"),
            "filter": lambda: ours.get(f"{common}?{FILTER}"),
            "filter raw": lambda: _raw_filter(raw),
            "ranked": lambda: ours.get(f"{common}?{FILTER}&sort=best"),
            "ranked raw": lambda: _raw_ranked(raw),
        }
        timing = interleaved(works, rounds)
    raw.close()
    median = {name: t.median for name, t in timing.items()}
    p95 = {name: t.p95 for name, t in timing.items()}
    yield Row(
        "1 incident list, 50 rows",
        median["list"],
        median["list bare"],
        2,
        peers={"Datasette": median["list datasette"], "Flask-Admin": median["list flask-admin"]},
        detail={"p95": p95["list"]},
    )
    yield Row(
        "2 search, rare term",
        median["rare"],
        median["rare raw"],
        4,
        peers={"raw SQL as first written": median["rare raw, as first written"], "Datasette": median["rare datasette"]},
        detail={"p95": p95["rare"]},
    )
    yield Row(
        "3 search, two common terms, capped count",
        median["common"],
        median["common raw"],
        1.3,
        peers={"Datasette": median["common datasette"]},
        detail={"p95": p95["common"]},
    )
    yield Row(
        "4 search, claim, agency and dates, facet counts",
        median["filter"],
        median["filter raw"],
        1.5,
        detail={"p95": p95["filter"]},
    )
    yield Row(
        "5 ranked and highlighted page, with the facet counts",
        median["ranked"],
        median["ranked raw"],
        1.3,
        detail={"p95": p95["ranked"]},
    )


def together(settings: Settings, seconds: float) -> Iterator[Row]:
    """Workloads 6 and 7: eight clients search, eight clients create; both programs under the same server."""
    with (
        servers.gunicorn("intake.wsgi:app", settings) as (ours, process),
        servers.gunicorn("bench.apps:bare()", settings) as (bare, _p),
    ):
        found = saved(Remote(ours).sign_in(ATTORNEY), RARE)
        searching = _both(
            lambda _n: _caller(Remote(ours).sign_in(ATTORNEY), found),
            lambda _n: _caller(Remote(bare), f"/search?q={_quoted(RARE)}"),
            seconds,
        )
        yield Row("6 search, 8 clients", *searching, 0.7, unit="requests/s", higher_is_better=True)
        creating = _both(
            lambda _n: _creator(Remote(ours).sign_in(INTAKE)), lambda _n: _bare_creator(Remote(bare)), seconds
        )
        yield Row("7 create with history and audit, 8 clients", *creating, 0.5, unit="creates/s", higher_is_better=True)
        yield Row("12 memory of the web tier, 2 workers", servers.memory(process), 300, 1, unit="MiB")


def start(settings: Settings) -> Iterator[Row]:
    """Workload 12: from nothing to the first answer, stores running."""
    began = time.perf_counter()
    with servers.gunicorn("intake.wsgi:app", settings):
        yield Row("12 start to first answer, stores running", time.perf_counter() - began, 2, 1, unit="s")


def cold(settings: Settings) -> Iterator[Row]:
    """Workload 12: `testigo up` with its stores, cold but initialised, to its first answer."""
    state = settings.state_dir / "cold"
    environment = {**os.environ, "TESTIGO_STATE": str(state), "TESTIGO_PORT": str(servers.free())}
    for key in ("DATABASE_URL", "S3_ENDPOINT_URL"):
        environment.pop(key, None)
    _up(environment)  # the first start makes the stores and the demonstration matter
    yield Row("12 start with cold stores", _up(environment), 6, 1, unit="s")


def growth(small: Settings, large: Settings, rounds: int) -> Iterator[Row]:
    """Workload 13: the same list and filtered search over 20,000 and 100,000 incidents."""
    medians = []
    for settings in (large, small):
        ours = Local(create_app(settings)).sign_in(ATTORNEY)
        place = saved(ours, COMMON)
        works: dict[str, Work] = {"list": _caller(ours, "/incidents"), "filter": _caller(ours, f"{place}?{FILTER}")}
        medians.append({name: t.median for name, t in interleaved(works, rounds).items()})
    yield Row("13 growth 20,000 to 100,000: list", medians[0]["list"], medians[1]["list"], 1.2)
    yield Row("13 growth 20,000 to 100,000: filtered search", medians[0]["filter"], medians[1]["filter"], 1.2)


def saved(client: Local | Remote, words: str) -> str:
    """Search once and return the address of the saved search, which carries no words."""
    client.get("/search")
    return client.post("/search", {"words": words})


_FOUND = (
    "select e.number, i.title, e.place, e.earliest, e.latest, e.stage from search_entry e join incident i on i.id = e.incident_id"
    " where e.layer = 'own' and e.words @@ search.asked(:q) order by e.number desc limit 50"
)
# The planner walks the newest rows for a word that it takes for common: the limit is the statement that does not let it.
_RARE = (
    "with m as materialized (select * from search_entry e where e.layer = 'own' and e.words @@ search.asked(:q))"
    " select e.number, i.title, e.place, e.earliest, e.latest, e.stage from m e join incident i on i.id = e.incident_id"
    " order by e.number desc limit 50"
)
_COUNT = "select count(*) from search_entry e where e.layer = 'own' and e.words @@ search.asked(:q)"
_MATCHED = (
    "with m as materialized (select * from search_entry e where e.layer = 'own' and e.words @@ search.asked(:q)"
    " and e.earliest <= '2025-07-31' and e.latest >= '2025-06-01'"
    " and e.agencies && array['AG.DHS.CBP.USBP'] and e.claims && array['CL.4A.STOP'])"
)


_RANKED = (
    f"{_MATCHED}, best as (select * from m order by ts_rank_cd(words, search.asked(:q)) desc, number desc limit 25)"
    " select b.number, b.place, ts_headline('pg_catalog.spanish', a.narrative, search.asked(:q)) from best b"
    " join account a on a.incident_id = b.incident_id"
)


def _raw(connection: sa.Connection, statement: str, **values: str) -> object:
    found = connection.execute(sa.text(statement), values).all()
    connection.rollback()
    return found


def _raw_filter(connection: sa.Connection) -> None:
    for ending in (
        "select * from m order by number desc limit 50",
        "select a, count(*) from m, unnest(agencies) a group by 1",
        "select c, count(*) from m, unnest(claims) c group by 1",
        "select place, count(*) from m group by 1",
        "select state, count(*) from m group by 1",
        "select date_trunc('month', earliest), count(*) from m group by 1",
    ):
        _raw(connection, f"{_MATCHED} {ending}", q=COMMON)


def _raw_ranked(connection: sa.Connection) -> None:
    _raw(connection, _RANKED, q=COMMON)
    _raw_filter(connection)


def _caller(client: Local | Remote, path: str) -> Work:
    return lambda: client.get(path)


def _creator(client: Remote) -> Work:
    client.get("/intakes/new")
    return lambda: client.post("/intakes/new", {"mode": "hotline", "language": "es", "interpreter": "no"})


def _bare_creator(client: Remote) -> Work:
    return lambda: client.post("/create", {"user": "1", "title": "Hardware store", "narrative": ""})


def _both(ours: Callable[[int], Work], bare: Callable[[int], Work], seconds: float) -> tuple[float, float]:
    rates: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(3):
        rates["ours"].append(rate(ours, 8, seconds))
        rates["bare"].append(rate(bare, 8, seconds))
    return sorted(rates["ours"])[1], sorted(rates["bare"])[1]


def _quoted(text: str) -> str:
    from urllib.parse import quote  # noqa: PLC0415

    return quote(text)


def _up(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "intake.cli", "up"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("ready "):
            break
    took = time.perf_counter() - began
    process.terminate()
    process.wait(60)
    return took
