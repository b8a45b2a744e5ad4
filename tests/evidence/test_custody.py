"""Custody: how a file came, every step of it, and the report that says both."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import docx
import pypdfium2
import pytest
import sqlalchemy as sa
from flask import Flask

from intake import db
from intake.errors import Invalid, NotAllowed, StaleVersion
from intake.evidence import origins
from intake.evidence.models import EvidenceItem
from intake.storage import Storage
from tests.browser import Browser
from tests.evidence.conftest import PHOTO, Acting
from tests.evidence.kept import sealed
from tests.world import World


def pdf_text(body: bytes) -> str:
    """Return a PDF's text, lines joined."""
    pages = pypdfium2.PdfDocument(body)
    return " ".join(" ".join(page.get_textpage().get_text_range().split()) for page in pages)


def word_text(body: bytes) -> str:
    """Return a Word file's text with its tables."""
    document = docx.Document(io.BytesIO(body))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


@pytest.fixture
def item(world: World, store: Storage) -> uuid.UUID:
    """A sealed photo of the intake worker."""
    return sealed(world.users["intake"], store, PHOTO)[0]


def kinds(owner: sa.Connection, item_id: uuid.UUID) -> list[str]:
    found = sa.text("select kind from custody_event where item_id = :id order by id")
    return list(owner.execute(found, {"id": item_id}).scalars())


def test_how_it_came_is_said_on_the_items_page_and_kept_in_its_ledger(
    as_intake: Browser, item: uuid.UUID, owner: sa.Connection
) -> None:
    page = as_intake.get(f"/evidence/{item}").get_data(as_text=True)
    assert "How it came to us" in page
    told = {"from_whom": "OF.WITNESS", "method": "OM.CHAT", "device_kind": "OD.PHONE", "held_by": "OH.OTHER"}
    saved = as_intake.post(f"/evidence/{item}/origin", told | {"device_model": "Samsung A14", "got_on": "2026-06-20"})
    assert saved.status_code == 303
    page = as_intake.get(f"/evidence/{item}/custody").get_data(as_text=True)
    for words in (
        "Another witness",
        "Through a messaging app",
        "Phone",
        "Somebody else has it",
        "Samsung A14",
        "2026-06-20",
    ):
        assert words in page
    assert kinds(owner, item)[-1] == "origin"
    detail = sa.text("select detail from custody_event where kind = 'origin' and item_id = :id")
    kept = owner.execute(detail, {"id": item}).scalar_one()
    assert kept.items() >= told.items()
    assert "Samsung" not in str(kept)


def test_of_two_who_say_how_it_came_the_second_is_shown_both(
    as_intake: Browser, as_attorney: Browser, item: uuid.UUID, acting: Acting
) -> None:
    assert as_intake.post(f"/evidence/{item}/origin", {"method": "OM.CABLE"}).status_code == 303
    answer = as_attorney.post(f"/evidence/{item}/origin", {"method": "OM.MAIL"})
    assert answer.status_code == 409
    assert "Somebody else saved this meanwhile" in answer.get_data(as_text=True)
    with acting("attorney"):
        kept = origins.origin_of(db.session.get_one(EvidenceItem, item))
        assert kept
        assert kept.method == "OM.CABLE"


def test_no_code_that_does_not_exist_no_private_number_and_no_day_to_come(item: uuid.UUID, acting: Acting) -> None:
    wrong = (
        {"method": "OM.NOTHING"},
        {"device_model": "A 123 456 789"},
        {"device_model": "x" * 61},
        {"got_on": dt.datetime.now(dt.UTC).date() + dt.timedelta(days=3)},
    )
    for told in wrong:
        with acting("intake"), pytest.raises(Invalid):
            origins.tell_origin(db.session.get_one(EvidenceItem, item), None, **told)


def test_who_may_only_read_cannot_say_how_it_came(
    item: uuid.UUID, acting: Acting, as_cocounsel: Browser, as_paralegal: Browser
) -> None:
    assert as_cocounsel.post(f"/evidence/{item}/origin", {"method": "OM.MAIL"}).status_code in {403, 404}
    assert as_cocounsel.get(f"/evidence/{item}/custody").status_code == 404
    assert as_paralegal.get(f"/evidence/{item}/custody").status_code == 200


def test_the_report_tells_every_step_oldest_first_on_the_page_and_as_pdf(
    as_intake: Browser, as_attorney: Browser, item: uuid.UUID, owner: sa.Connection
) -> None:
    as_intake.post(f"/evidence/{item}", {"description": "A white van", "made_by": "known", "may_be_shown": "yes"})
    page = as_attorney.get(f"/evidence/{item}/custody").get_data(as_text=True)
    places = [page.index(words) for words in ("Sending began", "Received whole", "Read back and sealed")]
    assert places == sorted(places)
    answer = as_attorney.get(f"/evidence/{item}/custody.pdf")
    assert answer.mimetype == "application/pdf"
    assert str(item)[-12:] in answer.headers["Content-Disposition"]
    text = pdf_text(answer.data)
    sha256 = owner.execute(sa.text("select sha256 from evidence_item where id = :id"), {"id": item}).scalar_one()
    for words in ("Custody report", str(item), sha256, "Sending began", "Read back and sealed", "Intake"):
        assert words in text
    assert "lot.jpg" not in text


def test_the_report_speaks_spanish(as_attorney: Browser, item: uuid.UUID, app: Flask) -> None:
    as_attorney.post("/language", {"language": "es"})
    assert as_attorney.get(f"/evidence/{item}/custody.pdf").status_code == 200


def test_an_origin_that_was_saved_first_by_another_raises_with_what_stands(item: uuid.UUID, acting: Acting) -> None:
    with acting("intake"):
        origins.tell_origin(db.session.get_one(EvidenceItem, item), None, method="OM.CABLE")
    with acting("intake"), pytest.raises(StaleVersion) as stale:
        origins.tell_origin(db.session.get_one(EvidenceItem, item), None, method="OM.MAIL")
    assert stale.value.theirs["method"] == "OM.CABLE"
    with acting("analyst"), pytest.raises((NotAllowed, sa.exc.NoResultFound)):
        origins.tell_origin(db.session.get_one(EvidenceItem, item), 1, method="OM.MAIL")
