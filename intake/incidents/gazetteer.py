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
    starts = [p for p in places() if any(name.startswith(wanted) for name in p.names)]
    inside = [p for p in places() if p not in starts and any(f" {wanted}" in name for name in p.names)]
    return (starts + inside)[:limit]


def place(text: str) -> Place | None:
    """Return the place that is called exactly that, a neighborhood before a city; None when nobody knows it."""
    wanted = fold(text.partition(",")[0])
    return next((p for p in places() if wanted and wanted in p.names), None)


@cache
def places() -> tuple[Place, ...]:
    """Return every known place: neighborhoods by name, then cities by size."""
    return (*_neighborhoods(), *_cities())


@cache
def counties() -> dict[str, list[Ring]]:
    """Return the outlines: {county: rings of [longitude, latitude]}."""
    outlines: dict[str, list[Ring]] = json.loads(_OUTLINES.read_text())
    return outlines


def _neighborhoods() -> list[Place]:
    data = tomllib.loads(project_file("config/gazetteer.toml").read_text())
    about = data["meta"]
    return [
        Place(entry["name"], about["city"], about["county"], entry["latitude"], entry["longitude"], about["radius_m"],
              "LP.NEIGH", tuple(fold(name) for name in (entry["name"], *entry.get("aliases", ()))))
        for entry in data["place"]
    ]


def _cities() -> list[Place]:
    own = {fold(p.name) for p in _neighborhoods()}
    with project_file("config/cities.csv").open(newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        rows = [row for row in csv.DictReader(lines) if fold(row["name"]) not in own]
    return [
        Place(row["name"], row["name"], row["county"], float(row["latitude"]), float(row["longitude"]), CITY_RADIUS_M,
              "LP.CITY", (fold(row["name"]),), int(row["population"]))
        for row in rows
    ]
