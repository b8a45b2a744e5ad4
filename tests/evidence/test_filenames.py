"""Names are stored as given and shown without tricks."""

from __future__ import annotations

import unicodedata

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from intake.errors import Invalid
from intake.evidence import filenames
from tests.evidence.conftest import PHOTO, Sender, row

HOSTILE = [
    "../../etc/passwd",
    "C:\\Users\\x\\lot.jpg",
    "lot\u202egpj.exe",
    "e" + "\u0301" * 255 + ".jpg",
    "<script>alert(1)</script>.svg",
    "new\nline\r\x1b[31m.jpg",
    "/" * 40,
    "😀" * 300,
    "\u200b",
    "=cmd|' /C calc'!A0.csv",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_stored_as_given_and_shown_harmless(sender: Sender, owner: sa.Connection, name: str) -> None:
    item = sender.send(PHOTO, name)
    assert row(owner, item).filename == name
    page = sender.browser.get(f"/evidence/{item['id']}").get_data(as_text=True)
    assert not set("\u202e\x1b\u200b") & set(page)
    assert "<script>alert" not in page
    assert name not in item["key"]


def test_half_a_surrogate_pair_does_not_break_the_upload(sender: Sender, owner: sa.Connection) -> None:
    answer = sender.browser.client.post(
        f"/incidents/{sender.incident}/evidence/start",
        data='{"name": "a\\ud800.jpg", "size": 3, "type": "", "once_key": "018f0000-0000-7000-8000-000000000001"}',
        headers={"X-CSRFToken": sender.browser.token, "Content-Type": "application/json"},
    )
    assert answer.status_code == 201
    assert row(owner, answer.get_json()).filename == "a�.jpg"


def test_a_nul_or_an_endless_name_is_refused() -> None:
    for name in ("a\x00b", "x" * 1025, ""):
        with pytest.raises(Invalid):
            filenames.storable(name)


@given(st.text(min_size=1, max_size=400))
def test_a_shown_name_is_short_visible_and_never_a_path(name: str) -> None:
    seen = filenames.shown(name)
    assert 0 < len(seen) <= filenames.SHOWN
    assert "/" not in seen
    assert "\\" not in seen
    assert not any(unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for c in seen)


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        ("image/JPEG", "image/jpeg"),
        ("", "application/octet-stream"),
        ("text/html; charset=utf-8", "application/octet-stream"),
        ("image/png\r\nx: y", "application/octet-stream"),
        ("../x", "application/octet-stream"),
    ],
)
def test_a_media_type_has_the_form_of_one(claimed: str, kept: str) -> None:
    assert filenames.media_type(claimed) == kept


@pytest.mark.parametrize(("name", "kept"), [("a.MOV", ".mov"), ("a", ""), ("a.j\u202epg", ""), ("a.tar.gz", ".gz")])
def test_an_ending_is_kept_only_when_it_is_plain(name: str, kept: str) -> None:
    assert filenames.extension(name) == kept
