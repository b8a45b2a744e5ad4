"""Uncertain dates as intervals with a basis, written in EDTF (ISO 8601-2). A date never gains precision it was not given.

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
PARTS = ("before_dawn", "morning", "midday", "afternoon", "evening", "night")
KINDS = ("exact", "about", "month", "range", "year", "unknown")
FIRST_YEAR, LAST_YEAR = 1990, 2100


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
    """On or about that day: `spread` days to either side."""
    return When(day - dt.timedelta(days=spread), day + dt.timedelta(days=spread), "DP.ONABOUT", f"{day.isoformat()}~")


def month(year_: int, month_: int) -> When:
    """Some day of that month."""
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
    """Read back what this module writes: YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DD~, A/B. Raises Invalid for the rest."""
    try:
        if not text:
            return unknown()
        if "/" in text:
            first, last = text.split("/")
            return span(dt.date.fromisoformat(first), dt.date.fromisoformat(last))
        if text.endswith("~"):
            return about(dt.date.fromisoformat(text[:-1]))
        numbers = [int(part) for part in text.split("-")]
        return (year, month, lambda *d: exact(dt.date(*d)))[len(numbers) - 1](*numbers)  # type: ignore[operator,no-any-return]
    except (ValueError, TypeError, IndexError) as wrong:
        raise Invalid({"edtf": "wrong"}) from wrong


def hull(whens: Iterable[When]) -> When:
    """Return the interval that holds all accounts' intervals; one account keeps its own precision."""
    known = [w for w in whens if w.earliest and w.latest]
    if not known:
        return unknown()
    if len({(w.earliest, w.latest, w.precision) for w in known}) == 1:
        return known[0]
    first = min(w.earliest for w in known if w.earliest)
    last = max(w.latest for w in known if w.latest)
    return span(first, last) if first != last else exact(first)


def from_form(kind: str, fields: dict[str, str]) -> When:
    """Read the boxes of the form: day, month, year; to_day, to_month, to_year for a range.

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
        return exact(day) if kind == "exact" else about(day)
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
