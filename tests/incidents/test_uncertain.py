"""Uncertain dates."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Invalid
from intake.incidents import uncertain
from intake.incidents.when_words import recorded_as

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2090, 12, 31))
WHENS = st.one_of(
    st.builds(uncertain.exact, DAYS),
    st.builds(uncertain.about, DAYS),
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
    when = uncertain.with_time(uncertain.about(dt.date(2025, 6, 12)), "morning", None, "como el doce de junio, temprano")
    assert recorded_as(when, "en") == "about June 12, 2025, in the morning"
    assert recorded_as(when, "es") == "más o menos el 12 de junio de 2025, por la mañana"


def test_around_early_june_afternoon_does_not_become_a_day() -> None:
    when = uncertain.with_time(
        uncertain.from_form("range", {"day": "1", "month": "6", "year": "2025", "to_day": "10", "to_month": "6", "to_year": "2025"}),
        "afternoon", None, "around early June, afternoon",
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
        ("range", {"day": "5", "month": "6", "year": "2025", "to_day": "4", "to_month": "6", "to_year": "2025"}, "to_day"),
        ("sometime", {}, "kind"),
    ],
)
def test_an_impossible_date_names_its_box(kind: str, fields: dict[str, str], box: str) -> None:
    with pytest.raises(Invalid) as error:
        uncertain.from_form(kind, fields)
    assert box in error.value.fields


def test_nothing_known_overlaps_nothing() -> None:
    assert not uncertain.unknown().overlaps(dt.date(2025, 1, 1), None)
