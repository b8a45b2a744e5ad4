"""What is made of files of every kind: it is right, carries nothing of the original but pixels, and can be made again."""

from __future__ import annotations

import hashlib
import io
import subprocess
import urllib.request
import uuid

import imageio_ffmpeg
import pytest
from PIL import Image

from intake.media import derive, sandbox
from tests.browser import Browser
from tests.media import samples
from tests.media.conftest import Desk

SPANISH = "Los agentes no mostraron ninguna orden\njudicial cuando entraron en el taller"


def picture(desk: Desk, made: object) -> Image.Image:
    return Image.open(io.BytesIO(desk.object(made)))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_thumbnail_stands_upright_whatever_way_the_telephone_was_held(desk: Desk, orientation: int) -> None:
    body = samples.photo(orientation=orientation)
    made = desk.made(desk.work(body))
    small = picture(desk, made["thumbnail", 0])
    assert max(small.size) == 512
    assert (small.width > small.height) == (orientation < 5)
    corners = {1: (0, 0), 2: (1, 0), 3: (1, 1), 4: (0, 1), 5: (0, 0), 6: (1, 0), 7: (1, 1), 8: (0, 1)}
    at = corners[orientation]
    left, top = at[0] * (small.width - 9), at[1] * (small.height - 9)
    here = small.crop((left, top, left + 8, top + 8))
    red, green, _blue = (sum(here.getchannel(name).tobytes()) / 64 for name in "RGB")
    assert red > 200
    assert green < 100
    assert dict(small.getexif()) == {}


def test_nothing_of_the_originals_claims_is_in_what_is_shown(desk: Desk) -> None:
    made = desk.made(desk.work(samples.photo()))
    for kind in ("thumbnail", "preview"):
        told = subprocess.run(
            ["exiftool", "-G", "-s", "-"], input=desk.object(made[kind, 0]), capture_output=True, check=True
        ).stdout.decode()
        assert "Canary" not in told
        assert "GPS" not in told
    claims = made["claims", 0].detail["claims"]
    assert claims["Make"] == "Canary Phones"
    assert claims["DateTimeOriginal"] == "2026:01:02 03:04:05"
    assert claims["GPSLatitude"].startswith("34.052222 N")


@pytest.mark.parametrize("name", ["heic", "png", "gif", "webp"])
def test_a_picture_of_another_format_gets_a_jpeg_that_every_browser_shows(desk: Desk, name: str) -> None:
    if name == "heic":
        body = samples.heic()
    else:
        out = io.BytesIO()
        Image.open(io.BytesIO(samples.photo())).convert("RGBA").save(out, name)
        body = out.getvalue()
    item = desk.work(body, "IMG.jpg")
    assert desk.row(item).content_type == f"image/{name}"
    assert picture(desk, desk.made(item)["preview", 0]).format == "JPEG"


VIDEOS = {"mp4": "video/mp4", "mov": "video/quicktime", "3gp": "video/3gpp", "webm": "video/webm"}
SOUNDS = {"m4a": "audio/mp4", "amr": "audio/amr", "opus": "audio/ogg", "mp3": "audio/mpeg"}


@pytest.mark.parametrize("kind", list(VIDEOS))
def test_a_video_of_any_telephone_gets_a_poster_a_proxy_and_a_sound_curve(desk: Desk, kind: str) -> None:
    item = desk.work(samples.recording(kind), "VID", all_of_it=True)
    made = desk.made(item)
    assert desk.row(item).content_type == VIDEOS[kind]
    assert {row.failure for row in made.values()} <= {""}
    assert picture(desk, made["poster", 0]).width in {320, 176}
    assert max(made["waveform", 0].detail["peaks"]) > 5
    assert streams(desk.object(made["proxy", 0])) >= {"h264", "aac"}
    assert made["thumbnail", 0].parent_sha256 == made["poster", 0].sha256


@pytest.mark.parametrize("kind", list(SOUNDS))
def test_a_recording_of_any_telephone_gets_a_proxy_and_a_sound_curve(desk: Desk, kind: str) -> None:
    item = desk.work(samples.recording(kind), "REC", all_of_it=True)
    made = desk.made(item)
    assert desk.row(item).content_type == SOUNDS[kind]
    assert streams(desk.object(made["proxy", 0])) == {"aac"}
    assert made["proxy", 0].media_type == "audio/mp4"
    assert len(made["waveform", 0].detail["peaks"]) > 500


