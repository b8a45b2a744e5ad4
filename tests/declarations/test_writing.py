"""Writing a declaration: from an account's words to numbered paragraphs."""

from __future__ import annotations

import uuid

import pytest

from intake import db
from intake.declarations import services
from intake.declarations.models import Declaration
from intake.declarations.openings import in_spanish, opening_paragraphs
from intake.declarations.sources import media_fragment
from intake.errors import Invalid, NotAllowed, NotNow, NotThere, StaleVersion
from intake.people.models import Person
from tests.declarations.conftest import NARRATIVE, Acting, a_declaration, an_item, load, lock, paragraph, walk
from tests.factories import an_account, an_incident


def _texts(declaration: Declaration) -> list[str]:
    db.session.expire_all()
    return [p.text for p in declaration.paragraphs]


def test_english_words_become_numbered_paragraphs_after_the_opening(acting: Acting) -> None:
    with acting("intake"):
        declaration = services.start_declaration(an_account(narrative=NARRATIVE), "the motion")
        assert [p.position for p in declaration.paragraphs] == [1, 2, 3]
        assert declaration.paragraphs[0].text.startswith("I make this declaration from my own personal knowledge")
        assert _texts(declaration)[1:] == [
            "I was at the store.",
            "Four men in masks got out of a van. One took my arm.",
        ]
        assert (declaration.state, declaration.oath_form, declaration.name_style) == (
            "DS.DRAFT",
            "OA.UNIVERSAL",
            "pseudonym",
        )


def test_words_in_another_language_stand_beside_a_text_still_to_be_translated(acting: Acting) -> None:
    with acting("intake"):
        declaration = services.start_declaration(an_account(narrative="Me agarró del brazo.", narrative_language="es"))
        told = declaration.paragraphs[-1]
        assert (told.text, told.original, told.original_language) == ("", "Me agarró del brazo.", "es")
        assert "in Spanish" in declaration.paragraphs[1].text


def test_only_a_person_who_said_they_are_an_adult_swears_to_it(acting: Acting) -> None:
    with acting("intake"):
        account = an_account()
        assert "18" not in services.start_declaration(account).paragraphs[0].text
        db.session.get_one(Person, account.person_id).age_band = "25_44"
        assert services.start_declaration(account).paragraphs[0].text.startswith("I am over 18 years of age.")


def test_every_opening_can_be_read_back_in_spanish() -> None:
    for adult in (True, False):
        assert all(in_spanish(text) for text in opening_paragraphs("es", adult=adult))
    assert in_spanish("Something an attorney wrote.") == ""


def test_an_account_without_words_makes_no_declaration(acting: Acting) -> None:
    with acting("intake"), pytest.raises(Invalid):
        services.start_declaration(an_account(narrative="  \n "))


def test_the_account_itself_stays_as_it_was_told(acting: Acting) -> None:
    with acting("intake"):
        account = an_account(narrative=NARRATIVE)
        declaration = services.start_declaration(account)
        services.edit_paragraph(declaration.paragraphs[1], text="Changed.", basis="KB.SAW")
        db.session.refresh(account)
        assert account.narrative == NARRATIVE


def test_splitting_words_loses_and_adds_none() -> None:
    told = "Uno. Dos.\n\n" + "Una frase bastante larga que sigue. " * 60 + "\r\n\r\n¿Tres? «Cuatro.» Cinco"
    assert " ".join(services.split_words(told)).split() == told.split()
    assert all(len(part) <= 760 for part in services.split_words(told))


