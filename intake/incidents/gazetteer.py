"""Places by typing: our own neighborhoods (config/gazetteer.toml) and GeoNames' cities (config/cities.csv, CC BY 4.0).

Nothing is asked of another machine. A point is only ever approximate, and its radius says how far off it may be.
"""

from __future__ import annotations

import csv
import json
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from intake.settings import project_file
from intake.taxonomy.terms import fold

CITY_RADIUS_M = 4000
_OUTLINES = Path(__file__).resolve().parent.parent / "static" / "map" / "socal-counties.json"
Ring = list[list[float]]


@dataclass(frozen=True)
class Place:
    """A named place: degrees WGS 84, radius in metres, precision LP.NEIGH or LP.CITY."""

    name: str
    city: str
    county: str
    latitude: float
    longitude: float
    radius_m: int
    precision: str
    names: tuple[str, ...]
    size: int = 0


def suggest(text: str, limit: int = 8) -> list[Place]:
    """Return the places whose name starts with `text`, or has a word that does; accents and case do not matter."""
    wanted = fold(text)
    if not wanted:
        return []
    starts, inside = [], []
    for each in places():
        if any(name.startswith(wanted) for name in each.names):
            starts.append(each)
        elif any(f" {wanted}" in name or f"-{wanted}" in name for name in each.names):
            inside.append(each)
    return (starts + inside)[:limit]


def place(text: str) -> Place | None:
    """Return the place that is called exactly that, a neighborhood before a city; None when nobody knows it.

    A city or county after a comma tells apart places of one name: "Westlake, Los Angeles".
    """
    name, _, rest = (fold(part) for part in text.partition(","))
    called = [p for p in places() if name and name in p.names]
    return next((p for p in called if rest in {fold(p.city), fold(p.county)}), called[0] if called else None)


@cache
def places() -> tuple[Place, ...]:
    """Return every known place: neighborhoods by name, then cities by size."""
    return (*_neighborhoods(), *_cities())


@cache
def counties() -> dict[str, list[Ring]]:
    """Return the outlines: {county: rings of [longitude, latitude]}."""
    outlines: dict[str, list[Ring]] = json.loads(_OUTLINES.read_text("utf-8"))
    return outlines


def _neighborhoods() -> list[Place]:
    data = tomllib.loads(project_file("config/gazetteer.toml").read_text("utf-8"))
    return [_neighborhood({**data["meta"], **entry}) for entry in data["place"]]


def _neighborhood(entry: dict[str, Any]) -> Place:
    names = tuple(fold(name) for name in (entry["name"], *entry.get("aliases", ())))
    point = (entry["latitude"], entry["longitude"], entry["radius_m"])
    return Place(entry["name"], entry["city"], entry["county"], *point, "LP.NEIGH", names)


def _cities() -> list[Place]:
    # Neighborhoods stand in both lists, some cities twice in GeoNames: the first, ours or the larger, is kept.
    known = {(p.name, p.county) for p in _neighborhoods()}
    cities: dict[tuple[str, str], Place] = {}
    with project_file("config/cities.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            where = (row["name"], row["county"])
            if where not in known:
                at, names = (float(row["latitude"]), float(row["longitude"])), (fold(row["name"]),)
                city = Place(row["name"], *where, *at, CITY_RADIUS_M, "LP.CITY", names, int(row["population"]))
                cities.setdefault(where, city)
    return list(cities.values())
