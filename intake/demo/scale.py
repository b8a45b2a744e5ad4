"""Many incidents fast, for benchmarks: COPY as the owner, then the search index in two streams.

Triggers rest while the rows are copied; one act in the log says how many were generated.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import secrets
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy as sa

from intake.demo.stories import AGENCIES, story
from intake.settings import Settings

CLAIMS = ("CL.4A.STOP", "CL.4A.ARREST", "CL.4A.FORCE", "CL.5A.EP", "CL.1A.RETAL", "CL.STAT.1357A2")
PLACES = (
    ("Westlake", 34.06, -118.27),
    ("Pico-Union", 34.05, -118.28),
    ("Van Nuys", 34.19, -118.45),
    ("Boyle Heights", 34.03, -118.21),
    ("Koreatown", 34.06, -118.30),
    ("Pacoima", 34.26, -118.42),
    ("Long Beach", 33.77, -118.19),
    ("Pasadena", 34.15, -118.14),
    ("Compton", 33.90, -118.22),
    ("East Los Angeles", 34.02, -118.17),
    ("Hollywood", 34.10, -118.33),
    ("San Pedro", 33.74, -118.29),
)
SYLLABLES = ("ba", "le", "mi", "ro", "su", "ta", "ve", "no", "ki", "da")
BATCH = 1000
_TABLES = ("person", "incident", "account", "observation", "claim_tag")
_WHEN = ("earliest", "latest", "date_precision", "edtf")
_PLACE = ("compartment_id", "opened_by_id")
_COLUMNS = {
    "person": ("id", *_PLACE, "pseudonym"),
    "incident": (
        "id",
        *_PLACE,
        "title",
        "stage",
        "mode",
        "interview_language",
        "place",
        "city",
        "county",
        "location_type",
        "location_precision",
        "latitude",
        "longitude",
        "radius_m",
        *_WHEN,
    ),
    "account": (
        "id",
        *_PLACE,
        "incident_id",
        "person_id",
        "narrative",
        "narrative_language",
        "agents_low",
        "agents_high",
        "answers",
        *_WHEN,
    ),
    "observation": ("id", *_PLACE, "incident_id", "account_id", "term_set", "code"),
    "claim_tag": ("id", *_PLACE, "incident_id", "code", "status", "suggested_by_id"),
}


@dataclass(frozen=True)
class _Share:
    """Where generated incidents belong."""

    compartment_id: int
    opened_by_id: int


def load(settings: Settings, number: int, *, seed: int = 7) -> float:
    """Make `number` incidents from `seed`; returns the seconds it took. Needs the demonstration matter."""
    began = time.monotonic()
    dsn = sa.engine.make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn) as connection:
        shares = [
            _Share(*row)
            for row in connection.execute(
                "select distinct on (c.id) c.id, g.user_id from compartment c"
                " join access_grant g on g.compartment_id = c.id"
                " and g.role = 'RO.INTAKE' order by c.id, g.id"
            )
        ]
        ids = _copy(connection, number, shares, random.Random(seed))  # noqa: S311
        connection.execute("select audit.note('generated', 'incident', '', null, %s)", [json.dumps({"number": number})])
    halves = [threading.Thread(target=_index, args=(dsn, ids[part::2])) for part in (0, 1)]
    for half in halves:
        half.start()
    for half in halves:
        half.join()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("vacuum analyze")
    return time.monotonic() - began


def _copy(
    connection: psycopg.Connection[Any], number: int, shares: list[_Share], rng: random.Random
) -> list[uuid.UUID]:
    ids = []
    for table in _TABLES:
        connection.execute(f"alter table {table} disable trigger user")
    for first in range(0, number, BATCH):
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _TABLES}
        for _ in range(min(BATCH, number - first)):
            share = shares[0] if len(shares) == 1 or rng.random() < 0.9 else shares[1]  # noqa: PLR2004
            ids.append(_generate(rows, share, rng))
        for table in _TABLES:
            columns = ", ".join(_COLUMNS[table])
            with connection.cursor().copy(f"copy {table} ({columns}) from stdin") as copy:
                for row in rows[table]:
                    copy.write_row(row)
    for table in _TABLES:
        connection.execute(f"alter table {table} enable trigger user")
    return ids


def _generate(rows: dict[str, list[tuple[Any, ...]]], share: _Share, rng: random.Random) -> uuid.UUID:
    incident, person, account = (next(_IDS) for _ in range(3))
    place = (share.compartment_id, share.opened_by_id)
    language = rng.choice(("en", "es", "es"))
    told, more = story(rng, language), story(rng, language)
    when = _when(rng)
    name, latitude, longitude = rng.choice(PLACES)
    rows["person"].append((person, *place, f"Declarant {str(person)[-12:]}"))
    rows["incident"].append(
        (
            incident,
            *place,
            told.title,
            rng.choice(("SG0", "SG1", "SG2")),
            "hotline",
            language,
            name,
            "Los Angeles",
            "Los Angeles",
            told.location_type,
            "LP.NEIGH",
            latitude,
            longitude,
            1500,
            *when,
        )
    )
    rows["account"].append(
        (
            account,
            *place,
            incident,
            person,
            "\n\n".join((told.words, more.words, _beside(rng, language))),
            language,
            *told.agents,
            json.dumps({"minutes_held": {"state": "answered", "value": told.minutes}}),
            *when,
        )
    )
    for code in rng.sample(AGENCIES, rng.randint(1, 2)):
        rows["observation"].append((next(_IDS), *place, incident, account, "agency", code))
    for code in rng.sample(CLAIMS, rng.randint(1, 3)):
        status = rng.choice(("suggested", "confirmed"))
        rows["claim_tag"].append((next(_IDS), *place, incident, code, status, share.opened_by_id))
    return incident


def _beside(rng: random.Random, language: str) -> str:
    # Told words are of a few hundred kinds, each common: a thousand invented shops are what a rare word is found by.
    shop = "".join(rng.choices(SYLLABLES, k=3)).title()
    return f"Fue enfrente del negocio {shop}." if language == "es" else f"It was across from the shop called {shop}."


def _when(rng: random.Random) -> tuple[dt.date | None, dt.date | None, str, str]:
    day = dt.date(2025, 6, 1) + dt.timedelta(days=rng.randrange(183))
    kind = rng.random()
    if kind < 0.6:  # noqa: PLR2004
        return day, day, "DP.DAY", day.isoformat()
    if kind < 0.85:  # noqa: PLR2004
        return day - dt.timedelta(days=3), day + dt.timedelta(days=3), "DP.ONABOUT", f"{day.isoformat()}~"
    if kind < 0.95:  # noqa: PLR2004
        last = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
        return day.replace(day=1), last, "DP.MONTH", f"{day:%Y-%m}"
    return None, None, "DP.UNK", ""


def _index(dsn: str, ids: list[uuid.UUID]) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for first in range(0, len(ids), BATCH):
            connection.execute("select search.refresh(%s)", [ids[first : first + BATCH]])


def _uuid7() -> Iterator[uuid.UUID]:
    """Yield RFC 9562 version 7 identifiers, as the database's own uuidv7() makes them."""
    while True:
        stamp = time.time_ns() // 1_000_000
        yield uuid.UUID(int=stamp << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


_IDS = _uuid7()
