"""The plans of searches under row security, over enough rows that the planner chooses."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.access.actor import Actor
from intake.demo import scale
from intake.search import queries
from intake.search.queries import Asked
from intake.settings import Settings

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture(scope="module")
def many(app: Flask, settings: Settings) -> None:
    """Three thousand generated incidents."""
    scale.load(settings, 3000)


def _plan(statement: str) -> str:
    return "\n".join(db.session.execute(sa.text(f"explain {statement}")).scalars())


@pytest.mark.usefixtures("many")
class TestPlans:
    """Row security must not cost the indexes."""

    def test_the_word_index_serves_rare_words(self, acting: Acting) -> None:
        with acting("attorney"):
            plan = _plan("select * from search_entry where words @@ search.asked('zebra warrant')")
        assert "ix_search_entry_words" in plan, plan

    def test_a_page_of_the_newest_walks_the_numbers_and_sorts_nothing(self, acting: Acting) -> None:
        with acting("attorney"):
            plan = _plan("select * from search_entry order by number desc limit 25")
        assert "number" in plan, plan
        assert "Sort" not in plan, plan

    def test_pages_together_hold_every_match_once(self, acting: Acting) -> None:
        with acting("attorney"):
            asked = Asked(agency=("AG.DHS.CBP.USBP",))
            walked = [incident for batch in queries.every_hit(asked, batch=100) for incident in batch]
            assert len(walked) == len(set(walked)) == queries.exact_count(asked) > 100
            assert queries.capped_count(Asked()) == queries.CAP + 1

    def test_the_best_matches_are_paged_through_and_each_comes_once(self, acting: Acting) -> None:
        with acting("attorney"):
            asked = Asked(words="camioneta gris", agency=("AG.DHS.CBP.USBP",))
            count, _first = queries.look(asked)
            pages = [queries.look(asked, sort="best", skip=at, limit=10)[1] for at in range(0, count, 10)]
            walked = [hit.incident_id for page in pages for hit in page]
            assert len(walked) == len(set(walked)) == count > 10
            assert queries.look(asked, sort="best", skip=count)[0] == count
