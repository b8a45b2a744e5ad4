"""Searching."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from intake import db
from intake.access.actor import Actor
from intake.incidents import claims, services, uncertain
from intake.incidents.models import Incident
from intake.incidents.services import Seen
from intake.search import queries
from intake.search.queries import Asked
from intake.search.snippets import snippets
from tests.browser import Browser
from tests.factories import an_account, an_incident

Acting = Callable[[str], AbstractContextManager[Actor]]


def _found(asked: Asked) -> set[str]:
    return {db.session.get_one(Incident, hit.incident_id).title for hit in queries.look(asked)[1]}


def _figures(asked: Asked) -> queries.Figures:
    figures = queries.figures(asked)
    assert figures is not None
    assert queries.figures(asked, most=0) is None or not figures.intervals
    return figures


@pytest.fixture(scope="module")
def told(app: object, world: object) -> None:
    """Three invented accounts by the intake worker."""
    from intake.access import sessions  # noqa: PLC0415

    with db.transaction():
        sessions.act_for(world.users["intake"])  # type: ignore[attr-defined]
        for title, language, words, edtf, agency, claim in (
            (
                "wash",
                "es",
                "Llegaron al autolavado en una camioneta gris. Nadie enseñó una orden de un juez.",
                "2025-06-12~",
                "AG.DHS.CBP.USBP",
                "CL.4A.STOP",
            ),
            (
                "stop",
                "en",
                "They were stopping every worker. The officer said they had no warrant.",
                "2025-07-04",
                "AG.DHS.ICE.ERO",
                "CL.4A.STOP",
            ),
            (
                "shop",
                "en",
                "The señora at the shop called a lawyer about the warrant.",
                "",
                "AG.UNK.MASKED",
                "CL.4A.FORCE",
            ),
        ):
            account = services.open_intake("hotline", language)
            incident = db.session.get_one(Incident, account.incident_id)
            services.name_incident(incident, title)
            services.save_story(account, words, language)
            services.save_when(account, uncertain.from_edtf(edtf))
            services.observe(account, "agency", [Seen(agency)])
            claims.suggest_claim(incident, claim)


@pytest.mark.usefixtures("told")
class TestSearch:
    """What is found."""

    @pytest.mark.parametrize(
        ("words", "titles"),
        [
            ("camionetas", {"wash"}),  # stemmed in Spanish
            ("stopped workers", {"stop"}),  # stemmed in English
            ("senora", {"shop"}),  # accents ignored
            ("SEÑORA", {"shop"}),
            ("warrant", {"stop", "shop"}),
            ("warrant -lawyer", {"stop"}),
            ('"no warrant"', {"stop"}),
            ('"warrant no"', set()),
            ('"una orden de un juez"', {"wash"}),
            ('"orden un juez"', set()),
            ('warrant -"no warrant"', {"shop"}),
            ("the warrant", {"stop", "shop"}),  # empty words ask for nothing
            ("abogado or lawyer", {"shop"}),
            ("enseño orden", {"wash"}),
        ],
    )
    def test_words_quotes_and_minus(self, acting: Acting, words: str, titles: set[str]) -> None:
        with acting("attorney"):
            assert _found(Asked(words=words)) == titles

    def test_an_uncertain_date_matches_by_overlap(self, acting: Acting) -> None:
        with acting("attorney"):
            assert _found(Asked(first=dt.date(2025, 6, 14), last=dt.date(2025, 6, 20))) == {"wash"}
            assert _found(Asked(first=dt.date(2025, 6, 16), last=dt.date(2025, 6, 20))) == set()
            assert _found(Asked(month=("2025-06", "2025-07"))) == {"wash", "stop"}

    def test_facets_are_or_within_and_and_between(self, acting: Acting) -> None:
        with acting("attorney"):
            both = Asked(agency=("AG.DHS.CBP.USBP", "AG.DHS.ICE.ERO"), claim=("CL.4A.STOP",))
            assert _found(both) == {"wash", "stop"}
            counts = dict(_figures(both).facets["agency"])
            assert counts == {"AG.DHS.CBP.USBP": 1, "AG.DHS.ICE.ERO": 1}
            assert dict(_figures(Asked(agency=("AG.DHS.CBP.USBP",))).facets["agency"])["AG.UNK.MASKED"] == 1

    def test_the_snippet_marks_the_words_as_the_person_said_them(self, acting: Acting) -> None:
        with acting("attorney"):
            hit = queries.page(Asked(words="enseno"))[0]
            found = snippets("enseno", [hit.incident_id])[hit.incident_id]
        assert "<mark>enseñó</mark>" in found.html
        assert (found.kind, found.language) == ("narrative", "es")

    def test_a_stranger_finds_nothing_and_counts_nothing(self, acting: Acting) -> None:
        for who in ("stranger", "second_intake", "cocounsel", "analyst", "auditor", "admin"):
            with acting(who):
                assert queries.capped_count(Asked(words="warrant")) == 0
                assert _figures(Asked()).facets["agency"] == []

    def test_a_note_is_found_by_its_own_organisation_only(self, acting: Acting) -> None:
        with acting("intake"):
            incident = an_incident(title="noted")
            claims.write_note(incident, "call the xylophonist", "en")
        with acting("attorney"):
            assert _found(Asked(words="xylophonist")) == {"noted"}

    def test_words_never_stand_in_the_address_and_a_stranger_cannot_open_the_search(
        self, as_attorney: Browser, as_intake: Browser
    ) -> None:
        as_attorney.get("/search")
        answer = as_attorney.post("/search", {"words": "warrant lawyer"}, once=None)
        assert answer.status_code == 303
        assert "warrant" not in answer.location
        page = as_attorney.get(answer.location)
        assert page.status_code == 200
        assert "<mark>" in page.get_data(as_text=True)
        assert as_intake.get(answer.location).status_code == 404
        assert as_intake.get(f"/search/{uuid.uuid4()}").status_code == 404

    @pytest.mark.parametrize(
        "query",
        [
            "agency=x&claim=';--&month=2025-99&from=soon&view=<b>&after=abc",
            "place=%00",
            "sort=best",
            "month=0000-01&month=9999-12",
            f"after={10**30}",
            f"after={-(10**30)}",
            "after=-1",
            "month=2025-06&view=map",
        ],
    )
    def test_strange_filters_are_left_out_and_never_break(self, as_attorney: Browser, query: str) -> None:
        assert as_attorney.get(f"/search?{query}").status_code in {200, 422}

    def test_what_an_editor_saves_is_found_at_once_and_what_was_there_before_is_not(self, acting: Acting) -> None:
        with acting("intake"):
            account = an_account(narrative="")
            services.save_story(account, "a quetzal sang", "en")
            services.save_story(account, "a heron sang", "en")
        with acting("attorney"):
            assert queries.capped_count(Asked(words="quetzal")) == 0
            assert queries.capped_count(Asked(words="heron")) == 1
