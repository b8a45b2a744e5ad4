"""Uncertain dates as intervals with a basis, written in EDTF (ISO 8601-2). None gains precision it was not given.

"Around early June, afternoon" stays the person's words, an interval and a part of day; it never becomes a day.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from intake.errors import Invalid

ABOUT_DAYS = 3  # "on or about": three days to either side unless the person says otherwise (DP.ONABOUT)
WIDEST = 183  # days: what is less sure than half a year to either side is a year, or a range
PARTS = ("before_dawn", "morning", "midday", "afternoon", "evening", "night")
KINDS = ("exact", "about", "month", "range", "year", "unknown")
FIRST_YEAR, LAST_YEAR = 1990, 2100
_EDTF = re.compile(
    r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2}))?"
    r"|(?P<first>[0-9]{4}-[0-9]{2}-[0-9]{2})(?P<rough>~)?(/(?P<last>[0-9]{4}-[0-9]{2}-[0-9]{2})(?(rough)~))?"
)


@dataclass(frozen=True)
class When:
    """An interval of days, how sure (DP.*), EDTF, and what was said. Without bounds nothing is known."""

    earliest: dt.date | None = None
    latest: dt.date | None = None
    precision: str = "DP.UNK"
    edtf: str = ""
    part_of_day: str | None = None
    clock: dt.time | None = None
    words: str = ""

    @property
    def kind(self) -> str:
        """Which of KINDS the form shows."""
        by_precision = {"DP.ONABOUT": "about", "DP.MONTH": "month", "DP.RANGE": "range", "DP.UNK": "unknown"}
        if self.precision == "DP.SEASON" and re.fullmatch(r"\d{4}", self.edtf):
            return "year"
        return by_precision.get(self.precision, "exact")

    @property
    def middle(self) -> dt.date | None:
        """The day that an "about" was said of; only for showing it again in the form."""
        if self.earliest is None or self.latest is None:
            return None
        return self.earliest + (self.latest - self.earliest) // 2

    def overlaps(self, first: dt.date | None, last: dt.date | None) -> bool:
        """Tell whether this may have been within the days first to last (either end open)."""
        if self.earliest is None or self.latest is None:
            return False
        return (last is None or self.earliest <= last) and (first is None or self.latest >= first)


def exact(day: dt.date) -> When:
    """That day."""
    return When(day, day, "DP.DAY", day.isoformat())


def about(day: dt.date, spread: int = ABOUT_DAYS) -> When:
    """On or about that day: `spread` days to either side, at least one. Raises Invalid for less, or past the calendar.

    Another spread than ABOUT_DAYS is written as an approximate interval, so that it is not lost.
    """
    if spread < 1:
        raise Invalid({"spread": "too_small"})
    try:
        first, last = day - dt.timedelta(days=spread), day + dt.timedelta(days=spread)
    except OverflowError as wrong:
        raise Invalid({"spread": "too_large"}) from wrong
    edtf = f"{day.isoformat()}~" if spread == ABOUT_DAYS else f"{first.isoformat()}~/{last.isoformat()}~"
    return When(first, last, "DP.ONABOUT", edtf)


def month(year_: int, month_: int) -> When:
    """Some day of that month. Raises ValueError for a month outside 1 to 12."""
    last = calendar.monthrange(year_, month_)[1]
    return When(dt.date(year_, month_, 1), dt.date(year_, month_, last), "DP.MONTH", f"{year_:04d}-{month_:02d}")


def span(first: dt.date, last: dt.date) -> When:
    """Some day from first to last. Raises Invalid when they are the wrong way round."""
    if last < first:
        raise Invalid({"last": "before_first"})
    return When(first, last, "DP.RANGE", f"{first.isoformat()}/{last.isoformat()}")


def year(year_: int) -> When:
    """Some day of that year."""
    return When(dt.date(year_, 1, 1), dt.date(year_, 12, 31), "DP.SEASON", f"{year_:04d}")


def unknown() -> When:
    """Not known; the words still say what is known."""
    return When()


def with_time(when: When, part_of_day: str | None, clock: dt.time | None, words: str = "") -> When:
    """Return `when` with a part of day or a clock time, and the person's words. Raises Invalid for another part."""
    if part_of_day and part_of_day not in PARTS:
        raise Invalid({"part_of_day": "unknown"})
    precision = when.precision
    if precision == "DP.DAY" and clock is not None:
        precision = "DP.HOUR"
    elif precision == "DP.DAY" and part_of_day:
        precision = "DP.PARTDAY"
    return replace(when, part_of_day=part_of_day or None, clock=clock, words=words, precision=precision)


