"""The passage that a hit shows: which one, where it is cut, and what is marked."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from intake.access.actor import Actor
from intake.incidents import claims
from intake.search.snippets import Snippet, snippets
from tests.factories import an_account

Acting = Callable[[str], AbstractContextManager[Actor]]
FILLER = "We waited near the gate and nobody told us anything at all. " * 30


@pytest.fixture
def shown(acting: Acting) -> Callable[[str, str, str], Snippet | None]:
    """Return the snippet of a new account for some words, as its intake worker sees it."""

    def show(narrative: str, words: str, language: str = "en") -> Snippet | None:
        with acting("intake"):
            incident = an_account(narrative=narrative, narrative_language=language).incident_id
            return snippets(words, [incident]).get(incident)

    return show


def test_a_long_account_is_cut_around_the_words(shown: Callable[..., Snippet | None]) -> None:
    found = shown(f"{FILLER}Then the officer broke the window. {FILLER}", "broken windows")
    assert found
    assert "<mark>window</mark>" in found.html
    assert found.html.startswith("… ")
    assert found.html.endswith(" …")
    assert len(found.html) < 400


def test_the_place_that_holds_most_of_the_words_is_shown(shown: Callable[..., Snippet | None]) -> None:
    found = shown(f"A truck came. {FILLER}The gray truck left.", "gray truck")
    assert found
    assert "<mark>gray</mark> <mark>truck</mark>" in found.html


def test_words_that_only_begin_alike_do_not_hide_the_right_ones(shown: Callable[..., Snippet | None]) -> None:
    found = shown(f"The carnival was in town. {FILLER}Their carnation fell.", "carnations")
    assert found
    assert "<mark>carnation</mark>" in found.html
    assert "carnival" not in found.html


def test_what_a_person_wrote_cannot_become_markup(shown: Callable[..., Snippet | None]) -> None:
    found = shown("<script>alert(1)</script> & the <b>lawyer</b>", "lawyer")
    assert found
    assert found.html == "&lt;script&gt;alert(1)&lt;/script&gt; &amp; the &lt;b&gt;<mark>lawyer</mark>&lt;/b&gt;"


def test_accents_stay_as_they_were_written(shown: Callable[..., Snippet | None]) -> None:
    found = shown("Mi mama\u0301 lavaba en la lavandería.", "lavanderias mamá", "es")
    assert found
    assert found.html == "Mi <mark>mamá</mark> lavaba en la <mark>lavandería</mark>."


@pytest.mark.parametrize(
    "words", ["'", "''", "a'b", "\\", "!", '"', '""', "-", "or", "😀", "&|!()<->", ":*", "%", "x" * 500]
)
def test_no_words_break_it(shown: Callable[..., Snippet | None], words: str) -> None:
    shown("They said a'b 😀 to us.", words)


def test_a_note_of_the_organisation_is_named_as_one(acting: Acting) -> None:
    with acting("intake"):
        account = an_account()
        claims.write_note(account.incident, "Ask about the kestrel.", "en")
        incident = account.incident_id
        found = snippets("kestrel", [incident])[incident]
    assert (found.kind, found.number) == ("note", None)
    with acting("stranger"):
        assert snippets("kestrel", [incident, uuid.uuid4()]) == {}
