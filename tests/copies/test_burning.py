"""What a copy still holds: nothing under a box, in any orientation, by any reader."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageDraw

from intake.media import sandbox

SECRET, KEPT = "Muñoz", "Westlake"
_BOX = {"page": 0, "x": 0.5, "y": 0.0, "w": 0.5, "h": 0.5}  # the upper right quarter, as people see it


def _photo(orientation: int) -> bytes:
    """A picture whose upper right quarter, seen upright, is red; stored turned as `orientation` says."""
    seen = Image.new("RGB", (400, 240), "white")
    ImageDraw.Draw(seen).rectangle((200, 0, 399, 119), fill=(250, 10, 10))
    turn = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }
    stored = seen
    for each in turn.get(orientation, []):
        stored = stored.transpose(each)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x013B] = orientation, f"Maker {SECRET}", SECRET
    exif.get_ifd(0x8825)[1] = "N"
    body = io.BytesIO()
    stored.save(body, "JPEG", exif=exif, comment=SECRET.encode(), quality=95)
    return body.getvalue()


def _copy(parser: str, body: bytes, **parameters: Any) -> tuple[bytes, dict[str, object]]:
    with sandbox.borrowed() as jail, sandbox.folder([body]) as where:
        done = jail.parse(parser, where, **parameters)
        return where.read("copy"), done.answer


def _check(parser: str, body: bytes, **parameters: Any) -> object:
    with sandbox.borrowed() as jail, sandbox.folder([body]) as where:
        return jail.parse(parser, where, **parameters).answer["wrong"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_covers_what_was_seen_under_it_whichever_way_the_camera_was_held(orientation: int) -> None:
    body = _photo(orientation)
    copy, answer = _copy("copy_picture", body, boxes=[_BOX], png=False)
    assert (answer["width"], answer["height"]) == (400, 240)
    with Image.open(io.BytesIO(copy)) as made:
        assert made.size == (400, 240)
        assert max(high for _low, high in made.crop((204, 0, 400, 116)).getextrema()) < 24  # type: ignore[misc]
        reds = [p for p in made.crop((0, 0, 194, 240)).get_flattened_data() if p[0] > 150 > p[1]]  # type: ignore[index]
        assert not reds
        assert not made.getexif()
    for trace in (SECRET.encode(), b"Exif", b"Maker", b"http://ns.adobe"):
        assert trace not in copy
    assert _check("check_picture", copy, boxes=[_BOX]) == []


def test_exiftool_finds_nothing_in_a_stripped_photo(tmp_path: Path) -> None:
    copy, _answer = _copy("copy_picture", _photo(6), boxes=[], png=False)
    (tmp_path / "copy.jpg").write_bytes(copy)
    told = subprocess.run(["exiftool", "-s", str(tmp_path / "copy.jpg")], capture_output=True, text=True, check=True)
    assert "ImageWidth" in told.stdout
    for tag in ("Orientation", "Make", "Artist", "GPS", "Comment", "ThumbnailImage", SECRET):
        assert tag not in told.stdout


def test_the_check_of_a_picture_finds_a_box_that_was_not_burnt_and_metadata_that_stayed() -> None:
    assert _check("check_picture", _photo(1), boxes=[_BOX]) == ["box", "metadata"]


def _paper(rotate: int = 0, pages: int = 1) -> bytes:
    """A PDF of two words a page with the secret in its properties, an attachment and an earlier revision."""
    pdf = pikepdf.new()
    font = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica,
            Encoding=pikepdf.Name.WinAnsiEncoding,
        )
    )  # fmt: skip
    for _ in range(pages):
        text = f"BT /F 24 Tf 1 0 0 1 72 700 Tm ({SECRET}) Tj 1 0 0 1 72 400 Tm ({KEPT}) Tj ET".encode("cp1252")
        page = pikepdf.Dictionary(
            Type=pikepdf.Name.Page, MediaBox=[0, 0, 612, 792], Rotate=rotate, Contents=pdf.make_stream(text),
            Resources=pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font)),
        )  # fmt: skip
        pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))
    pdf.docinfo["/Author"] = SECRET
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = f"Of {SECRET}"
    pdf.attachments["note.txt"] = pikepdf.AttachedFileSpec(pdf, SECRET.encode(), filename=f"{SECRET}.txt")
    body = io.BytesIO()
    pdf.save(body)
    return body.getvalue() + b"\n% an earlier revision\n%%EOF\n"


def _box_on(rotate: int) -> dict[str, float]:
    """Where the secret is seen on the turned page, with room: it stands at 72..150 across, 92..120 from the top."""
    left, top, right, bottom = 60 / 612, 60 / 792, 180 / 612, 110 / 792
    corners = {
        0: (left, top, right, bottom),
        90: (1 - bottom, left, 1 - top, right),
        180: (1 - right, 1 - bottom, 1 - left, 1 - top),
        270: (top, 1 - right, bottom, 1 - left),
    }[rotate]
    return {"page": 1, "x": corners[0], "y": corners[1], "w": corners[2] - corners[0], "h": corners[3] - corners[1]}


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
def test_of_a_redacted_page_no_reader_finds_the_word_and_every_reader_the_others(rotate: int, tmp_path: Path) -> None:
    copy, answer = _copy("copy_pages", _paper(rotate), boxes=[{**_box_on(rotate), "label": "Name"}])
    assert answer["gone"] == [SECRET]
    assert answer["again"] == []
    (tmp_path / "copy.pdf").write_bytes(copy)
    text = subprocess.run(
        ["pdftotext", str(tmp_path / "copy.pdf"), "-"], capture_output=True, check=True
    ).stdout.decode()
    assert SECRET not in text
    assert KEPT in text
    assert "Name" in text  # each box says why
    with pikepdf.open(io.BytesIO(copy)) as pdf:
        plain = b"".join(
            each.read_raw_bytes() if each.get("/Filter") == "/DCTDecode" else each.read_bytes()
            for each in pdf.objects
            if isinstance(each, pikepdf.Stream)
        )
    for spelt in (SECRET.encode(), SECRET.encode("cp1252"), SECRET.encode("utf-16-be").hex().upper().encode()):
        assert spelt not in plain
    assert KEPT.encode("utf-16-be").hex().upper().encode() in plain
    subprocess.run(["qpdf", "--check", str(tmp_path / "copy.pdf")], check=True, capture_output=True)
    assert _check("check_pdf", copy, boxes=[_box_on(rotate)], gone=[SECRET]) == []


def test_the_same_word_outside_the_boxes_is_named_by_its_page() -> None:
    _copied, answer = _copy("copy_pages", _paper(pages=3), boxes=[_box_on(0)])
    assert answer["again"] == [2, 3]
    assert answer["gone"] == []


def test_a_stripped_pdf_keeps_its_pages_and_loses_everything_around_them(tmp_path: Path) -> None:
    copy, answer = _copy("copy_pdf", _paper(pages=2))
    assert answer["pages"] == 2
    assert copy.count(b"%%EOF") == 1
    (tmp_path / "copy.pdf").write_bytes(copy)
    told = subprocess.run(["exiftool", str(tmp_path / "copy.pdf")], capture_output=True, text=True, check=True).stdout
    assert SECRET not in told
    assert _check("check_pdf", copy, boxes=[], gone=[]) == []
    with pikepdf.open(io.BytesIO(copy)) as pdf:
        assert not len(pdf.attachments)
        assert "/Info" not in pdf.trailer


def test_the_check_of_a_pdf_sees_a_box_only_painted_over_the_word() -> None:
    with pikepdf.open(io.BytesIO(_paper())) as pdf:
        pdf.pages[0].contents_add(b"q 0 g 60 682 120 50 re f Q")
        body = io.BytesIO()
        pdf.save(body)
    found = _check("check_pdf", body.getvalue(), boxes=[_box_on(0)], gone=[SECRET])
    assert found == ["attachment", "box", "metadata", "text"]
