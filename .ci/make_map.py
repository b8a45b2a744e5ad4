"""Write the outline of the eight Southern California counties from the us-atlas package (census boundaries, ISC).

Usage: make_map.py counties-10m.json. Writes intake/static/map/socal-counties.json: county name to rings of
[longitude, latitude], rounded to 0.001 degree (about 100 m, finer than the outline itself).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parent.parent / "intake/static/map/socal-counties.json"
# Federal codes (FIPS 6-4) of the counties of the Central District of California and their southern neighbours.
COUNTIES = {
    "06025": "Imperial",
    "06029": "Kern",
    "06037": "Los Angeles",
    "06059": "Orange",
    "06065": "Riverside",
    "06071": "San Bernardino",
    "06073": "San Diego",
    "06111": "Ventura",
}


def arcs(topology: dict[str, Any]) -> list[list[tuple[float, float]]]:
    """Return the arcs as points; TopoJSON keeps them as steps on an integer grid (its specification, 2.1.3)."""
    (scale_x, scale_y), (shift_x, shift_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    found = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in arc:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + shift_x, y * scale_y + shift_y))
        found.append(points)
    return found


def ring(indexes: list[int], known: list[list[tuple[float, float]]]) -> list[list[float]]:
    """Join arcs into one ring; a negative index is an arc walked backwards."""
    points: list[tuple[float, float]] = []
    for index in indexes:
        part = known[index] if index >= 0 else known[~index][::-1]
        points += part[1:] if points else part
    return [[round(longitude, 3), round(latitude, 3)] for longitude, latitude in points]


def main(source: str) -> None:
    topology = json.loads(Path(source).read_text())
    known = arcs(topology)
    outline = {}
    for county in topology["objects"]["counties"]["geometries"]:
        if county["id"] in COUNTIES:
            polygons = [county["arcs"]] if county["type"] == "Polygon" else county["arcs"]
            outline[COUNTIES[county["id"]]] = [ring(polygon[0], known) for polygon in polygons]
    TARGET.write_text(json.dumps(outline, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
