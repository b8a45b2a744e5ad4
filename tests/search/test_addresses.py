"""What stands in the address of a search, and whom its filters tell what."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from flask import Flask

from intake import db
from intake.access import sessions
from intake.access.actor import Actor
from intake.incidents import claims, services
from intake.search import queries
from intake.search.queries import Asked
from intake.search.services import asked_for, offered
from tests.browser import Browser
from tests.factories import an_incident
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture(scope="module")
def placed(app: Flask, world: World) -> None:
    """Three invented incidents: a known place, a known place with more words, and one that nobody knows."""
    with db.transaction():
        sessions.act_for(world.users["intake"])
        for title, typed in (("a", "Westlake"), ("b", "Westlake, at Zoraida's"), ("c", "the yard of Zoraida Ejemplo")):
            incident = an_incident(title=title)
            services.save_where(incident, typed)
            claims.suggest_claim(incident, "CL.4A.STOP")


@pytest.mark.usefixtures("placed")
class TestAddresses:
    """Filters are names of known places and codes."""

    def test_a_place_filter_is_the_known_name_and_never_what_else_was_typed(
        self, acting: Acting, as_attorney: Browser
    ) -> None:
        with acting("attorney"):
            figures = queries.figures(Asked())
            assert figures
            assert figures.facets["place"] == [("Westlake", 2)]
            assert queries.capped_count(Asked(place=("Westlake",))) == 2
            assert queries.capped_count(Asked(words="yard")) == 1
        page = as_attorney.get("/search").get_data(as_text=True)
        assert "the yard of Zoraida Ejemplo" in page
        assert not [a for a in re.findall(r'(?:href|action|hx-get)="([^"]*)"', page) if "Zoraida" in a]
        assert not re.search(r'<input[^>]*value="[^"]*Zoraida', page)

    def test_whoever_may_not_read_claims_cannot_search_by_them(self, acting: Acting, as_paralegal: Browser) -> None:
        with acting("paralegal"):
            assert asked_for("", {"claim": ["CL.5A.EP"], "agency": ["AG.FBI"]}).claim == ()
            assert {facet for facet, _code, _name in offered("la migra", "es")} <= {"agency"}
        with acting("attorney"):
            assert asked_for("", {"claim": ["CL.5A.EP"]}).claim == ("CL.5A.EP",)
        none, one = (as_paralegal.get(f"/search?claim={c}").get_data(as_text=True) for c in ("CL.5A.EP", "CL.4A.STOP"))
        assert "3 records" in none
        assert "3 records" in one
        assert 'value="CL.' not in one
        assert "tag claim" not in one
