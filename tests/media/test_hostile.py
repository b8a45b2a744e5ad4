"""Hostile files: no outside request, bounded memory, originals intact, nothing shown that could run."""

from __future__ import annotations

import io
import struct
import tracemalloc
import urllib.request
import uuid
import zipfile
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from intake.media import derive, recipes, sandbox
from intake.media.sandbox import MIB
from tests.browser import Browser
from tests.media import samples
from tests.media.conftest import Desk
from tests.media.test_sandbox import listening

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(2)</script></svg>"
HTML = b"<!doctype html><script>fetch('/account')</script>"


def _png(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large and holds next to nothing."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def _ratio() -> bytes:
    """Return a PNG of 5,000 x 5,000 pixels in 80 KB: allowed by its pixels, a thousand times larger unpacked."""
    out = io.BytesIO()
    Image.new("RGB", (5_000, 5_000)).save(out, "PNG", compress_level=9)
    return out.getvalue()


def _archive(entries: int, depth: int = 1) -> bytes:
    body = b"0"
    for _ in range(depth):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(entries):
                archive.writestr(f"../../{number}", body)
        body = out.getvalue()
    return body


def _forever() -> bytes:
    """Return a GIF of many frames that say they are larger than the picture."""
    frames = [Image.new("P", (900, 900), n) for n in range(200)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=0)
    return out.getvalue()


def _deep_pdf() -> bytes:
    """Return a PDF whose page tree holds itself, with a page 14,400,000 units wide."""
    good = samples.pdf("x")
    return good.replace(b"/Kids[5 0 R]", b"/Kids[2 0 R]").replace(b"612 792", b"14400000 1")


_made: dict[str, bytes] = {}


def made(name: str) -> bytes:
    """Return the file of that name, made once."""
    if name not in _made:
        _made[name] = MADE[name]()
    return _made[name]


MADE: dict[str, Callable[[], bytes]] = {
    "pixels.png": lambda: _png(60_000, 60_000),
    "ratio.png": _ratio,
    "entries.zip": lambda: _archive(11_000),
    "depth.zip": lambda: _archive(1, depth=40),
    "truncated.jpg": lambda: samples.photo()[:3000],
    "truncated.heic": lambda: samples.heic()[:2000],
    "truncated.mp4": lambda: samples.recording("mp4")[:9000],
    "truncated.pdf": lambda: samples.pdf("x")[:300],
    "frames.gif": _forever,
    "deep.pdf": _deep_pdf,
    "empty.jpg": lambda: b"\xff\xd8\xff\xe0",
    "noise.mov": lambda: b"\x00\x00\x00\x18ftypqt  " + bytes(range(256)) * 64,
}


@pytest.fixture(params=list(MADE), scope="module")
def hostile(request: pytest.FixtureRequest) -> tuple[str, bytes]:
    return request.param, made(request.param)


def test_a_bomb_or_a_wreck_harms_its_derivative_and_nothing_else(
    desk: Desk, hostile: tuple[str, bytes], as_intake: Browser
) -> None:
    name, body = hostile
    item = desk.keep(body, name)
    tracemalloc.start()
    try:
        if desk.scan(item) == "held":
            assert name in {"entries.zip", "depth.zip"}
        derive.derive(item, desk.user_id, desk.store)
        derive.proxy(item, desk.user_id, desk.store)
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()
    assert desk.original(item) == body
    for row in desk.made(item).values():
        assert row.state in {"made", "quarantined"}
        if row.object_key:
            assert row.size < 3 * MIB
    assert as_intake.get(f"/evidence/{item}").status_code == 200


@pytest.mark.parametrize("name", ["pixels.png", "ratio.png", "frames.gif", "deep.pdf", "truncated.heic"])
def test_the_parsers_memory_is_bounded(name: str) -> None:
    with sandbox.borrowed() as jail, sandbox.folder([made(name)]) as where:
        step, limits = (
            ("pages", {"first": 1, "last": 5, "size": 512})
            if name.endswith("pdf")
            else ("picture", {"sizes": {"a.jpg": 64}})
        )
        try:
            peak = jail.parse(step, where, sandbox.Limits(memory=900 * MIB, processes=64), **limits).peak
        except sandbox.ParserFailed as failed:
            peak = failed.peak
    assert peak < 900 * MIB


def test_an_archive_is_never_unpacked_to_disk_or_page(desk: Desk) -> None:
    item = desk.work(_archive(20))
    assert desk.row(item).content_type == "application/zip"
    assert desk.made(item) == {}


@pytest.mark.parametrize("body", [SVG, HTML], ids=["svg", "html"])
@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.jpg", "a.mp4"])
def test_what_could_run_is_given_out_as_bytes_to_keep_and_never_shown(
    desk: Desk, as_intake: Browser, body: bytes, name: str
) -> None:
    item = desk.work(body, name)
    assert desk.made(item) == {}
    assert as_intake.get(f"/evidence/{item}/media").status_code == 409
    with urllib.request.urlopen(as_intake.get(f"/evidence/{item}/file").location, timeout=30) as file:
        assert file.headers["Content-Type"] == "application/octet-stream"
        assert file.headers["Content-Disposition"].startswith("attachment;")
        assert file.read() == body


def test_a_polyglot_is_shown_only_as_pixels_made_anew(desk: Desk, as_intake: Browser) -> None:
    body = samples.photo() + HTML + _archive(3)
    item = desk.work(body, "photo.html")
    with urllib.request.urlopen(as_intake.get(f"/evidence/{item}/media").location, timeout=30) as file:
        assert file.headers["Content-Type"] == "image/jpeg"
        shown = file.read()
    assert b"<script" not in shown
    assert b"PK\x03\x04" not in shown
    assert desk.original(item) == body


def test_a_wrong_extension_changes_nothing(desk: Desk) -> None:
    item = desk.work(samples.recording("mp3"), "IMG_0001.jpg")
    assert desk.row(item).content_type == "audio/mpeg"


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.mp4'\nfile '/etc/passwd'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n",
    "svg": "<svg xmlns='http://www.w3.org/2000/svg'><image href='http://127.0.0.1:{port}/a.png'/></svg>",
}


