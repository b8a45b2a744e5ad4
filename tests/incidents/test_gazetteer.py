"""Places by typing."""

from __future__ import annotations

import pytest

from intake.incidents.gazetteer import Place, counties, place, places, suggest


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("van nu", "Van Nuys"),
        ("MACARTHUR", "MacArthur Park"),
        ("parque macarthur", "MacArthur Park"),
        ("Long Be", "Long Beach"),
        ("canada", "La Cañada Flintridge"),
    ],
)
def test_a_place_is_found_without_case_accents_or_its_first_word(typed: str, found: str) -> None:
    assert found in [p.name for p in suggest(typed)]


def test_a_place_that_nobody_knows_has_no_point() -> None:
    assert place("the corner by the old tree") is None
    assert suggest("") == []


def test_every_place_has_a_county_a_point_in_the_region_and_says_how_far_off_it_may_be() -> None:
    for each in places():
        assert each.county
        assert 32 < each.latitude < 36.5
        assert -121 < each.longitude < -114
        assert each.radius_m >= 1000


def test_no_name_stands_twice_in_a_county() -> None:
    names = [(p.name, p.county) for p in places()]
    assert len(names) == len(set(names))


def test_no_alias_is_another_places_name() -> None:
    own = {name for p in places() for name in p.names[:1]}
    assert [a for p in places() for a in p.names[1:] if a in own] == []


def test_a_point_is_never_finer_than_a_hundredth_of_a_degree() -> None:
    assert all(round(value, 2) == value for p in places() for value in (p.latitude, p.longitude))


def test_every_place_but_those_at_the_edge_lies_in_the_county_it_names() -> None:
    outside = [p.name for p in places() if p.precision == "LP.NEIGH" and not _within(p)]
    assert outside == []


def test_there_are_places_in_all_eight_counties() -> None:
    assert {p.county for p in places()} == set(counties())


def test_the_city_after_a_comma_is_understood() -> None:
    found = place("westlake, los angeles")
    assert found is not None
    assert (found.name, found.precision) == ("Westlake", "LP.NEIGH")
    assert place("Hollywood, California") == place("hollywood")


def test_a_list_of_suggestions_is_short_and_begins_with_names_that_start_so() -> None:
    found = suggest("san", limit=5)
    assert len(found) == 5
    assert all(p.names[0].startswith("san") for p in found)


def _within(place_: Place) -> bool:
    """Even-odd rule, with a margin of 0.03 degree: outlines and points are both coarse."""
    around = [(dx, dy) for dx in (-0.03, 0, 0.03) for dy in (-0.03, 0, 0.03)]
    return any(
        _inside(place_.longitude + dx, place_.latitude + dy, ring)
        for ring in counties()[place_.county]
        for dx, dy in around
    )


def _inside(x: float, y: float, ring: list[list[float]]) -> bool:
    edges = zip(ring, ring[1:] + ring[:1], strict=True)
    return (
        sum((y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 for (x1, y1), (x2, y2) in edges) % 2 == 1
    )
