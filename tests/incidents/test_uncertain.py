"""Uncertain dates."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Invalid
from intake.incidents import uncertain
from intake.incidents.when_words import recorded_as, short

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2090, 12, 31))
WHENS = st.one_of(
    st.builds(uncertain.exact, DAYS),
    st.builds(uncertain.about, DAYS),
    st.builds(uncertain.about, DAYS, st.integers(1, 200)),
    st.builds(uncertain.month, st.integers(2000, 2090), st.integers(1, 12)),
    st.builds(uncertain.year, st.integers(2000, 2090)),
    st.tuples(DAYS, DAYS).map(lambda pair: uncertain.span(min(pair), max(pair))),
)


@given(WHENS)
def test_what_is_written_in_edtf_reads_back_as_the_same(when: uncertain.When) -> None:
    assert uncertain.from_edtf(when.edtf) == when


@given(DAYS)
def test_about_a_day_is_never_narrower_than_the_day(day: dt.date) -> None:
    assert uncertain.about(day).overlaps(day, day)
    assert uncertain.about(day).earliest < day < uncertain.about(day).latest  # type: ignore[operator]


@given(DAYS, st.integers(1, 200), DAYS)
def test_no_constructor_gives_an_interval_narrower_than_was_given(day: dt.date, spread: int, other: dt.date) -> None:
    first, last = min(day, other), max(day, other)
    for when, wanted in (
        (uncertain.exact(day), (day, day)),
        (uncertain.about(day, spread), (day - dt.timedelta(spread), day + dt.timedelta(spread))),
        (uncertain.span(first, last), (first, last)),
        (uncertain.month(day.year, day.month), (day, day)),
        (uncertain.year(day.year), (dt.date(day.year, 1, 1), dt.date(day.year, 12, 31))),
    ):
        assert when.earliest is not None
        assert when.latest is not None
        assert when.earliest <= wanted[0]
        assert wanted[1] <= when.latest
        again = uncertain.from_edtf(when.edtf)
        assert (again.earliest, again.latest) == (when.earliest, when.latest)


@given(DAYS, st.integers(-5, 0))
def test_about_a_day_with_no_spread_is_refused(day: dt.date, spread: int) -> None:
    with pytest.raises(Invalid):
        uncertain.about(day, spread)


@given(WHENS, DAYS, DAYS)
def test_a_date_is_found_exactly_when_one_of_its_days_is_asked_for(
    when: uncertain.When, a: dt.date, b: dt.date
) -> None:
    first, last = min(a, b), max(a, b)
    assert when.earliest is not None
    assert when.latest is not None
    disjoint = when.latest < first or last < when.earliest
    assert when.overlaps(first, last) is not disjoint
    assert when.overlaps(None, None)


def test_two_accounts_of_one_day_that_differ_on_the_hour_keep_the_day_and_no_hour() -> None:
    day = uncertain.exact(dt.date(2025, 6, 12))
    morning, evening = (uncertain.with_time(day, part, None) for part in ("morning", "evening"))
    assert uncertain.hull([morning, evening]) == day
    assert uncertain.hull([morning, day]) == day
    assert uncertain.hull([morning, uncertain.unknown()]) == morning


@given(st.text("0123456789-~/?.% X", max_size=24))
def test_edtf_that_is_read_is_written_the_same_and_all_other_is_refused(text: str) -> None:
    try:
        when = uncertain.from_edtf(text)
    except Invalid:
        return
    assert when.edtf == text or when == uncertain.about(when.middle)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "2025-06-31",
        "2025-13",
        "2025-00",
        "20250612",
        "2025-W24-4",
        " 2025",
        "2025-06-12~/2025-06-20",
        "2025-06-12/2025-06-20~",
        "2025-06-01~/2025-06-02~",
        "2025-06-12~/2025-06-12~",
        "2025-06-20/2025-06-12",
        "2025?",
        "0000",
        "2025-06-12/",
    ],
)
def test_edtf_of_no_day_or_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        uncertain.from_edtf(text)


@given(st.lists(WHENS, min_size=1, max_size=4))
def test_a_hull_holds_every_account(whens: list[uncertain.When]) -> None:
    whole = uncertain.hull(whens)
    assert all(whole.earliest <= w.earliest and w.latest <= whole.latest for w in whens)  # type: ignore[operator]


@given(WHENS)
def test_the_sentence_exists_in_both_languages_and_names_no_day_that_was_not_given(when: uncertain.When) -> None:
    english, spanish = recorded_as(when, "en"), recorded_as(when, "es")
    assert english
    assert spanish
    if when.kind in {"month", "year"}:
        assert "some day in" in english
        assert "algún día de" in spanish


def test_about_the_twelfth_of_june_in_the_morning_is_repeated_as_that() -> None:
    when = uncertain.with_time(
        uncertain.about(dt.date(2025, 6, 12)), "morning", None, "como el doce de junio, temprano"
    )
    assert recorded_as(when, "en") == "about June 12, 2025, in the morning"
    assert recorded_as(when, "es") == "más o menos el 12 de junio de 2025, por la mañana"


def test_a_spread_of_its_own_is_said_and_kept() -> None:
    when = uncertain.from_edtf(uncertain.about(dt.date(2025, 6, 12), 10).edtf)
    assert (when.kind, when.middle) == ("about", dt.date(2025, 6, 12))
    assert recorded_as(when, "en") == "about June 12, 2025 (up to 10 days before or after)"
    assert recorded_as(when, "es") == "más o menos el 12 de junio de 2025 (hasta 10 días antes o después)"


def test_the_form_may_say_how_many_days_about_is() -> None:
    boxes = {"day": "12", "month": "6", "year": "2025"}
    assert uncertain.from_form("about", boxes) == uncertain.about(dt.date(2025, 6, 12))
    assert uncertain.from_form("about", {**boxes, "spread": "10"}) == uncertain.about(dt.date(2025, 6, 12), 10)
    for wrong in ("0", "-1", "ten", "9999"):
        with pytest.raises(Invalid) as error:
            uncertain.from_form("about", {**boxes, "spread": wrong})
        assert "spread" in error.value.fields


def test_the_form_of_lists_keeps_about_and_the_hour() -> None:
    clock = uncertain.with_time(uncertain.exact(dt.date(2025, 6, 22)), None, dt.time(13, 15))
    assert short(uncertain.about(dt.date(2025, 6, 12)), "en") == "about Jun 12, 2025"
    assert short(clock, "en") == "Jun 22, 2025, at 1:15\u00a0PM"
    assert short(clock, "es") == "22 jun 2025, a la 1:15\u00a0p.m."
    assert short(uncertain.with_time(uncertain.unknown(), "night", None), "es") == "no se sabe la fecha, por la noche"


def test_around_early_june_afternoon_does_not_become_a_day() -> None:
    when = uncertain.with_time(
        uncertain.from_form(
            "range", {"day": "1", "month": "6", "year": "2025", "to_day": "10", "to_month": "6", "to_year": "2025"}
        ),
        "afternoon",
        None,
        "around early June, afternoon",
    )
    again = uncertain.from_edtf(when.edtf)
    assert (again.earliest, again.latest) == (dt.date(2025, 6, 1), dt.date(2025, 6, 10))
    assert when.words == "around early June, afternoon"
    assert when.precision == "DP.RANGE"


@pytest.mark.parametrize(
    ("kind", "fields", "box"),
    [
        ("exact", {"month": "6", "year": "2025"}, "day"),
        ("exact", {"day": "31", "month": "6", "year": "2025"}, "day"),
        ("exact", {"day": "x", "month": "6", "year": "2025"}, "day"),
        ("month", {"month": "13", "year": "2025"}, "month"),
        ("about", {"day": "1", "month": "6", "year": "25000"}, "year"),
        (
            "range",
            {"day": "5", "month": "6", "year": "2025", "to_day": "4", "to_month": "6", "to_year": "2025"},
            "to_day",
        ),
        ("sometime", {}, "kind"),
    ],
)
def test_an_impossible_date_names_its_box(kind: str, fields: dict[str, str], box: str) -> None:
    with pytest.raises(Invalid) as error:
        uncertain.from_form(kind, fields)
    assert box in error.value.fields


def test_nothing_known_overlaps_nothing() -> None:
    assert not uncertain.unknown().overlaps(dt.date(2025, 1, 1), None)
