"""Asking for a copy, its making by the worker, and who may have it."""

from __future__ import annotations

import io
import json
import urllib.request
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pikepdf
import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from intake import db
from intake.access.actor import Actor
from intake.copies import making, services
from intake.copies.models import WorkingCopy
from intake.errors import Invalid, NotAllowed, NotNow
from intake.evidence.models import CustodyEvent, EvidenceItem
from intake.evidence.sealing import keep
from intake.media.derive import derive
from intake.storage import Storage
from tests.browser import Browser
from tests.copies.test_burning import SECRET, _box_on, _paper, _photo
from tests.factories import an_account
from tests.world import World

Acting = Callable[[str], AbstractContextManager[Actor]]
FACE = {"page": 0, "x": 0.5, "y": 0.0, "w": 0.5, "h": 0.5, "reason": "RR.FACE"}


@pytest.fixture
def store(app: Flask) -> Storage:
    return app.extensions["storage"]  # type: ignore[no-any-return]


@pytest.fixture
def item_of(acting: Acting, world: World, store: Storage) -> Callable[..., uuid.UUID]:
    """An item of the attorney's, sealed, open and with its derivatives."""

    def make(body: bytes, filename: str, who: str = "attorney") -> uuid.UUID:
        with acting(who):
            account = an_account()
            place = (account.incident_id, account.id)
        user = world.users[who]
        item = keep(*place, user, filename=filename, media_type="", body=body, store=store, made_here=True)
        derive(item, user, store)
        return item

    return make


def _asked(acting: Acting, item_id: uuid.UUID, boxes: list[dict[str, object]]) -> uuid.UUID:
    with acting("attorney"):
        return services.ask_copy(db.session.get_one(EvidenceItem, item_id), boxes).id


def test_a_redacted_photo_is_made_checked_kept_and_linked_to_its_original(
    acting: Acting, world: World, store: Storage, item_of: Callable[..., uuid.UUID]
) -> None:
    body = _photo(6)
    item_id = item_of(body, "IMG_0001.jpg")
    copy_id = _asked(acting, item_id, [FACE])
    assert making.make(copy_id, world.users["attorney"], store) == "made"
    with acting("attorney"):
        copy, item = db.session.get_one(WorkingCopy, copy_id), db.session.get_one(EvidenceItem, item_id)
        assert (copy.kind, copy.parent_sha256) == ("redacted", item.sha256)
        custody = db.session.scalars(
            sa.select(CustodyEvent).where(CustodyEvent.item_id == item_id, CustodyEvent.kind == "derived")
        )
        told = [event.detail for event in custody if event.detail.get("copy") == str(copy_id)]
        assert [(t["parent_sha256"], t["sha256"], t["reasons"]) for t in told] == [
            (item.sha256, copy.sha256, ["RR.FACE"])
        ]
        made = b"".join(store.open(copy.object_key, bucket=store.exports_bucket))
        assert b"".join(store.open(item.object_key, item.version_id or "")) == body
    with Image.open(io.BytesIO(made)) as image:
        assert image.size == (400, 240)
        assert not image.getexif()
    assert SECRET.encode() not in made


def test_made_twice_it_is_made_once(
    acting: Acting, world: World, store: Storage, item_of: Callable[..., uuid.UUID]
) -> None:
    copy_id = _asked(acting, item_of(_photo(1), "a.jpg"), [])
    assert [making.make(copy_id, world.users["attorney"], store) for _ in range(2)] == ["made", "made"]
    with acting("attorney"):
        item_id = db.session.get_one(WorkingCopy, copy_id).item_id
        events = db.session.scalars(
            sa.select(CustodyEvent).where(CustodyEvent.item_id == item_id, CustodyEvent.kind == "derived")
        )
        assert sum(event.detail.get("copy") == str(copy_id) for event in events) == 1