@pytest.mark.parametrize("kind", list(PLAYLISTS))
@pytest.mark.parametrize("disguise", ["plain", "video"])
def test_a_playlist_of_another_machine_asks_nobody(desk: Desk, kind: str, disguise: str) -> None:
    with listening() as (port, heard):
        body = PLAYLISTS[kind].format(port=port).encode()
        if disguise == "video":  # begins like a video, so that the player's program is started on it
            body = b"\x00\x00\x00\x14ftypisom\x00\x00\x00\x00isom" + body
        item = desk.work(body, f"video.{kind}", all_of_it=True)
    assert heard == []
    assert {row.state for row in desk.made(item).values()} <= {"quarantined", "made"}
    assert not any(row.object_key for row in desk.made(item).values())


def test_the_players_program_itself_asks_nobody_even_when_it_takes_the_playlist(tmp_path: object) -> None:
    """Past our own sniffing: the forced format and the jail each hold alone."""
    with listening() as (port, heard):
        body = PLAYLISTS["m3u8"].format(port=port).encode()
        with sandbox.borrowed() as jail, sandbox.folder([body]) as where:
            free = [
                "-nostdin",
                "-v",
                "error",
                "-protocol_whitelist",
                "file,http,tcp",
                "-f",
                "hls",
                "-i",
                str(where.source),
            ]
            done = jail.run(
                "ffmpeg", [*free, "-y", "out.mp4"], where, sandbox.Limits(processes=64, wall=20, memory=4096 * MIB)
            )
            assert done.status != 0
            work = recipes.Work(jail, where, "video/mp4")
            with pytest.raises(sandbox.ParserFailed):
                work.ffmpeg(out="out.mp4")
    assert heard == []


NAMES = {
    "path": "../../../etc/cron.d/evil.jpg",
    "windows": "C:\\Windows\\System32\\evil.jpg",
    "option": "-y --help -i /etc/passwd.jpg",
    "reversed": "photo\u202egpj.exe",
    "accents": "e" + "\u0301" * 255 + ".jpg",
    "markup": "<img src=x onerror=alert(1)>.jpg",
    "lines": "a\r\nSet-Cookie: x=1.jpg",
}


@pytest.mark.parametrize("kind", list(NAMES))
def test_a_name_is_never_a_path_an_option_or_a_header(desk: Desk, as_intake: Browser, kind: str) -> None:
    item = desk.work(samples.photo(), NAMES[kind])
    row = desk.row(item)
    assert row.filename == NAMES[kind]
    assert desk.made(item)["thumbnail", 0].state == "made"
    for address in (f"/evidence/{item}/file", f"/evidence/{item}/media", f"/evidence/{item}/thumbnail"):
        location = as_intake.get(address).location
        assert "evil" not in location
        assert "Set-Cookie" not in location
    page = as_intake.get(f"/evidence/{item}").get_data(as_text=True)
    assert "onerror=alert(1)>" not in page
    assert "\u202e" not in page
    assert "\u0301" * 5 not in page


def test_a_name_with_nul_is_refused_in_words(desk: Desk, as_intake: Browser) -> None:
    told = {"name": "a\x00.jpg", "size": 9, "type": "image/jpeg", "last_modified": 0, "once_key": str(uuid.uuid4())}
    assert as_intake.send(f"/incidents/{desk.incident}/evidence/start", told).status_code == 422
