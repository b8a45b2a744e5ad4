"""What each step of an intake keeps, and what it does when two save, when something is wrong, when the person says no."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake.access.actor import Actor
from intake.incidents import services
from tests.browser import Browser

Acting = Callable[[str], AbstractContextManager[Actor]]


@pytest.fixture
def record(as_intake: Browser) -> str:
    """The address of a new intake in Spanish."""
    as_intake.get("/intakes/new")
    answer = as_intake.post("/intakes/new", {"mode": "field", "language": "es", "interpreter": "no"})
    return re.sub(r"/intake/.*", "", answer.location)


def _version(page: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert found
    return found.group(1)


def _page(browser: Browser, url: str) -> str:
    return browser.get(url).get_data(as_text=True)


def _account(owner: sa.Connection, record: str) -> sa.Row[tuple[object, ...]]:
    return owner.execute(
        sa.text("select * from account where incident_id = :id"), {"id": record.rsplit("/", 1)[1]}
    ).one()


def test_nothing_is_chosen_for_the_person_and_not_asked_is_not_no(
    record: str, as_intake: Browser, owner: sa.Connection
) -> None:
    page = _page(as_intake, f"{record}/intake/consent")
    assert not re.search(r'name="cn_[a-z_]+" value="(yes|no)" checked', page)
    as_intake.post(f"{record}/intake/consent", {"cn_intake": "yes", "cn_press": "no"}, once=None)
    rows = owner.execute(
        sa.text("select scope, answer from consent where incident_id = :id"), {"id": record.rsplit("/", 1)[1]}
    ).all()
    assert {tuple(row) for row in rows} == {("CN.INTAKE", "yes"), ("CN.PRESS", "no")}


def test_consent_is_read_aloud_in_the_language_of_the_interview_with_english_under_it(
    record: str, as_intake: Browser
) -> None:
    page = _page(as_intake, f"{record}/intake/consent")
    assert '<span lang="es" class="words-of">¿' in page
    assert 'lang="en">May we' in page
    assert "{organizations}" not in page


def test_the_same_answer_sent_again_adds_no_second_consent(
    record: str, as_intake: Browser, owner: sa.Connection
) -> None:
    as_intake.get(f"{record}/intake/consent")
    for _again in range(2):
        as_intake.post(f"{record}/intake/consent", {"cn_intake": "yes"}, once=None)
    count = sa.text("select count(*) from consent where incident_id = :id")
    assert owner.execute(count, {"id": record.rsplit("/", 1)[1]}).scalar_one() == 1


def test_after_a_no_to_keeping_the_report_nothing_more_is_written(
    record: str, as_intake: Browser, owner: sa.Connection
) -> None:
    as_intake.get(f"{record}/intake/consent")
    as_intake.post(f"{record}/intake/consent", {"cn_intake": "no"}, once=None)
    answer = as_intake.post(f"{record}/intake/story", {"narrative": "should not be kept"}, once=None)
    assert answer.status_code == 422
    assert "should not be kept" in answer.get_data(as_text=True)
    assert _account(owner, record).narrative == ""
    as_intake.post(f"{record}/intake/consent", {"cn_intake": "yes"}, once=None)
    assert as_intake.post(f"{record}/intake/story", {"narrative": "now kept"}, once=None).status_code == 303


def test_each_factor_keeps_how_it_is_known_and_its_own_words(
    record: str, as_intake: Browser, owner: sa.Connection
) -> None:
    url = f"{record}/intake/who"
    as_intake.get(url)
    as_intake.post(
        url,
        {
            "tro_factor": ["TF.LANG", "TF.WORK"],
            "tf_lang_how": "stated",
            "tf_lang_words": "«speak English»",
            "tf_work_how": "inferred",
            "tf_work_words": "only the gardeners",
        },
        once=None,
    )
    rows = owner.execute(
        sa.text("select code, confidence, quote from observation where incident_id = :id order by code"),
        {"id": record.rsplit("/", 1)[1]},
    ).all()
    assert [tuple(row) for row in rows] == [
        ("TF.LANG", "stated", "«speak English»"),
        ("TF.WORK", "inferred", "only the gardeners"),
    ]
    assert "only the gardeners" in _page(as_intake, f"{record}/intake/check")


def test_words_for_a_factor_that_is_not_ticked_are_not_dropped_in_silence(
    record: str, as_intake: Browser, owner: sa.Connection
) -> None:
    url = f"{record}/intake/who"
    as_intake.get(url)
    answer = as_intake.post(url, {"agents_low": "3", "tf_lang_words": "kept on the page"}, once=None)
    assert answer.status_code == 422
    assert "kept on the page" in answer.get_data(as_text=True)
    assert _account(owner, record).agents_low is None


@pytest.mark.parametrize("state", ["not_asked", "unknown", "declined"])
def test_no_answer_has_three_reasons_and_each_comes_back(
    record: str, as_intake: Browser, owner: sa.Connection, state: str
) -> None:
    as_intake.get(f"{record}/intake/who")
    as_intake.post(
        f"{record}/intake/who", {"force_state": state, "first_words_state": state, "agents_state": state}, once=None
    )
    as_intake.post(f"{record}/intake/injuries", {"outcome_state": state, "losses_state": state}, once=None)
    kept = _account(owner, record).answers
    assert {kept[name]["state"] for name in ("force", "first_words", "agents", "outcome", "losses")} == {state}
    assert f'<option value="{state}" selected>' in _page(as_intake, f"{record}/intake/injuries")


def test_a_person_who_says_the_word_declined_is_quoted_not_filed_under_declined(
    record: str, as_intake: Browser, owner: sa.Connection
) -> None:
    as_intake.get(f"{record}/intake/injuries")
    as_intake.post(f"{record}/intake/injuries", {"harm": "declined"}, once=None)
    assert _account(owner, record).answers["harm"] == {"state": "answered", "value": "declined"}


def test_impossible_numbers_store_nothing_of_the_step(record: str, as_intake: Browser, owner: sa.Connection) -> None:
    url = f"{record}/intake/who"
    as_intake.get(url)
    answer = as_intake.post(
        url,
        {"agents_low": "9", "agents_high": "2", "text_on_clothing": "POLICE"},
        once=None,
        headers={"X-Autosave": "1"},
    )
    assert answer.status_code == 422
    kept = _account(owner, record)
    assert (kept.agents_low, kept.answers) == (None, {})


def test_two_people_may_fill_two_steps_at_the_same_time(record: str, as_intake: Browser, as_attorney: Browser) -> None:
    mine = _version(_page(as_intake, f"{record}/intake/story"))
    theirs = _version(_page(as_attorney, f"{record}/intake/injuries"))
    assert (
        as_attorney.post(f"{record}/intake/injuries", {"harm": "a bruise", "version": theirs}, once=None).status_code
        == 303
    )
    assert (
        as_intake.post(f"{record}/intake/story", {"narrative": "words", "version": mine}, once=None).status_code == 303
    )


def test_saving_the_same_words_after_an_autosave_is_no_conflict(record: str, as_intake: Browser) -> None:
    url = f"{record}/intake/story"
    before = _version(_page(as_intake, url))
    same = {"narrative": "line one\r\nline two", "version": before}
    assert as_intake.post(url, same, once=None, headers={"X-Autosave": "1"}).status_code == 200
    assert as_intake.post(url, same, once=None).status_code == 303


def test_an_autosave_that_comes_too_late_gets_the_others_ticks_in_words(
    record: str, as_intake: Browser, as_attorney: Browser
) -> None:
    url = f"{record}/intake/who"
    mine = _version(_page(as_intake, url))
    as_attorney.get(url)
    as_attorney.post(url, {"force": ["UF.GRAB"]}, once=None)
    answer = as_intake.post(url, {"force": ["UF.PUSH"], "version": mine}, once=None, headers={"X-Autosave": "1"})
    assert answer.status_code == 409
    assert answer.get_json()["theirs"]["force"]
    assert "UF." not in answer.get_json()["theirs"]["force"]


def test_names_go_to_the_vault_and_can_be_removed_again(
    record: str, as_intake: Browser, as_attorney: Browser, owner: sa.Connection
) -> None:
    url = f"{record}/intake/person"
    as_intake.get(url)
    as_intake.post(
        url,
        {"legal_name": "Nombre Uno", "phone": "213 555 0100", "age_band": "25_44", "city_state": "declined"},
        once=None,
    )
    page = _page(as_intake, url)
    assert "Nombre Uno" not in page
    assert page.count("Kept sealed") == 3  # two fields and the hint
    as_intake.post(url, {"remove": ["phone"], "age_band": "25_44"}, once=None)
    person = _account(owner, record).person_id
    as_attorney.get(f"/people/{person}/name")
    opened = as_attorney.post(f"/people/{person}/name", {"reason": "call back"}, once=None).get_data(as_text=True)
    assert "Nombre Uno" in opened
    assert "555 0100" not in opened


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "exact", "day": "12", "month": "6", "year": "2025"}, "June 12, 2025"),
        ({"kind": "about", "day": "12", "month": "6", "year": "2025"}, "about June 12, 2025"),
        ({"kind": "month", "month": "6", "year": "2025"}, "June 2025"),
        ({"kind": "year", "year": "2025"}, "2025"),
        (
            {
                "kind": "range",
                "day": "12",
                "month": "6",
                "year": "2025",
                "to_day": "14",
                "to_month": "6",
                "to_year": "2025",
            },
            "14",
        ),
        ({"kind": "unknown", "when_words": "el día de la paga"}, "el día de la paga"),
    ],
)
def test_a_date_of_every_kind_is_repeated_back_without_a_script(
    record: str, as_intake: Browser, fields: dict[str, str], sentence: str
) -> None:
    url = f"{record}/intake/when-where"
    as_intake.get(url)
    assert as_intake.post(url, fields, once=None).status_code == 303
    page = _page(as_intake, url)
    assert sentence in page
    assert f'value="{fields["kind"]}" checked' in page


def test_a_typed_place_is_suggested_by_post_and_never_stands_in_an_address(record: str, as_intake: Browser) -> None:
    as_intake.get(f"{record}/intake/when-where")
    answer = as_intake.send("/places", {"typed": "macarthur"})
    assert any("MacArthur" in each["name"] for each in answer.get_json())
    assert as_intake.get("/places?typed=westlake").status_code == 405
    for strange in ({"typed": 7}, {"typed": "x" * 201}, ["typed"], {"typed": "a\x00b"}):
        assert as_intake.send("/places", strange).status_code == 422


def test_an_account_that_is_not_of_this_incident_is_not_there(record: str, as_intake: Browser, acting: Acting) -> None:
    with acting("intake"):
        other = services.open_intake("clinic", "en").id
    assert as_intake.get(f"{record}/intake/story?account={other}").status_code == 404
    assert as_intake.post(f"{record}/intake/story?account={other}", {"narrative": "x"}, once=None).status_code == 404
    assert as_intake.get(f"{record}/intake/nowhere").status_code == 404


def test_stopping_leads_to_the_record_and_going_on_to_the_next_step(record: str, as_intake: Browser) -> None:
    as_intake.get(f"{record}/intake/story")
    assert as_intake.post(f"{record}/intake/story", {"narrative": "x", "go": "stop"}, once=None).location == record
    assert (
        as_intake.post(f"{record}/intake/story", {"narrative": "x", "go": "on"}, once=None).location
        == f"{record}/intake/when-where"
    )


def test_other_scripts_and_long_words_are_kept_as_typed(record: str, as_intake: Browser, owner: sa.Connection) -> None:
    said = "  한국어 · հայերեն · العربية · 中文\n\n\t«¿cuántos?»  e\u0301  " + "w" * 5000 + "\n"
    as_intake.get(f"{record}/intake/story")
    as_intake.post(
        f"{record}/intake/story", {"narrative": said.replace("\n", "\r\n"), "narrative_language": "ko"}, once=None
    )
    assert _account(owner, record).narrative == said
    assert '<textarea class="in words"' in _page(as_intake, f"{record}/intake/story")


def test_an_urgent_matter_shows_what_to_do_and_stands_on_the_record(record: str, as_intake: Browser) -> None:
    url = f"{record}/intake/consent"
    as_intake.get(url)
    assert as_intake.post(url, {"urgent": ["held", "child"], "criminal_case": "yes"}, once=None).status_code == 303
    assert "Do not ask for an A-number" in _page(as_intake, url)
    assert "Someone is held right now" in _page(as_intake, record)
    assert as_intake.post(url, {"urgent": ["invented"]}, once=None).status_code == 422


def test_when_it_is_not_safe_to_talk_the_emergency_card_is_open(record: str, as_intake: Browser) -> None:
    url = f"{record}/intake/consent"
    as_intake.get(url)
    as_intake.post(url, {"safe_now": "no"}, once=None)
    assert '<details class="tip emergency" open>' in _page(as_intake, url)
