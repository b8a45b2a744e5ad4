"""What bars a declaration from being filed, and what only warns."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from intake.documents.lint import lint
from intake.documents.papers import DeclarationPaper
from tests.documents.papers import CERTIFICATE, TODAY, paper, told


def _found(of: DeclarationPaper) -> dict[str, str]:
    return {finding.code: finding.level for finding in lint(of, TODAY)}


def test_a_sound_paper_has_nothing_to_say() -> None:
    assert lint(paper(), TODAY) == []


@pytest.mark.parametrize(
    ("state", "country", "abroad"),
    [
        ("Baja California", "Mexico", True), ("Baja California", "", True), ("", "Guatemala", True), ("", "México", True),
        ("California", "", False), ("CA", "USA", False), ("New York", "U.S.A.", False), ("N.Y.", "", False),
        ("West Virginia", "United States of America", False),
    ],
)  # fmt: skip
def test_a_domestic_oath_signed_abroad_is_barred(state: str, country: str, abroad: bool) -> None:
    signed = paper(oath_form="OA.US", executed_city="Tijuana", executed_state=state, executed_country=country)
    assert ("oath_abroad" in _found(signed)) is abroad
    assert _found(dataclasses.replace(signed, oath_form="OA.UNIVERSAL")) == {}


def test_a_signature_of_tomorrow_or_of_nowhere_is_barred() -> None:
    assert _found(paper(executed_on=TODAY + dt.timedelta(days=1))) == {"date_future": "block"}
    assert _found(paper(executed_on=TODAY)) == {}
    assert _found(paper(executed_city="")) == {"place_missing": "block"}
    assert _found(paper(executed_on=None, executed_city="", executed_state="")) == {}


def test_a_korean_speaker_without_a_certificate_is_barred() -> None:
    assert _found(paper(declarant_language="ko")) == {"certificate_missing": "block"}
    assert _found(paper(declarant_language="ko", certificate=CERTIFICATE)) == {}


@pytest.mark.parametrize(("missing", "code", "level"), [
    ("interpreter", "certificate_missing", "block"), ("qualification", "certificate_thin", "block"),
    ("languages", "certificate_thin", "block"), ("place", "certificate_blanks", "warn"),
])  # fmt: skip
def test_a_thin_certificate_is_found(missing: str, code: str, level: str) -> None:
    thin: dict[str, Any] = {missing: " " if missing == "interpreter" else ""}
    certificate = dataclasses.replace(CERTIFICATE, **thin)
    assert _found(paper(declarant_language="es", certificate=certificate)) == {code: level}


def test_who_signs_a_spanish_text_needs_no_read_back_and_the_oath_is_to_be_confirmed() -> None:
    assert _found(paper(language="es", declarant_language="es")) == {"oath_spanish": "warn"}


@pytest.mark.parametrize("basis", ["KB.HEARD3", "KB.MEDIA", "KB.BELIEF", "KB.UNK"])
def test_what_the_person_does_not_know_first_hand_is_barred(basis: str) -> None:
    (finding,) = lint(told("There were six agents.", basis=basis), TODAY)
    assert (finding.code, finding.level, finding.paragraph) == ("not_first_hand", "block", 1)


def test_an_agents_words_heard_first_hand_may_stand() -> None:
    assert _found(told("The agent said: get down.", basis="KB.HEARD")) == {}
    assert _found(told("The book says nine.", basis="KB.RECORD")) == {"records": "warn"}


def test_a_hedge_in_a_paragraph_warns() -> None:
    for hedge in (
        "To the best of my knowledge, he left.",
        "On information and belief, he left.",
        "Hasta donde sé, se fue.",
    ):
        assert _found(told(hedge)) == {"hedged": "warn"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("My number is A123-456-789.", "RR.ANUM"), ("It was A# 087 654 321 then.", "RR.ANUM"),
        ("My SSN is 123-45-6789.", "RR.SSN"), ("Mi seguro social es 123 45 6789.", "RR.SSN"),
        ("Card 4111 1111 1111 1111.", "RR.ACCT"), ("They took account no. 00123456789.", "RR.ACCT"),
        ("My driver license is D1234567.", "RR.DL"), ("Mi licencia es la B7654321.", "RR.DL"),
        ("Passport G12345678 was taken.", "RR.PASSPORT"), ("Mi pasaporte es el N01234567.", "RR.PASSPORT"),
        ("I was born on March 3, 1990.", "RR.DOB"), ("Nací el 3 de marzo de 1990.", "RR.DOB"), ("DOB: 03/04/1990.", "RR.DOB"),
        ("I live at 1234 Elm Street, Apt. 5.", "RR.HOMEADDR"), ("Vivo en la calle Olvera 845.", "RR.HOMEADDR"),
        ("Call me at (213) 555-0142.", "RR.CONTACT"), ("Write to m.g@example.org.", "RR.CONTACT"),
    ],
)  # fmt: skip
def test_a_private_detail_is_barred_in_english_and_spanish(text: str, code: str) -> None:
    assert _found(told(text))[f"private_{code}"] == "block"


@pytest.mark.parametrize(
    "text",
    [
        "I was born in 1990.", "It happened on June 6, 2025, at about 10:30.", "There were 20 agents and 3 vans.",
        "Agent badge 1234 and plate 8ABC123.", "I paid 1,500 dollars.", "We waited 45 minutes at Home Depot.",
        "I live in Los Angeles, California.", "A 30 year old man ran.",
    ],
)  # fmt: skip
def test_plain_facts_are_not_taken_for_private_details(text: str) -> None:
    assert _found(told(text)) == {}


def test_a_public_address_warns_and_does_not_bar() -> None:
    assert _found(told("The car wash stands on 5901 West Slauson Avenue.")) == {"private_RR.HOMEADDR": "warn"}


def test_a_known_name_is_found_without_accents_and_turned_round_but_not_inside_a_word() -> None:
    names = ("José Núñez Ana", "Luz")
    assert _found(told("I saw jose nunez ana run.", known_names=names)) == {"name": "block"}
    assert _found(told("I saw Ana, José Núñez.", known_names=names)) == {"name": "block"}
    assert _found(told("The luzerne light.", known_names=names)) == {}
    assert _found(paper(title="Declaration of Luz", known_names=names)) == {"name": "block"}


def test_each_finding_speaks_two_languages_names_its_rule_and_blocks_stand_first() -> None:
    found = lint(told("As far as I know, call (213) 555-0142.", basis="KB.UNK", declarant_language="es"), TODAY)
    assert all(f.message_en and f.message_es and f.rule and f.message_en != f.message_es for f in found)
    levels = [f.level for f in found]
    assert levels == sorted(levels)
    assert {"block", "warn"} == set(levels)