def test_of_a_redacted_paper_the_word_is_gone_and_its_other_pages_are_named(
    acting: Acting, world: World, store: Storage, item_of: Callable[..., uuid.UUID]
) -> None:
    item_id = item_of(_paper(pages=2), "letter.pdf")
    copy_id = _asked(acting, item_id, [{**_box_on(0), "reason": "RR.IDENTITY"}])
    assert making.make(copy_id, world.users["attorney"], store) == "made"
    with acting("attorney"):
        copy = db.session.get_one(WorkingCopy, copy_id)
        assert (copy.pages, copy.again) == (2, [2])
        made = b"".join(store.open(copy.object_key, bucket=store.exports_bucket))
    with pikepdf.open(io.BytesIO(made)) as pdf:
        assert len(pdf.pages) == 2


def test_a_damaged_file_gives_no_copy_and_says_so(
    acting: Acting, world: World, store: Storage, item_of: Callable[..., uuid.UUID], owner: sa.Connection
) -> None:
    item_id = item_of(_paper()[:200] + b"\x00" * 50, "broken.pdf")
    copy_id = _asked(acting, item_id, [])
    assert making.make(copy_id, world.users["attorney"], store) == "refused"
    with acting("attorney"):
        copy = db.session.get_one(WorkingCopy, copy_id)
        assert (copy.state, copy.object_key) == ("refused", "")
        with pytest.raises(NotNow):
            services.address(copy, store)


@pytest.mark.parametrize(
    "change",
    [{"x": -0.1}, {"w": 2}, {"h": 0}, {"page": 3}, {"reason": "RR.NONE"}, {"x": "a"}, {"y": float("nan")}],
    ids=["left", "wide", "flat", "page", "reason", "word", "nan"],
)
def test_a_box_outside_the_picture_or_without_a_reason_is_refused(
    acting: Acting, item_of: Callable[..., uuid.UUID], change: dict[str, object]
) -> None:
    item_id = item_of(_photo(1), "b.jpg")
    with pytest.raises(Invalid):
        _asked(acting, item_id, [FACE | change])


def test_a_file_that_is_closed_gives_no_copy(
    acting: Acting, item_of: Callable[..., uuid.UUID], owner: sa.Connection
) -> None:
    item_id = item_of(_photo(1), "c.jpg")
    owner.execute(sa.text("update evidence_item set scan = 'held' where id = :id"), {"id": item_id})
    with pytest.raises(NotNow, match="not_scanned"):
        _asked(acting, item_id, [])


def test_cocounsel_of_a_shared_record_neither_asks_for_a_copy_nor_sees_one(
    acting: Acting, item_of: Callable[..., uuid.UUID], owner: sa.Connection, world: World, as_cocounsel: Browser
) -> None:
    item_id = item_of(_photo(1), "d.jpg")
    copy_id = _asked(acting, item_id, [])
    share = "insert into share (incident_id, compartment_id, opened_by_id, to_compartment_id) select incident_id, compartment_id, opened_by_id, :to from evidence_item where id = :id"
    owner.execute(sa.text(share), {"to": world.other_compartment, "id": item_id})
    with acting("cocounsel"):
        item = db.session.get_one(EvidenceItem, item_id)
        with pytest.raises(NotAllowed):
            services.ask_copy(item)
        assert services.copies_of(item_id) == []
    assert as_cocounsel.get(f"/copies/{copy_id}/file").status_code == 403


def test_the_page_asks_shows_and_hands_out(
    acting: Acting, world: World, store: Storage, item_of: Callable[..., uuid.UUID], as_attorney: Browser
) -> None:
    item_id = item_of(_photo(8), "e.jpg")
    page = as_attorney.get(f"/evidence/{item_id}/copies").get_data(as_text=True)
    assert "data-sheet" in page
    answer = as_attorney.post(f"/evidence/{item_id}/copies", {"boxes": json.dumps([FACE])})
    assert answer.status_code == 303
    with acting("attorney"):
        copy_id = services.copies_of(item_id)[0].id
    making.make(copy_id, world.users["attorney"], store)
    assert "nothing survives" in as_attorney.get(f"/evidence/{item_id}/copies").get_data(as_text=True)
    answer = as_attorney.get(f"/copies/{copy_id}/file")
    with urllib.request.urlopen(answer.location) as given:
        assert given.headers["Content-Disposition"].startswith("attachment")
        assert given.headers["Content-Type"] == "application/octet-stream"
    bad = as_attorney.post(f"/evidence/{item_id}/copies", {"boxes": '{"a": 1}'})
    assert bad.status_code == 422