def streams(body: bytes) -> set[str]:
    """Return the codecs in a file, as ffmpeg names them."""
    told = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", "pipe:0"], input=body, capture_output=True, check=False
    ).stderr.decode()
    return {word for word in ("h264", "aac", "opus", "vp8") if f": {word}" in told}


def test_a_pdf_gets_its_pages_and_their_text(desk: Desk) -> None:
    made = desk.made(desk.work(samples.pdf("Notice of custody", "Second page"), "notice.pdf"))
    assert picture(desk, made["page", 2]).height == 1600
    assert made["text", 1].content.strip() == "Notice of custody"
    assert made["text", 2].content.strip() == "Second page"
    assert ("thumbnail", 0) in made


@pytest.mark.parametrize("form", ["picture", "pdf"])
def test_words_in_a_picture_are_read_with_the_programs_confidence(desk: Desk, form: str) -> None:
    if "tesseract" not in sandbox.programs():
        pytest.skip("tesseract is not installed here")
    body = samples.written(SPANISH) if form == "picture" else samples.scanned(SPANISH)
    made = desk.made(desk.work(body, all_of_it=True))
    read = made["ocr", 0 if form == "picture" else 1]
    assert "ninguna orden" in read.content
    assert read.detail["confidence"] > 80
    assert read.tool_version.startswith("tesseract 5")


def test_without_the_reading_program_it_is_said_and_not_left_out(
    desk: Desk, as_intake: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = {name: path for name, path in sandbox.programs().items() if name != "tesseract"}
    monkeypatch.setattr(sandbox, "programs", lambda: known)
    item = desk.work(samples.written(SPANISH), all_of_it=True)
    assert desk.made(item)["ocr", 0].state == "absent"
    assert "the program that reads text is not installed here" in as_intake.get(f"/evidence/{item}").get_data(
        as_text=True
    )


def test_a_text_file_is_only_kept(desk: Desk) -> None:
    item = desk.work(b"#EXTM3U\nhttp://127.0.0.1/a.ts\n", "list.mp4")
    assert desk.row(item).content_type == ""
    assert desk.made(item) == {}


def test_the_graph_from_the_original_to_what_is_shown_can_be_built_again(desk: Desk) -> None:
    body = samples.recording("mp4")
    item = desk.work(body, all_of_it=True)
    known = {hashlib.sha256(body).hexdigest()}
    rows = desk.made(item)
    told = {event["kind"]: event for event in desk.custody(item, "derived")}
    known |= {row.sha256 for row in rows.values() if row.sha256}
    for (kind, _number), row in rows.items():
        assert row.parent_sha256 in known
        assert row.tool
        assert row.tool_version
        event = told[kind]
        assert event["parent_sha256"] == row.parent_sha256
        assert event.get("sha256", "") == row.sha256
        assert event["by"] == desk.user_id
        if row.object_key:
            assert hashlib.sha256(desk.object(row)).hexdigest() == row.sha256
    derive.derive(item, desk.user_id, desk.store)
    derive.proxy(item, desk.user_id, desk.store)
    again = desk.made(item)
    assert {key: row.sha256 for key, row in again.items()} == {key: row.sha256 for key, row in rows.items()}
    assert {row.object_key for row in again.values()} == {row.object_key for row in rows.values()}


def test_a_player_gets_the_proxy_from_the_store_and_the_viewing_is_noted_once(desk: Desk, as_intake: Browser) -> None:
    item = desk.work(samples.recording("webm"), all_of_it=True)
    for _ in range(2):
        answer = as_intake.get(f"/evidence/{item}/media")
        assert answer.status_code == 302
        with urllib.request.urlopen(answer.location, timeout=30) as file:
            assert file.headers["Content-Type"] == "video/mp4"
            assert file.headers["Content-Disposition"].startswith("inline; filename")
    assert as_intake.get(f"/evidence/{item}/thumbnail").status_code == 302
    assert len(desk.custody(item, "viewed")) == 1
    assert as_intake.get(f"/evidence/{item}/preview").status_code == 404
    assert as_intake.get(f"/evidence/{uuid.uuid4()}/thumbnail").status_code == 404
