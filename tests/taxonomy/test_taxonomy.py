"""The field's words as data: whole, in two languages, and never a hard block on what a lawyer has still to verify."""

from __future__ import annotations

import pytest

from intake.errors import Invalid
from intake.settings import project_file
from intake.taxonomy import court, label, set_of, taxonomy, transitions
from intake.taxonomy.terms import UnknownCode, codes_for_alias

SETS = sorted(
    path.stem for path in project_file("config/taxonomies").glob("*.toml") if f"[[{path.stem}]]" in path.read_text()
)


@pytest.mark.parametrize("name", SETS)
def test_every_term_has_a_name_in_both_languages_and_a_parent_that_exists(name: str) -> None:
    known = taxonomy(name)
    assert known.terms
    for term in known.terms:
        assert term.labels["en"], term.code
        assert term.labels["es"], term.code
        assert not term.parent or term.parent in known.codes
        assert label(term.code, "es") == term.label("es") or set_of(term.code) != name


def test_a_code_or_set_that_does_not_exist_is_refused_and_still_shown_as_it_stands() -> None:
    with pytest.raises(UnknownCode):
        taxonomy("agency").term("AG.NONE")
    for name in ("nothing", "../settings", ""):
        with pytest.raises(Invalid):
            taxonomy(name)
    assert label("XX.OLD", "en") == "XX.OLD"


def test_an_everyday_word_finds_its_codes_without_case_or_accents() -> None:
    assert codes_for_alias("CASTELLANO") == codes_for_alias("castellano") == ["es"]
    assert codes_for_alias("") == []


def test_a_declaration_moves_only_between_states_that_exist() -> None:
    states = taxonomy("declaration_state").codes
    for state, to in transitions().items():
        assert state in states
        assert set(to) <= states


def test_no_rule_that_is_still_to_be_verified_blocks() -> None:
    profile = court("cacd")
    for rule in profile.rules.values():
        assert not (rule.status == "verify" and profile.blocks(rule.id))
        assert rule.source


@pytest.mark.parametrize("form", ["OA.US", "OA.ABROAD", "OA.UNIVERSAL"])
def test_each_oath_has_room_for_date_and_place_in_both_languages(form: str) -> None:
    words = court("cacd").oaths[form]
    for text in (words["form_text"], words["text_es"]):
        assert text.format(date="D", city="C", state_or_country="S").count("{") == 0
        assert "per" in text
    assert ("laws of the United States of America" in words["form_text"]) is (form != "OA.US")


def test_the_universal_oath_contains_the_domestic_one() -> None:
    oaths = court("cacd").oaths
    without = oaths["OA.UNIVERSAL"]["form_text"].replace(" under the laws of the United States of America", "")
    assert without == oaths["OA.US"]["form_text"]


def test_a_court_that_nobody_described_is_refused() -> None:
    with pytest.raises(Invalid):
        court("../default")
