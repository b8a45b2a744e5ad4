"""Words that may tell of status are pointed at in six languages, and masking takes them out of everything but the vault."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import sqlalchemy as sa

from intake import db
from intake.access.actor import Actor
from intake.declarations.services import start_declaration
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.incidents.claims import write_note
from intake.incidents.masking import mask
from intake.incidents.models import Account, Incident, Note
from intake.people import protected
from intake.people.sensitive import scan, stamp
from intake.settings import Settings, project_file
from tests.browser import Browser
from tests.factories import an_account
from tests.people.test_dump import dump, hidden_forms

Acting = Callable[[str], AbstractContextManager[Actor]]
TOLD = "They asked for papers. I said zorzalverde card: I have a green card number A 098-765-432. They laughed."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("He is undocumented and has a Green Card.", ["undocumented", "Green Card"]),
        ("Mi primo nació en Oaxaca; es CIUDADANO, sin papeles no.", ["nació en", "CIUDADANO", "sin papeles"]),
        ("그는 불법체류자이고 영주권이 없다", ["불법체류", "영주권"]),
        ("他没有身份，也没有綠卡", ["没有身份", "綠卡"]),
        ("Նա առանց փաստաթղթերի է, քաղաքացի չէ", ["առանց փաստաթղթերի", "քաղաքացի"]),
        ("Walang papeles, TNT siya.", ["Walang papeles", "TNT"]),
        ("A 098-765-432, A123456789, A# 98765432", ["A 098-765-432", "A123456789", "A# 98765432"]),
        ("A número 098765432 y IOE0912345678", ["A número 098765432", "IOE0912345678"]),
    ],
    ids=["en", "es", "ko", "zh", "hy", "tl", "numbers", "more-numbers"],
)
def test_words_and_numbers_are_found_as_they_stand(text: str, found: list[str]) -> None:
    assert [text[span.start : span.end] for span in scan(text)] == found


@pytest.mark.parametrize(
    "text",
    [
        "A number of agents came at 6 a 12 de junio.",
        "The televisa truck was in Avisadero.",
        "I saw 123-456-789 on the car.",
        "[masked 12] and [masked 345678901]",
        "",
    ],
    ids=["number-of", "inside-words", "no-letter", "masked", "empty"],
)
def test_other_words_are_left_alone(text: str) -> None:
    assert scan(text) == []


def test_the_lists_name_their_source_day_and_languages() -> None:
    lists = tomllib.loads(project_file("config/sensitive_words.toml").read_text())
    assert lists["source"]
    assert lists["checked_on"]
    assert set(lists["words"]) == {"en", "es", "ko", "zh", "hy", "tl"}


def _told(acting: Acting, text: str = TOLD) -> Account:
    with acting("intake"):
        account = an_account(narrative=text)
        db.session.expunge(account)
        return account


def _mask_all(acting: Acting, account_id: object, who: str = "intake") -> str:
    with acting(who):
        account = db.session.get_one(Account, account_id)
        while found := scan(account.narrative):
            mask(account, found[0].start, found[0].end, account.version)
        return str(account.narrative)


def test_masked_words_are_in_no_table_log_page_search_or_paper(
    acting: Acting, settings: Settings, as_intake: Browser, as_attorney: Browser
) -> None:
    account = _told(acting)
    masked = _mask_all(acting, account.id)
    assert "green card" not in masked
    assert "098-765-432" not in masked
    assert masked.count("[masked ") == 2
    assert masked.startswith("They asked for papers. I said zorzalverde card: I have a [masked ")
    content = dump(settings)
    assert b"zorzalverde" in content
    for form in hidden_forms("098-765-432"):
        assert form not in content
    page = as_attorney.get(f"/incidents/{account.incident_id}").get_data(as_text=True)
    assert "[masked " in page
    assert "098-765" not in page
    with acting("intake"):
        declaration = start_declaration(db.session.get_one(Account, account.id))
        assert "098-765" not in "".join(p.text + p.original for p in declaration.paragraphs)


def test_masked_words_are_read_again_by_two_attorneys_only(acting: Acting) -> None:
    account = _told(acting, "My visa ended.")
    marker = _mask_all(acting, account.id)
    with acting("intake"):
        assert protected.entries_of(account.person_id) == []
    with acting("attorney"):
        (entry,) = protected.entries_of(account.person_id)
        assert f"[masked {entry.marker}]" in marker
        opening_id = protected.ask(entry.id, "advise_client")
    with acting("second_attorney"):
        protected.answer(opening_id, approve=True)
    with acting("attorney"):
        _entry, opened = protected.open_once(opening_id)
    assert opened == {"value": "visa", "position": "3"}


def test_a_text_that_changed_meanwhile_is_not_masked_in_the_wrong_place(acting: Acting) -> None:
    account = _told(acting, "My visa ended.")
    with acting("intake"), pytest.raises(StaleVersion):
        mask(db.session.get_one(Account, account.id), 3, 7, 99)
    for start, end in ((3, 3), (-1, 4), (3, 99), (2, 3)):
        with acting("intake"), pytest.raises(Invalid):
            mask(db.session.get_one(Account, account.id), start, end, 1)


def test_who_may_not_change_the_words_may_not_mask_them(acting: Acting) -> None:
    account = _told(acting, "My visa ended.")
    with acting("paralegal"), pytest.raises(NotAllowed):
        mask(db.session.get_one(Account, account.id), 3, 7, 1)
    assert _mask_all(acting, account.id, "attorney").startswith("My [masked ")


def test_a_note_is_masked_too_and_by_a_paralegal(acting: Acting, owner: sa.Connection) -> None:
    account = _told(acting, "Nothing.")
    with acting("paralegal"):
        note = write_note(db.session.get_one(Incident, account.incident_id), "Her consulate called: jilguerazo.", "en")
        found = scan(note.text)
        mask(note, found[0].start, found[0].end, note.version)
        note_id = note.id
    with acting("paralegal"):
        assert db.session.get_one(Note, note_id).text.startswith("Her [masked ")
    payloads = owner.execute(sa.text("select payload from audit.event where subject = 'note'")).scalars()
    assert "consulate" not in str(list(payloads))


def test_the_log_says_that_words_were_masked_and_not_which(acting: Acting, owner: sa.Connection) -> None:
    account = _told(acting, "My visa ended: mirlonegro.")
    _mask_all(acting, account.id)
    logged = sa.text("select kind, payload from audit.event where record_id = :id order by id")
    events = owner.execute(logged, {"id": str(account.id)}).all()
    assert [event.kind for event in events] == ["insert", "update", "mask"]
    assert not any("visa" in event.payload or "mirlonegro" in event.payload for event in events)


def test_saving_the_story_asks_once_and_then_goes_on(as_intake: Browser, acting: Acting) -> None:
    account = _told(acting, "")
    url = f"/incidents/{account.incident_id}/intake/story"
    form = {"narrative": "My visa ended.", "narrative_language": "en", "go": "on"}
    answer = as_intake.post(url, form, once=None)
    assert answer.headers["Location"].endswith("/intake/story#sensitive")
    page = as_intake.get(url).get_data(as_text=True)
    assert "Mask this" in page
    assert "<mark>visa</mark>" in page
    looked = {**form, "looked": stamp("My visa ended.", scan("My visa ended."))}
    assert as_intake.post(url, looked, once=None).headers["Location"].endswith("/intake/when-where")


def test_mask_this_on_the_page(as_intake: Browser, acting: Acting) -> None:
    account = _told(acting, "My visa ended.")
    url = f"/accounts/{account.id}/mask"
    answer = as_intake.post(url, {"span": "3-7", "version": "1", "back": "story"}, once=None)
    assert (answer.status_code, "visa" in answer.headers["Location"]) == (303, False)
    assert "visa" not in as_intake.get(f"/incidents/{account.incident_id}").get_data(as_text=True)
    for span in ("", "x", "3-", "7-3", "3-99999"):
        assert as_intake.post(url, {"span": span, "version": "2"}, once=None).status_code == 422
