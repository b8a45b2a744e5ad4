"""What looks or reads alike is suggested with its reason, and never across what the reader may not see."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from PIL import Image, ImageDraw, ImageOps

from intake import db
from intake.evidence.models import EvidenceItem
from intake.media import alike, derive, recipes
from tests.browser import Browser
from tests.factories import an_account
from tests.media import samples
from tests.media.conftest import Acting, Desk

LETTER = (
    "The officers came to the car wash at nine in the morning and asked every worker for papers. Nobody showed a "
    "warrant. Two men were taken away in a white van without plates, and the owner was told to stay inside. A woman "
    "who filmed from the bakery across the street was told to stop, and her telephone was taken for a while."
)


def reasons(acting: Acting, item: uuid.UUID, name: str = "intake") -> dict[uuid.UUID, str]:
    with acting(name):
        return {each.item_id: each.reason for each in alike.like(db.session.get_one(EvidenceItem, item))}


def changed(body: bytes) -> bytes:
    """Return the photo smaller, compressed harder, and with a mark in its corner, as a messenger sends it on."""
    picture = ImageOps.exif_transpose(Image.open(io.BytesIO(body)))
    picture.thumbnail((640, 640))
    ImageDraw.Draw(picture).rectangle((440, 450, 476, 476), fill="black")
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=40)
    return out.getvalue()


def test_the_same_photo_sent_on_is_found_with_its_reason(desk: Desk, acting: Acting, as_intake: Browser) -> None:
    first = desk.work(samples.demo_photo(1))
    again, other = desk.work(changed(samples.demo_photo(1))), desk.work(samples.demo_photo(2))
    found = reasons(acting, first)
    assert found.get(again) == "picture"
    assert other not in found
    page = as_intake.get(f"/evidence/{first}").get_data(as_text=True)
    assert "May be the same" in page
    assert "Looks the same:" in page
    assert f"/evidence/{again}" in page


def test_a_blank_picture_is_like_nothing(desk: Desk, acting: Acting) -> None:
    blank = []
    for shade in ("black", "gray"):
        out = io.BytesIO()
        Image.new("RGB", (640, 480), shade).save(out, "PNG")
        blank.append(desk.work(out.getvalue()))
    assert blank[1] not in reasons(acting, blank[0])


def test_a_video_made_smaller_is_found_by_its_frames(desk: Desk, acting: Acting) -> None:
    first, again = desk.work(samples.recording("mp4")), desk.work(samples.recording("small.mp4"))
    assert reasons(acting, first).get(again) == "video"
    assert desk.work(samples.demo_video(3)) not in reasons(acting, first)


def test_text_that_reads_almost_the_same_is_found(desk: Desk, acting: Acting) -> None:
    wrapped = LETTER.replace(". ", ".\n")
    first, again = desk.work(samples.pdf(wrapped)), desk.work(samples.pdf(wrapped.replace("nine", "ten")))
    assert reasons(acting, first).get(again) == "text"


def test_the_same_bytes_are_called_the_same_file(desk: Desk, acting: Acting, as_intake: Browser) -> None:
    body = samples.demo_photo(7)
    first = desk.work(body, "one.jpg")
    again = desk.work(body, "two.jpg")
    assert reasons(acting, first)[again] == "same_file"


def test_what_the_reader_may_not_see_is_not_suggested(desk: Desk, acting: Acting) -> None:
    mine = desk.work(samples.demo_photo(4))
    with acting("stranger") as stranger:
        account = an_account()
        desk.incident, desk.account, desk.user_id = account.incident_id, account.id, stranger.user_id
    theirs = desk.work(changed(samples.demo_photo(4)))
    count = "select count(*) from likeness where item_id = any(:ids)"
    assert desk.owner.execute(sa.text(count), {"ids": [mine, theirs]}).scalar_one() == 2
    assert theirs not in reasons(acting, mine)
    assert mine not in reasons(acting, theirs, "stranger")


def test_small_files_of_one_person_are_derived_together_and_a_wreck_among_them_is_alone(desk: Desk) -> None:
    bodies = [samples.demo_photo(20 + n) for n in range(5)]
    bodies.insert(2, b"\xff\xd8\xff\xe0" + bytes(4000))
    items = [desk.keep(body) for body in bodies]
    for item in items:
        desk.scan(item)
    derive.derive_waiting(items[0], desk.user_id, desk.store)
    for number, item in enumerate(items):
        states = {row.state for row in desk.made(item).values()}
        assert states == ({"quarantined", "made"} if number == 2 else {"made"}), number
    before = [row.made_at for row in desk.made(items[1]).values()]
    derive.derive_waiting(items[1], desk.user_id, desk.store)  # its own job finds it done
    assert [row.made_at for row in desk.made(items[1]).values()] == before


def test_two_jobs_that_make_one_file_at_once_leave_one_set(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    item = desk.keep(samples.demo_photo(61))
    desk.scan(item)
    real, turns = recipes.study, []

    def overtaken(*arguments: Any) -> Any:
        turns.append(arguments)
        if len(turns) == 1:
            derive.derive_waiting(item, desk.user_id, desk.store)
        return real(*arguments)

    monkeypatch.setattr(recipes, "study", overtaken)
    derive.derive_waiting(item, desk.user_id, desk.store)
    assert len(turns) == 2
    assert [each["kind"] for each in desk.custody(item, "derived")].count("thumbnail") == 1


@pytest.mark.parametrize(("one", "other", "alike_"), [(LETTER, LETTER.upper(), True), (LETTER, LETTER[::-1], False)],
                         ids=["case", "other"])  # fmt: skip
def test_bands_depend_on_words_only(one: str, other: str, alike_: bool) -> None:
    assert bool(set(alike.bands_of(one)) & set(alike.bands_of(other))) == alike_
    assert alike.bands_of("too short") == []
