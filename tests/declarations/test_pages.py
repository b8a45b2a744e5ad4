"""The pages of declarations, as a browser without scripts sees them."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from intake import db
from intake.declarations import services
from intake.declarations.versions import hash_of
from intake.media.models import Derivative
from tests.browser import Browser
from tests.declarations.conftest import Acting, a_declaration, an_item, load, lock, paragraph, walk
from tests.factories import an_account

BrowserOf = Callable[[str], Browser]


def _page(browser: Browser, url: str, status: int = 200) -> str:
    answer = browser.get(url)
    assert answer.status_code == status, answer.get_data(as_text=True)[:800]
    return str(answer.get_data(as_text=True))


def _count(owner: sa.Connection, table: str, declaration_id: uuid.UUID) -> int:
    query = sa.text(f"select count(*) from {table} where declaration_id = :id")
    return int(owner.execute(query, {"id": declaration_id}).scalar_one())


def test_a_declaration_begins_from_an_account_and_twice_the_same_form_begins_one(
    acting: Acting, as_intake: Browser, owner: sa.Connection
) -> None:
    with acting("intake"):
        account_id = an_account().id
    url, key = f"/declarations/new?account={account_id}", str(uuid.uuid4())
    assert "They stopped me." in _page(as_intake, url)
    answers = [as_intake.post(url, {"in_support_of": "the motion"}, once=key) for _ in range(2)]
    assert [a.status_code for a in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    made = owner.execute(
        sa.text("select count(*) from declaration where account_id = :id"), {"id": account_id}
    ).scalar_one()
    assert made == 1


def test_an_account_without_words_says_so_beside_the_form(acting: Acting, as_intake: Browser) -> None:
    with acting("intake"):
        account_id = an_account(narrative="").id
    as_intake.get("/declarations")
    answer = as_intake.post(f"/declarations/new?account={account_id}")
    assert answer.status_code == 422
    assert "no words yet" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "query", ["", "?account=", "?account=nonsense", "?account=7a74ed08-edf5-4d9c-a7bc-083de81fdb53"]
)
def test_no_account_no_form(as_intake: Browser, query: str) -> None:
    _page(as_intake, f"/declarations/new{query}", 404)


def test_the_review_page_shows_paragraphs_basis_oath_and_the_next_step(acting: Acting, as_attorney: Browser) -> None:
    declaration_id = a_declaration(acting)
    page = _page(as_attorney, f"/declarations/{declaration_id}")
    for words in (
        "I was at the store.",
        "Send to attorney review",
        "under penalty of perjury under the laws",
        "Central District of California",
    ):
        assert words in page
    assert page.count('<li id="p') == 3


def test_what_is_in_the_way_is_said_with_its_paragraph(acting: Acting, as_attorney: Browser) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        services.edit_paragraph(paragraph(declaration_id, 2), text="I was at the store.", basis="")
    page = _page(as_attorney, f"/declarations/{declaration_id}")
    assert "has no basis of knowledge" in page
    assert 'href="#p2"' in page
    as_attorney.post(f"/declarations/{declaration_id}/move", {"to": "DS.REVIEW"}, once=None)
    with acting("attorney"):
        assert load(declaration_id).state == "DS.DRAFT"


def test_the_second_editor_sees_both_texts_and_may_then_keep_theirs(acting: Acting, browser_of: BrowserOf) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        mine = paragraph(declaration_id, 2)
        url, fields = (
            f"/declarations/paragraphs/{mine.id}",
            {"basis": "KB.SAW", "heading": "", "version": str(mine.version)},
        )
    first, second = browser_of("paralegal"), browser_of("intake")
    for browser in (first, second):
        _page(browser, f"/declarations/{declaration_id}")
    assert first.post(url, {**fields, "text": "The first text."}, once=None).status_code == 303
    answer = second.post(url, {**fields, "text": "The second text."}, once=None)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "The first text." in page
    assert "The second text." in page
    again = re.search(rf'action="{url}".*?name="version" value="(\d+)"', page, re.DOTALL)
    assert again
    assert second.post(url, {**fields, "text": "The second text.", "version": again[1]}, once=None).status_code == 303
    with acting("intake"):
        assert paragraph(declaration_id, 2).text == "The second text."


def test_autosave_answers_in_json_with_the_next_version(acting: Acting, as_intake: Browser) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        mine = paragraph(declaration_id, 2)
        url, version = f"/declarations/paragraphs/{mine.id}", mine.version
    _page(as_intake, f"/declarations/{declaration_id}")
    fields = {"text": "Saved by itself.", "basis": "KB.SAW", "heading": "", "version": str(version)}
    saved = as_intake.post(url, fields, once=None, headers={"X-Autosave": "1"})
    assert saved.json["version"] == version + 1  # type: ignore[index]
    stale = as_intake.post(url, {**fields, "text": "Late."}, once=None, headers={"X-Autosave": "1"})
    assert (stale.status_code, stale.json["theirs"]["text"]) == (409, "Saved by itself.")  # type: ignore[index]
    wrong = as_intake.post(url, {**fields, "basis": "KB.NONSENSE"}, once=None, headers={"X-Autosave": "1"})
    assert wrong.status_code == 422


def test_a_paragraph_is_added_once_however_often_the_button_is_pressed(
    acting: Acting, as_intake: Browser, owner: sa.Connection
) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        url = f"/declarations/paragraphs/{paragraph(declaration_id, 2).id}/shape"
    page = _page(as_intake, f"/declarations/{declaration_id}")
    key = re.search(rf'action="{url}".*?name="once_key" value="([^"]+)"', page, re.DOTALL)
    assert key
    for _ in range(2):
        assert as_intake.post(url, {"act": "add"}, once=key[1]).status_code == 303
    assert _count(owner, "paragraph", declaration_id) == 4
    assert as_intake.post(url, {"act": "fly"}).status_code == 422


def test_taking_out_every_paragraph_leaves_a_way_back(acting: Acting, as_intake: Browser, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        for each in list(load(declaration_id).paragraphs):
            services.remove_paragraph(each)
    assert "Add a paragraph" in _page(as_intake, f"/declarations/{declaration_id}")
    _page(as_intake, f"/declarations/{declaration_id}/read-back", 404)
    assert as_intake.post(f"/declarations/{declaration_id}/paragraphs").status_code == 303
    assert _count(owner, "paragraph", declaration_id) == 1


def test_a_chip_opens_its_source_covered_beside_the_text_at_the_second(acting: Acting, as_intake: Browser) -> None:
    declaration_id = a_declaration(acting)
    with acting("intake"):
        item = an_item(load(declaration_id))
        item.version_id, item.sealed_at = "v1", dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
        item.state, item.check_ok = "sealed", True
        item.scan, item.content_type = "clean", "video/mp4"
        proxy = {"kind": "proxy", "parent_sha256": item.sha256, "tool": "ffmpeg", "object_key": "d/1"}
        place = {name: getattr(item, name) for name in ("incident_id", "compartment_id", "opened_by_id")}
        db.session.add(Derivative(item_id=item.id, **place, **proxy))
        db.session.flush()
        item_id, paragraph_id = item.id, paragraph(declaration_id, 2).id
    page = _page(as_intake, f"/declarations/{declaration_id}")
    assert 'id="beside"' not in page
    as_intake.post(
        f"/declarations/paragraphs/{paragraph_id}/sources", {"item": str(item_id), "locator": "0:08-0:31"}, once=None
    )
    page = _page(as_intake, f"/declarations/{declaration_id}")
    chip = re.search(r'href="([^"]+source=[^"]+)"', page)
    assert chip
    beside = _page(as_intake, chip[1].replace("&amp;", "&"))
    assert f"/evidence/{item_id}/media#t=8,31" in beside
    assert re.search(r'id="v1" checked', beside)
    with acting("intake"):
        source_id = paragraph(declaration_id, 2).sources[0].id
    assert as_intake.post(f"/declarations/sources/{source_id}/untie", once=None).status_code == 303


def test_a_step_on_a_text_that_changed_since_is_not_taken(acting: Acting, as_attorney: Browser) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        seen = hash_of(walk(declaration_id, "DS.REVIEW"))
        services.edit_paragraph(paragraph(declaration_id, 2), text="Other words.", basis="KB.SAW")
    _page(as_attorney, f"/declarations/{declaration_id}")
    as_attorney.post(f"/declarations/{declaration_id}/move", {"to": "DS.READBACK", "seen": seen}, once=None)
    assert "changed after you opened it" in _page(as_attorney, f"/declarations/{declaration_id}")
    with acting("attorney"):
        assert load(declaration_id).state == "DS.REVIEW"


def test_the_read_back_keeps_each_yes_and_goes_on(acting: Acting, as_intake: Browser) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        walk(declaration_id, "DS.REVIEW", "DS.READBACK")
    for number in (1, 2, 3):
        page = _page(as_intake, f"/declarations/{declaration_id}/read-back?n={number}")
        form = re.search(
            r'action="(/declarations/paragraphs/[^"]+/confirm)".*?name="version" value="(\d+)"', page, re.DOTALL
        )
        assert form
        answer = as_intake.post(form[1], {"version": form[2]}, once=None)
        assert answer.status_code == 303
        assert ("read-back" in answer.location) == (number < 3)
    with acting("attorney"):
        assert all(p.confirmed_at for p in load(declaration_id).paragraphs)
        assert walk(declaration_id, "DS.LOCKED", anyway=False).state == "DS.LOCKED"


def test_a_read_back_in_spanish_reads_the_opening_in_spanish(acting: Acting, as_intake: Browser) -> None:
    declaration_id = a_declaration(acting, narrative="Me agarró del brazo.", narrative_language="es")
    assert "con base en mi propio conocimiento" in _page(as_intake, f"/declarations/{declaration_id}/read-back")
    assert "Me agarró del brazo." in _page(as_intake, f"/declarations/{declaration_id}/read-back?n=3")


@pytest.mark.parametrize(("n", "nearest"), [("0", "1"), ("-4", "1"), ("999", "3"), ("x", "1")])
def test_a_read_back_of_no_paragraph_shows_the_nearest(
    acting: Acting, as_intake: Browser, n: str, nearest: str
) -> None:
    page = _page(as_intake, f"/declarations/{a_declaration(acting)}/read-back?n={n}")
    assert f"Paragraph {nearest} of 3" in page


def test_a_locked_page_offers_no_editing_and_shows_its_hash(acting: Acting, as_attorney: Browser) -> None:
    declaration_id = a_declaration(acting)
    text_hash = lock(acting, declaration_id)
    page = _page(as_attorney, f"/declarations/{declaration_id}")
    assert text_hash[:16] in page
    assert "<textarea" not in page
    with acting("attorney"):
        url = f"/declarations/paragraphs/{paragraph(declaration_id, 2).id}"
    assert as_attorney.post(url, {"text": "No.", "basis": "", "heading": ""}, once=None).status_code == 409


def test_details_and_certificate_are_kept_and_a_stale_form_changes_nothing(
    acting: Acting, as_attorney: Browser
) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        version = str(load(declaration_id).version)
    _page(as_attorney, f"/declarations/{declaration_id}")
    details = {
        "in_support_of": "the motion",
        "name_style": "initials",
        "oath_form": "OA.UNIVERSAL",
        "due_on": "2026-12-01",
    }
    for extra in ({}, {"in_support_of": "another"}):
        answer = as_attorney.post(
            f"/declarations/{declaration_id}/details", {**details, **extra, "version": version}, once=None
        )
        assert answer.status_code == 303
    as_attorney.post(
        f"/declarations/{declaration_id}/certificate",
        {"interpreter": "Eva Modelo", "interpreter_kind": "IM.STAFF"},
        once=None,
    )
    with acting("attorney"):
        declaration = load(declaration_id)
        assert (declaration.in_support_of, declaration.name_style, str(declaration.due_on)) == (
            "the motion",
            "initials",
            "2026-12-01",
        )
        assert declaration.certificate["interpreter"] == "Eva Modelo"
    assert "Eva Modelo" in _page(as_attorney, f"/declarations/{declaration_id}")


def test_a_question_is_asked_once_and_settled(acting: Acting, as_attorney: Browser, owner: sa.Connection) -> None:
    declaration_id = a_declaration(acting)
    _page(as_attorney, f"/declarations/{declaration_id}")
    key = str(uuid.uuid4())
    for _ in range(2):
        as_attorney.post(f"/declarations/{declaration_id}/comments", {"text": "Which arm?"}, once=key)
    assert _count(owner, "review_comment", declaration_id) == 1
    page = _page(as_attorney, f"/declarations/{declaration_id}")
    settle = re.search(r'action="(/declarations/comments/[^"]+/resolve)"', page)
    assert settle
    as_attorney.post(settle[1], once=None)
    assert "<s>Which arm?</s>" in _page(as_attorney, f"/declarations/{declaration_id}")


def test_the_list_is_filtered_by_state_owner_and_due_date(
    acting: Acting, as_intake: Browser, as_attorney: Browser
) -> None:
    drafts, reviewed = a_declaration(acting), a_declaration(acting)
    dues = [a_declaration_due(acting, day) for day in ("2026-12-30", "2026-12-02")]
    with acting("attorney"):
        walk(reviewed, "DS.REVIEW")
        due_last, due_first = (load(each).label for each in dues)
        draft_label, review_label = load(drafts).label, load(reviewed).label
    page = _page(as_attorney, "/declarations?state=DS.REVIEW")
    assert review_label in page
    assert draft_label not in page
    assert draft_label in _page(as_intake, "/declarations?mine=1")
    assert draft_label not in _page(as_attorney, "/declarations?mine=1")
    page = _page(as_attorney, "/declarations?order=due")
    assert page.index(due_first) < page.index(due_last)
    assert draft_label not in page
    for odd in (
        "?state=nonsense",
        "?before=x",
        "?start=-5&order=due",
        "?before=99999999999999999999",
        "?start=99999999999999999999&order=due",
    ):
        _page(as_attorney, f"/declarations{odd}")


def a_declaration_due(acting: Acting, day: str) -> uuid.UUID:
    """Return a declaration with a due date."""
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        services.describe(load(declaration_id), due_on=dt.date.fromisoformat(day))
    return declaration_id


PAGES = ("", "/read-back", "/pdf", "/word")


@pytest.mark.parametrize("path", PAGES)
def test_a_stranger_and_an_absent_declaration_get_the_same_answer(
    acting: Acting, browser_of: BrowserOf, path: str
) -> None:
    declaration_id = a_declaration(acting)
    browser = browser_of("other_attorney")
    theirs, none = (
        browser.get(f"/declarations/{declaration_id}{path}"),
        browser.get(f"/declarations/{uuid.uuid4()}{path}"),
    )
    assert theirs.status_code == none.status_code == 404
    nonce = re.compile(r'nonce="[^"]*"|content="[^"]*"|value="[^"]*"')
    assert nonce.sub("", theirs.get_data(as_text=True)) == nonce.sub("", none.get_data(as_text=True))


@pytest.mark.parametrize(
    ("who", "status"),
    [("intake", 200), ("paralegal", 200), ("attorney", 200), ("second_intake", 404), ("cocounsel", 404), ("stranger", 404),
     ("other_attorney", 404), ("analyst", 403), ("auditor", 403), ("admin", 403)],
)  # fmt: skip
def test_who_reads_a_declaration(acting: Acting, browser_of: BrowserOf, who: str, status: int) -> None:
    _page(browser_of(who), f"/declarations/{a_declaration(acting)}", status)


def test_co_counsel_reads_what_is_shared_without_buttons_or_questions(
    acting: Acting, share: Callable[[uuid.UUID], None], browser_of: BrowserOf
) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        services.comment(load(declaration_id), "Our own doubt.")
    share(declaration_id)
    page = _page(browser_of("cocounsel"), f"/declarations/{declaration_id}")
    assert "I was at the store." in page
    for hidden in ("Our own doubt.", "<textarea", "/pdf", "/move", "/read-back"):
        assert hidden not in page


@pytest.mark.parametrize("who", ["cocounsel", "analyst", "auditor", "admin"])
def test_roles_without_drafting_post_nothing(acting: Acting, browser_of: BrowserOf, who: str) -> None:
    declaration_id = a_declaration(acting)
    browser = browser_of(who)
    for path in ("move", "details", "certificate", "comments", "paragraphs"):
        assert browser.post(f"/declarations/{declaration_id}/{path}", {"to": "DS.REVIEW"}).status_code == 403


@pytest.mark.parametrize(
    ("states", "main", "others"),
    [
        ((), "Send to attorney review", ()),
        (("DS.REVIEW",), "Approve for read-back", ("Ask for changes", "Mark as translated")),
        (("DS.REVIEW", "DS.READBACK"), "Lock the text all the same", ("Back to draft",)),
        (("DS.REVIEW", "DS.READBACK", "DS.LOCKED"), None, ("Unlock, back to draft",)),
    ],
)
def test_one_action_leads_forward(
    acting: Acting, as_attorney: Browser, states: tuple[str, ...], main: str | None, others: tuple[str, ...]
) -> None:
    declaration_id = a_declaration(acting)
    with acting("attorney"):
        walk(declaration_id, *states)
    page = _page(as_attorney, f"/declarations/{declaration_id}")
    assert [" ".join(words.split()) for words in re.findall(r'data-key="a"[^>]*>([^<]+)<', page)] == (
        [main] if main else []
    )
    for words in others:
        assert words in page
