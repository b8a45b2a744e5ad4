"""The map and the timeline of a result."""

from __future__ import annotations

import datetime as dt
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from intake.incidents.gazetteer import places
from intake.search.map import HEIGHT, WIDTH, Point, Projection, draw_map
from intake.search.timeline import MOST_WEEKS, draw_timeline

SECRET = Point("1234 Invented Street", 34.0587, -118.2751, 3)
REGION = st.builds(Point, st.just(""), st.floats(32.6, 35.7), st.floats(-119.4, -114.3), st.integers(1, 40))
DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2026, 12, 31))
INTERVALS = st.lists(
    st.tuples(DAYS, DAYS, st.integers(1, 9)).map(lambda t: (min(t[:2]), max(t[:2]), t[2])), min_size=1, max_size=12
)


def day(month: int, of: int) -> dt.date:
    return dt.date(2025, month, of)


def page(name: str, macro: str, drawing: object) -> str:
    environment = Environment(loader=FileSystemLoader(Path(__file__).parents[2] / "templates"), autoescape=True)
    environment.globals["_"] = lambda text, **values: text % values if values else text
    return str(getattr(environment.get_template(f"search/{name}.html").module, macro)(drawing))


def test_without_leave_neither_the_exact_point_nor_the_typed_address_is_in_the_drawing() -> None:
    drawing = draw_map([SECRET])
    known = {(p.latitude, p.longitude) for p in places()}
    assert "Invented" not in repr(drawing) + page("_map", "map_figure", drawing)
    assert len(drawing.rows) == 1
    assert drawing.rows[0][0] in {p.name for p in places()}
    assert (SECRET.latitude, SECRET.longitude) not in known
    # Two points of one neighborhood give one drawing: nothing of where within it is left.
    assert draw_map([Point("another", 34.0591, -118.2755, 3)]) == drawing


def test_with_leave_the_place_stands_as_typed() -> None:
    assert draw_map([SECRET], exact=True).rows == (("1234 Invented Street", 3),)


@given(st.lists(REGION, max_size=30), st.booleans())
def test_every_record_with_a_point_counts_once_and_every_dot_is_within_the_drawing(
    points: list[Point], exact: bool
) -> None:
    drawing = draw_map(points, exact=exact)
    wanted = sum(p.count for p in points)
    assert drawing.placed == wanted == sum(d.count for d in drawing.dots) == sum(n for _, n in drawing.rows)
    assert all(0 < d.x < WIDTH and 0 < d.y < HEIGHT for d in drawing.dots)


def test_dots_that_would_touch_become_one_that_names_its_places() -> None:
    drawing = draw_map(
        [Point("a", 34.05, -118.25, 5), Point("b", 34.051, -118.25, 2), Point("c", 33.0, -117.0)], exact=True
    )
    assert [(d.count, d.names) for d in drawing.dots] == [(7, ("a", "b")), (1, ("c",))]
    assert drawing.dots[0].most


@given(st.lists(REGION, max_size=40))
def test_no_two_dots_touch(points: list[Point]) -> None:
    dots = draw_map(points).dots
    assert all(math.hypot(a.x - b.x, a.y - b.y) >= a.r + b.r for i, a in enumerate(dots) for b in dots[:i])


def test_names_cover_neither_each_other_nor_leave_the_drawing() -> None:
    drawing = draw_map([Point("", p.latitude, p.longitude, 1 + i % 7) for i, p in enumerate(places()[:60])])
    boxes = [(label.x, label.y) for label in drawing.labels]
    assert len(boxes) > 5
    assert all(abs(y1 - y2) > 5 or abs(x1 - x2) > 5 for i, (x1, y1) in enumerate(boxes) for x2, y2 in boxes[:i])
    assert all(0 < x < WIDTH and 0 < y < HEIGHT for x, y in boxes)


