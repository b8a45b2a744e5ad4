"""The map of a result, drawn here as SVG: counties, dots with counts, names. No tiles and no other machine.

Without leave to see exact places, every point moves to the known place nearest to it, and takes that place's name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from intake.incidents.gazetteer import counties, places
from intake.search.map_labels import Label, Wish, write_labels

WIDTH, HEIGHT, MARGIN = 360, 330, 26
NARROWEST = 0.12  # degrees of latitude: no closer than a few neighborhoods
KM_PER_DEGREE = 111.2
KM_PER_MILE = 1.609344
FAR_KM = 25  # beyond this no known place stands for a point, only its tenth of a degree
CLOSE = 12  # drawing units: two dots nearer than this become one, however small
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Point:
    """Where `count` records are, in degrees WGS 84; `place` is printed only when exact places may be seen."""

    place: str
    latitude: float
    longitude: float
    count: int = 1


@dataclass(frozen=True)
class Dot:
    """One dot, in drawing units. names: the places it stands for, the one under it first."""

    x: float
    y: float
    r: float
    count: int
    names: tuple[str, ...]
    most: bool = False


@dataclass(frozen=True)
class MapDrawing:
    """What the template prints. rows: (place, records), the same data as a table; unplaced: records without a point."""

    width: int
    height: int
    outlines: tuple[str, ...]
    dots: tuple[Dot, ...]
    labels: tuple[Label, ...]
    rows: tuple[tuple[str, int], ...]
    placed: int
    unplaced: int
    scale_miles: float
    scale_width: float


@dataclass
class Group:
    """Places that share one dot, in drawing units; the dot stands at the first."""

    x: float
    y: float
    spots: list[Point]

    @property
    def count(self) -> int:
        """Records in all its places."""
        return sum(s.count for s in self.spots)

    @property
    def names(self) -> tuple[str, ...]:
        """Its places, each once, the one where the dot stands first."""
        return tuple(dict.fromkeys(s.place for s in self.spots))


class Projection:
    """Degrees to drawing units: equirectangular, true in the middle, north up, filling the drawing around `box`."""

    def __init__(self, box: Box, width: int = WIDTH, height: int = HEIGHT) -> None:
        west, south, east, north = box
        self._middle = ((west + east) / 2, (south + north) / 2)
        self._half = (width / 2, height / 2)
        self._squeeze = math.cos(math.radians(self._middle[1]))
        across = max((east - west) * self._squeeze, NARROWEST * width / height)
        self.scale = min((width - 2 * MARGIN) / across, (height - 2 * MARGIN) / max(north - south, NARROWEST))

    def __call__(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return x to the right and y downwards, to a tenth of a unit."""
        x = self._half[0] + (longitude - self._middle[0]) * self._squeeze * self.scale
        y = self._half[1] - (latitude - self._middle[1]) * self.scale
        return round(x, 1), round(y, 1)


def draw_map(
    points: Iterable[Point], unplaced: int = 0, *, exact: bool = False, width: int = WIDTH, height: int = HEIGHT
) -> MapDrawing:
    """Return the drawing of these points, zoomed to them; without points, all eight counties.

    exact: the reader may see exact places (decided by the caller's permission). width, height: drawing units.
    """
    spots = _merge(points if exact else (_nearby(p) for p in points))
    box = _extent(spots)
    project = Projection(box, width, height)
    dots = _cluster(spots, project)
    miles, length = _scale_bar(project.scale, width)
    return MapDrawing(
        width,
        height,
        _outlines(box, width, height),
        dots,
        write_labels(_wishes(dots, box, width, height), [(d.x, d.y, d.r) for d in dots], width, height),
        tuple(sorted(_by_name(spots).items(), key=lambda row: (-row[1], row[0]))),
        sum(s.count for s in spots),
        unplaced,
        miles,
        length,
    )


def _nearby(point: Point) -> Point:
    # The typed name is dropped too: it may be a street address.
    return Point(*_known_place(round(point.latitude, 2), round(point.longitude, 2)), point.count)


@lru_cache(maxsize=4096)
def _known_place(latitude: float, longitude: float) -> tuple[str, float, float]:
    squeeze = math.cos(math.radians(latitude))
    away, _, nearest = min(
        (math.hypot(p.latitude - latitude, (p.longitude - longitude) * squeeze), i, p) for i, p in enumerate(places())
    )
    if away * KM_PER_DEGREE <= FAR_KM:
        return nearest.name, nearest.latitude, nearest.longitude
    return "", round(latitude, 1), round(longitude, 1)