def test_paragraphs_are_added_moved_split_and_removed_and_number_themselves(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        declaration = load(declaration_id)
        services.add_paragraph(declaration, 1, "New.")
        assert _texts(declaration)[1] == "New."
        services.move_paragraph(declaration.paragraphs[1], 1)
        assert _texts(declaration)[1:3] == ["I was at the store.", "New."]
        services.move_paragraph(declaration.paragraphs[0], -1)
        second = services.split_paragraph(declaration.paragraphs[3], len("Four men in masks got out of a van."))
        assert (second.text, second.basis) == ("One took my arm.", "KB.SAW")
        services.remove_paragraph(declaration.paragraphs[2])
        assert _texts(declaration)[1:] == [
            "I was at the store.",
            "Four men in masks got out of a van.",
            "One took my arm.",
        ]
        assert [p.position for p in declaration.paragraphs] == [1, 2, 3, 4]


@pytest.mark.parametrize("at", [0, -3, 10_000])
def test_a_paragraph_is_not_split_outside_its_words(acting: Acting, at: int) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"), pytest.raises(Invalid):
        services.split_paragraph(paragraph(declaration_id, 2), at)


def test_the_second_of_two_editors_is_told_what_the_first_wrote(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        seen = paragraph(declaration_id, 2).version
    with acting("paralegal"):
        services.edit_paragraph(paragraph(declaration_id, 2), text="First.", basis="KB.SAW", version=seen)
    with acting("intake"), pytest.raises(StaleVersion) as stale:
        services.edit_paragraph(paragraph(declaration_id, 2), text="Second.", basis="KB.SAW", version=seen)
    assert stale.value.theirs["text"] == "First."
    with acting("intake"):
        assert paragraph(declaration_id, 2).text == "First."


def test_a_paragraph_rests_on_a_file_of_its_own_incident_at_a_second(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        item = an_item(load(declaration_id))
        source = services.tie_source(paragraph(declaration_id, 2), item.id, " 0:08-0:31 ")
        assert services.tie_source(paragraph(declaration_id, 2), item.id, "0:08-0:31").id == source.id
        assert [s.locator for s in paragraph(declaration_id, 2).sources] == ["0:08-0:31"]
        services.untie_source(source)
        assert paragraph(declaration_id, 2).sources == []


def test_a_file_of_another_incident_is_refused(acting: Acting) -> None:
    declaration_id, other_id = a_declaration(acting), a_declaration(acting)
    with acting("intake"):
        item = an_item(load(other_id))
        with pytest.raises(Invalid):
            services.tie_source(paragraph(declaration_id, 2), item.id)


@pytest.mark.parametrize(
    ("locator", "fragment"),
    [("0:08-0:31", "t=8,31"), ("0:08 to 0:31", "t=8,31"), ("1:02:03", "t=3723"), ("page 4", ""), ("", "")],
)
def test_a_locator_names_a_stretch_of_the_film(locator: str, fragment: str) -> None:
    assert media_fragment(locator) == fragment


def test_the_inside_us_oath_needs_a_reason(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        with pytest.raises(Invalid):
            services.describe(load(declaration_id), oath_form="OA.US")
        services.describe(load(declaration_id), oath_form="OA.US", oath_reason="Signed at the office in Los Angeles.")
        assert load(declaration_id).oath_form == "OA.US"


def test_what_stands_around_the_text_is_a_closed_list(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"), pytest.raises(Invalid):
        services.describe(load(declaration_id), state="DS.LOCKED")


def test_a_locked_text_takes_no_change_of_any_kind(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        item_id = an_item(load(declaration_id)).id
    lock(acting, declaration_id)
    acts = [
        lambda: services.edit_paragraph(paragraph(declaration_id, 2), text="No.", basis="KB.SAW"),
        lambda: services.add_paragraph(load(declaration_id)),
        lambda: services.move_paragraph(paragraph(declaration_id, 2), 1),
        lambda: services.split_paragraph(paragraph(declaration_id, 3), 10),
        lambda: services.remove_paragraph(paragraph(declaration_id, 2)),
        lambda: services.confirm_paragraph(paragraph(declaration_id, 2)),
        lambda: services.tie_source(paragraph(declaration_id, 2), item_id),
        lambda: services.describe(load(declaration_id), name_style="true_name"),
        lambda: services.describe(load(declaration_id), certificate={"interpreter": "Other"}),
    ]
    for act in acts:
        with acting("attorney"), pytest.raises(NotNow):
            act()


def test_a_change_under_read_back_takes_approval_and_that_paragraphs_yes_away(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        declaration = walk(declaration_id, "DS.REVIEW", "DS.READBACK")
        assert declaration.approved_at is not None
        for each in declaration.paragraphs:
            services.confirm_paragraph(each)
        services.edit_paragraph(declaration.paragraphs[1], text="I stood at the store.", basis="KB.SAW")
        assert declaration.approved_at is None
        assert [p.confirmed_at is not None for p in declaration.paragraphs] == [True, False, True]


def test_a_yes_counts_only_at_the_read_back_and_for_the_words_that_were_read(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"), pytest.raises(NotNow):
        services.confirm_paragraph(paragraph(declaration_id, 2))
    with acting("attorney"):
        walk(declaration_id, "DS.REVIEW", "DS.READBACK")
    with acting("intake"), pytest.raises(StaleVersion):
        services.confirm_paragraph(paragraph(declaration_id, 2), version=1)


def test_a_question_is_put_and_settled(acting: Acting) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        note = services.comment(load(declaration_id), "Which arm?", paragraph(declaration_id, 3).id)
        services.resolve(note)
        assert note.resolved_at is not None


@pytest.mark.parametrize(
    "who", ["second_intake", "stranger", "other_attorney", "cocounsel", "analyst", "auditor", "admin"]
)
def test_who_is_not_given_the_record_finds_no_declaration(acting: Acting, who: str) -> None:
    declaration_id = a_declaration(acting)
    with acting(who):
        assert db.session.get(Declaration, declaration_id) is None


@pytest.mark.parametrize("who", ["intake", "paralegal", "attorney"])
def test_own_workers_paralegals_and_attorneys_draft(acting: Acting, who: str) -> None:
    declaration_id = a_declaration(acting)
    with acting(who):
        services.edit_paragraph(paragraph(declaration_id, 2), text=f"By {who}.", basis="KB.SAW")
    with acting("attorney"):
        assert paragraph(declaration_id, 2).text == f"By {who}."


@pytest.mark.parametrize("who", ["cocounsel", "other_attorney"])
def test_what_is_shared_is_read_and_never_changed(acting: Acting, share: object, who: str) -> None:
    declaration_id = a_declaration(acting)
    share(declaration_id)  # type: ignore[operator]
    with acting(who):
        assert paragraph(declaration_id, 2).text == "I was at the store."
        assert load(declaration_id).state == "DS.DRAFT"
    for act in (
        lambda: services.edit_paragraph(paragraph(declaration_id, 2), text="No.", basis=""),
        lambda: services.comment(load(declaration_id), "May I?"),
        lambda: services.describe(load(declaration_id), oath_form="OA.ABROAD"),
        lambda: walk(declaration_id, "DS.REVIEW"),
    ):
        with acting(who), pytest.raises(NotAllowed):
            act()


def test_an_absent_declaration_is_no_declaration(acting: Acting) -> None:
    from sqlalchemy.exc import NoResultFound  # noqa: PLC0415

    with acting("attorney"), pytest.raises((NoResultFound, NotThere)):
        load(uuid.uuid4())
    with acting("intake"):
        assert an_incident().id is not None
