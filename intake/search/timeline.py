"""The timeline of a result as bars by week, month or year, from intervals of days.

The rule: a record whose interval lies within one bar counts there as certain. One that spans several bars is divided
among them by its days. So every dated record counts exactly once, and an uncertain date makes no peak.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from babel.dates import format_date

WIDTH, PLOT, BASE, TEXT = 360, 66, 76, 92  # drawing units: width, tallest bar, ground line, baseline of the dates
LEFT, GAP = 6, 3
MOST_WEEKS, MOST_MONTHS = 30, 48
TICKS = 4
LOCALE = {"en": "en_US", "es": "es_MX"}
DAY = dt.timedelta(days=1)
Interval = tuple[dt.date | None, dt.date | None, int]


@dataclass(frozen=True)
class Bar:
    """Days first to last; `certain` records, and `divided`: the shares of those that span more. Drawing units."""

    first: dt.date
    last: dt.date
    name: str
    certain: int = 0
    divided: float = 0.0
    selected: bool = True
    x: float = 0
    width: float = 0
    certain_height: float = 0
    divided_height: float = 0

    @property
    def total(self) -> float:
        """Records in this bar, whole ones and shares."""
        return self.certain + self.divided


@dataclass(frozen=True)
class Tick:
    """A date under the ground line."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True)
class Timeline:
    """What the template prints. unit: week, month or year; window: (x, width) of the chosen dates, when any."""

    unit: str
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    window: tuple[float, float] | None
    dated: int
    undated: int
    peak: Bar | None
    width: int = WIDTH
    height: int = TEXT + 4
    base: int = BASE

    @property
    def divides(self) -> bool:
        """Whether any record spans several bars."""
        return any(bar.divided for bar in self.bars)


def draw_timeline(
    intervals: Iterable[Interval], lang: str, chosen: tuple[dt.date | None, dt.date | None] = (None, None)
) -> Timeline:
    """Return the bars of (earliest, latest, records), dates named in `lang`.

    chosen: the dates the search is narrowed to, either end open. An interval without bounds is counted as undated.
    """
    rows = list(intervals)
    dated = [(first, last, n) for first, last, n in rows if first and last]
    undated = sum(n for first, last, n in rows if not (first and last))
    if not dated:
        return Timeline("week", (), (), None, 0, undated, None)
    unit, starts = _starts(min(row[0] for row in dated), max(row[1] for row in dated))
    bars = _placed(_counted(dated, unit, starts, lang), chosen)
    return Timeline(
        unit, bars, _ticks(bars, unit, lang), _window(bars, chosen), sum(row[2] for row in dated), undated,
        max(bars, key=lambda b: b.total),
    )  # fmt: skip


def _starts(first: dt.date, last: dt.date) -> tuple[str, list[dt.date]]:
    """The finest unit that keeps the bars readable, and the first day of each bar and of the one after the last."""
    for unit, most in (("week", MOST_WEEKS), ("month", MOST_MONTHS)):
        starts = _steps(unit, first, last)
        if len(starts) - 1 <= most:
            return unit, starts
    return "year", _steps("year", first, last)


def _steps(unit: str, first: dt.date, last: dt.date) -> list[dt.date]:
    if unit == "week":  # Weeks begin on Monday (ISO 8601).
        monday = first - first.weekday() * DAY
        return [monday + 7 * n * DAY for n in range((last - monday).days // 7 + 2)]
    if unit == "month":
        months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month + 1)
        return [dt.date(n // 12, n % 12 + 1, 1) for n in months]
    return [dt.date(year, 1, 1) for year in range(first.year, last.year + 2)]


def _counted(dated: Sequence[tuple[dt.date, dt.date, int]], unit: str, starts: list[dt.date], lang: str) -> list[Bar]:
    certain, divided = [0] * (len(starts) - 1), [0.0] * (len(starts) - 1)
    for first, last, n in dated:
        days = (last - first).days + 1
        for at, (start, after) in enumerate(pairwise(starts)):
            shared = (min(last, after - DAY) - max(first, start)).days + 1
            if shared == days:
                certain[at] += n
            elif shared > 0:
                divided[at] += n * shared / days
    return [
        Bar(start, after - DAY, _name(start, unit, lang), certain[at], divided[at])
        for at, (start, after) in enumerate(pairwise(starts))
    ]


def _placed(bars: list[Bar], chosen: tuple[dt.date | None, dt.date | None]) -> tuple[Bar, ...]:
    step = (WIDTH - 2 * LEFT) / len(bars)
    tallest = max(bar.certain + bar.divided for bar in bars)
    return tuple(
        replace(
            bar,
            x=round(LEFT + at * step + GAP / 2, 1),
            width=round(min(max(step - GAP, 1), 40), 1),
            certain_height=round(PLOT * bar.certain / tallest, 1),
            divided_height=round(PLOT * bar.divided / tallest, 1),
            selected=_meets(bar, chosen),
        )
        for at, bar in enumerate(bars)
    )


def _meets(bar: Bar, chosen: tuple[dt.date | None, dt.date | None]) -> bool:
    first, last = chosen
    return (first is None or bar.last >= first) and (last is None or bar.first <= last)


def _window(bars: Sequence[Bar], chosen: tuple[dt.date | None, dt.date | None]) -> tuple[float, float] | None:
    held = [bar for bar in bars if bar.selected]
    if chosen == (None, None) or not held:
        return None
    left, right = held[0].x - GAP, held[-1].x + held[-1].width + GAP
    return round(left, 1), round(right - left, 1)


def _ticks(bars: Sequence[Bar], unit: str, lang: str) -> tuple[Tick, ...]:
    """A few dates, the first at the start and the last at the end; further ones between, evenly."""
    step = max(1, (len(bars) + TICKS - 1) // TICKS)
    chosen = [*range(0, len(bars) - step // 2, step)] if len(bars) > 1 else [0]
    ticks = [
        Tick(bars[at].x, _short(bars[at].first, unit, lang), "start")
        for at in chosen
        if bars[at].x < WIDTH - 90 or at == 0
    ]
    if len(bars) > 1:
        ticks.append(Tick(WIDTH - LEFT, _short(bars[-1].last, unit, lang), "end"))
    return tuple(ticks)


def _name(start: dt.date, unit: str, lang: str) -> str:
    if unit == "week":
        return format_date(start, "medium", locale=LOCALE[lang])
    if unit == "month":
        return format_date(start, "MMMM y" if lang == "en" else "MMMM 'de' y", locale=LOCALE[lang])
    return str(start.year)


def _short(day: dt.date, unit: str, lang: str) -> str:
    pattern = {"week": {"en": "MMM d", "es": "d MMM"}[lang], "month": "MMM y", "year": "y"}[unit]
    return format_date(day, pattern, locale=LOCALE[lang])