def from_edtf(text: str) -> When:
    """Read back what this module writes. Raises Invalid for the rest.

    Forms: YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DD~ (about), first/last, first~/last~ (about, with its own spread).
    """
    if not text:
        return unknown()
    found = _EDTF.fullmatch(text)
    if not found:
        raise Invalid({"edtf": "wrong"})
    try:
        return _read(found)
    except ValueError as wrong:
        raise Invalid({"edtf": "wrong"}) from wrong


def _read(found: re.Match[str]) -> When:
    """Raises ValueError for a day that does not exist."""
    if found["month"]:
        return month(int(found["year"]), int(found["month"]))
    if found["year"]:
        return year(int(found["year"]))
    first = dt.date.fromisoformat(found["first"])
    if not found["last"]:
        return about(first) if found["rough"] else exact(first)
    last = dt.date.fromisoformat(found["last"])
    days = (last - first).days
    if not found["rough"]:
        return span(first, last)
    if days % 2:
        raise Invalid({"edtf": "wrong"})  # a spread is the same to either side
    return about(first + (last - first) // 2, days // 2)


def hull(whens: Iterable[When]) -> When:
    """Return the interval that holds all accounts' intervals; one account keeps its own precision and hour.

    Where accounts differ on the hour, none is kept: the whole must not know more than its parts agree on.
    """
    known = [w for w in whens if w.earliest and w.latest]
    if not known:
        return unknown()
    if len({(w.earliest, w.latest, w.precision, w.part_of_day, w.clock) for w in known}) == 1:
        return known[0]
    if len({(w.earliest, w.latest, w.kind, w.edtf) for w in known}) == 1:
        return from_edtf(known[0].edtf)
    first = min(w.earliest for w in known if w.earliest)
    last = max(w.latest for w in known if w.latest)
    return span(first, last) if first != last else exact(first)


def from_form(kind: str, fields: dict[str, str]) -> When:
    """Read the boxes: day, month, year; to_day, to_month, to_year for a range; spread, in days, for an about.

    Raises Invalid naming each box that is missing or not possible; nothing is guessed.
    """
    if kind == "unknown" or not kind:
        return unknown()
    if kind == "year":
        return year(_year(fields, ""))
    if kind == "month":
        return month(_year(fields, ""), _number(fields, "month", 1, 12))
    if kind in {"exact", "about"}:
        day = _day(fields, "")
        if kind == "exact":
            return exact(day)
        return about(day, _number(fields, "spread", 1, WIDEST) if fields.get("spread") else ABOUT_DAYS)
    if kind == "range":
        first, last = _day(fields, ""), _day(fields, "to_")
        if last < first:
            raise Invalid({"to_day": "before_first"})
        return span(first, last)
    raise Invalid({"kind": "unknown"})


def _day(fields: dict[str, str], prefix: str) -> dt.date:
    numbers = (_year(fields, prefix), _number(fields, f"{prefix}month", 1, 12), _number(fields, f"{prefix}day", 1, 31))
    try:
        return dt.date(*numbers)
    except ValueError as wrong:
        raise Invalid({f"{prefix}day": "no_such_day"}) from wrong


def _year(fields: dict[str, str], prefix: str) -> int:
    return _number(fields, f"{prefix}year", FIRST_YEAR, LAST_YEAR)


def _number(fields: dict[str, str], name: str, low: int, high: int) -> int:
    text = (fields.get(name) or "").strip()
    if not text:
        raise Invalid({name: "missing"})
    if not re.fullmatch(r"[0-9]{1,4}", text) or not low <= int(text) <= high:
        raise Invalid({name: "no_such_number"})
    return int(text)