def _merge(points: Iterable[Point]) -> list[Point]:
    counts: Counter[tuple[str, float, float]] = Counter()
    for point in points:
        counts[(point.place, point.latitude, point.longitude)] += point.count
    return [Point(*where, count) for where, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


def _by_name(spots: list[Point]) -> Counter[str]:
    names: Counter[str] = Counter()
    for spot in spots:
        names[spot.place] += spot.count
    return names


def _extent(spots: list[Point]) -> Box:
    if spots:
        corners = [(s.longitude, s.latitude) for s in spots]
    else:
        corners = [(x, y) for rings in counties().values() for ring in rings for x, y in ring]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _cluster(spots: list[Point], project: Projection) -> tuple[Dot, ...]:
    """Join places whose dots would touch, into the place with most records, until none touch."""
    groups = [Group(*project(s.longitude, s.latitude), [s]) for s in spots]
    before = len(groups) + 1
    while len(groups) < before:
        before = len(groups)
        groups = _joined(sorted(groups, key=lambda g: -g.count))
    most = max((g.count for g in groups), default=0)
    only = [g.count for g in groups].count(most) == 1
    return tuple(Dot(g.x, g.y, _radius(g.count), g.count, g.names, most=only and g.count == most) for g in groups)


def _joined(groups: list[Group]) -> list[Group]:
    kept: list[Group] = []
    for group in groups:
        near = next((k for k in kept if math.hypot(k.x - group.x, k.y - group.y) < _reach(k, group)), None)
        if near:
            near.spots.extend(group.spots)
        else:
            kept.append(group)
    return kept


def _reach(one: Group, other: Group) -> float:
    return max(CLOSE, _radius(one.count) + _radius(other.count))


def _radius(count: int) -> float:
    # The area grows with the count, up to a dot that still leaves the streets around it free.
    return round(min(3.2 + 1.4 * math.sqrt(count), 16), 1)


@lru_cache(maxsize=64)
def _outlines(box: Box, width: int, height: int) -> tuple[str, ...]:
    project, drawn = Projection(box, width, height), []
    for rings in counties().values():
        inside = [path for path in ([project(x, y) for x, y in ring] for ring in rings) if _meets(path, width, height)]
        if inside:
            drawn.append("".join("M" + "L".join(f"{x} {y}" for x, y in path) + "Z" for path in inside))
    return tuple(drawn)


def _meets(path: list[tuple[float, float]], width: int, height: int) -> bool:
    xs, ys = zip(*path, strict=True)
    return bool(min(xs) < width and max(xs) > 0 and min(ys) < height and max(ys) > 0)


def _wishes(dots: tuple[Dot, ...], box: Box, width: int, height: int) -> list[Wish]:
    """Names in the order they are wanted: of dots, then of cities and neighborhoods around, for orientation."""
    named = {name for d in dots for name in d.names}
    around = [wish for wish in _orientation(box, width, height) if wish.text not in named]
    return [Wish(_title(d), d.x, d.y, d.r) for d in dots if d.names[0]] + around


@lru_cache(maxsize=64)
def _orientation(box: Box, width: int, height: int) -> tuple[Wish, ...]:
    project = Projection(box, width, height)
    seen = [(p.name, *project(p.longitude, p.latitude)) for p in sorted(places(), key=lambda p: -p.size)]
    return tuple(Wish(name, x, y, 0, around=True) for name, x, y in seen if 0 < x < width and 0 < y < height)


def _title(dot: Dot) -> str:
    more = len(dot.names) - 1
    return f"{dot.names[0]} +{more} · {dot.count}" if more else f"{dot.names[0]} {dot.count}"


def _scale_bar(units_per_degree: float, width: int) -> tuple[float, float]:
    """Return the longest round number of miles that fits in a quarter of the width, and its length in units."""
    units_per_mile = units_per_degree / KM_PER_DEGREE * KM_PER_MILE
    fitting = [n for n in (0.5, 1, 2, 5, 10, 20, 50, 100) if n * units_per_mile <= width / 4] or [0.5]
    return fitting[-1], round(fitting[-1] * units_per_mile, 1)