def test_a_result_without_places_shows_the_eight_counties_and_says_how_many_are_missing() -> None:
    drawing = draw_map([], unplaced=4)
    assert len(drawing.outlines) == 8
    assert "Records without a place on the map: 4." in page("_map", "map_figure", drawing)


def test_the_scale_bar_is_as_long_as_its_miles() -> None:
    project = Projection((-118.5, 33.9, -118.1, 34.2))
    (x1, y1), (x2, y2) = project(-118.3, 34.0), project(-118.3, 34.1)
    units_per_mile = math.hypot(x1 - x2, y1 - y2) / (0.1 * 111.2 / 1.609344)
    drawing = draw_map([Point("a", 33.9, -118.5), Point("b", 34.2, -118.1)], exact=True)
    assert drawing.scale_width / drawing.scale_miles == pytest.approx(units_per_mile, rel=0.02)


@given(INTERVALS)
def test_every_dated_record_counts_exactly_once_in_the_bars(intervals: list[tuple[dt.date, dt.date, int]]) -> None:
    drawing = draw_timeline(intervals, "en")
    assert sum(b.certain + b.divided for b in drawing.bars) == pytest.approx(sum(n for *_, n in intervals))
    assert drawing.dated == sum(n for *_, n in intervals)
    assert all(b.last < c.first for b, c in zip(drawing.bars, drawing.bars[1:], strict=False))


def test_a_month_without_a_day_makes_no_peak_in_any_week() -> None:
    drawing = draw_timeline([(day(6, 16), day(6, 16), 2), (day(6, 1), day(6, 30), 3)], "en")
    assert drawing.unit == "week"
    assert [b.certain for b in drawing.bars].count(0) == len(drawing.bars) - 1
    assert all(b.divided < 1 for b in drawing.bars)


def test_a_long_period_is_drawn_by_month_and_a_longer_one_by_year() -> None:
    assert (
        draw_timeline(
            [(day(1, 1), day(1, 1), 1), (day(1, 1) + dt.timedelta(weeks=MOST_WEEKS + 1), dt.date(2026, 1, 1), 1)], "en"
        ).unit
        == "month"
    )
    assert (
        draw_timeline([(dt.date(1999, 1, 1), dt.date(1999, 1, 2), 1), (day(6, 1), day(6, 1), 1)], "es").unit == "year"
    )


def test_the_chosen_dates_mark_the_bars_they_touch() -> None:
    weeks = [(day(6, 2) + dt.timedelta(weeks=n), day(6, 2) + dt.timedelta(weeks=n), 1) for n in range(8)]
    drawing = draw_timeline(weeks, "en", (day(6, 9), day(6, 22)))
    assert [b.selected for b in drawing.bars] == [False, True, True, *[False] * 5]
    assert drawing.window is not None
    assert draw_timeline(weeks, "en").window is None


def test_records_without_a_date_are_counted_apart() -> None:
    drawing = draw_timeline([(None, None, 3)], "es")
    assert (drawing.dated, drawing.undated, drawing.bars) == (0, 3, ())
    assert "Records without a date: 3." in page("_timeline", "timeline_figure", drawing)


def test_the_tables_hold_the_same_as_the_drawings_and_nothing_has_an_inline_style() -> None:
    where = draw_map([Point("a", 34.05, -118.25, 5), Point("<b>", 33.0, -117.0)], unplaced=2, exact=True)
    when = draw_timeline(
        [(day(6, 12), day(6, 12), 4), (day(6, 1), day(6, 30), 1), (None, None, 2)], "es", (day(6, 9), None)
    )
    for text, rows in (
        (page("_map", "map_figure", where), 3),
        (page("_timeline", "timeline_figure", when), len(when.bars) + 1),
    ):
        tree = ET.fromstring(text)  # noqa: S314 - our own page
        assert len(tree.findall(".//tbody/tr")) == rows
        assert not tree.findall(".//*[@style]")
        assert not tree.findall(".//b")
        assert tree.find(".//svg[@role='img'][@aria-label]") is not None
