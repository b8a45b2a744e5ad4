"""Places by typing."""

from __future__ import annotations

import pytest

from intake.incidents.gazetteer import place, places, suggest


@pytest.mark.parametrize(("typed", "found"), [("van nu", "Van Nuys"), ("MACARTHUR", "MacArthur Park"), ("parque macarthur", "MacArthur Park"),
                                              ("Long Be", "Long Beach"), ("canada", "La Cañada Flintridge")])
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


def test_no_name_stands_twice_as_a_neighborhood_and_a_city() -> None:
    neighborhoods = {p.name for p in places() if p.precision == "LP.NEIGH"}
    assert not neighborhoods & {p.name for p in places() if p.precision == "LP.CITY"}
