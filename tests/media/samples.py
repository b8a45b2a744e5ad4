"""Files of every kind that people bring, made here from nothing."""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import imageio_ffmpeg
from PIL import ExifTags, Image, ImageDraw, ImageFont

from intake.demo import media

_PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=3")
_SOUND = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3:sample_rate=8000")
RECIPES: dict[str, tuple[str, ...]] = {
    "mp4": (*_PICTURE, *_SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4"),
    "mov": (*_PICTURE, *_SOUND, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-metadata",
            "creation_time=2026-01-02T03:04:05Z", "-f", "mov"),
    "3gp": (*_PICTURE, *_SOUND, "-s", "176x144", "-c:v", "h263", "-c:a", "libopencore_amrnb", "-b:a", "12.2k", "-ac",
            "1", "-f", "3gp"),
    "webm": (*_PICTURE, *_SOUND, "-c:v", "libvpx", "-c:a", "libopus", "-f", "webm"),
    "m4a": (*_SOUND, "-c:a", "aac", "-f", "ipod"),
    "amr": (*_SOUND, "-c:a", "libopencore_amrnb", "-b:a", "12.2k", "-ac", "1", "-f", "amr"),
    "opus": (*_SOUND, "-c:a", "libopus", "-f", "opus"),
    "mp3": (*_SOUND, "-c:a", "libmp3lame", "-f", "mp3"),
    "small.mp4": (*_PICTURE, "-vf", "scale=160:120", "-c:v", "libx264", "-crf", "35", "-pix_fmt", "yuv420p", "-f", "mp4"),
}  # fmt: skip


@cache
def recording(kind: str) -> bytes:
    """Return a video or a sound of three seconds in the format of RECIPES."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *RECIPES[kind], "-y", str(out)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return out.read_bytes()


def photo(*, orientation: int = 1, size: tuple[int, int] = (800, 600)) -> bytes:
    """Return a JPEG with a red corner (top left as stored), a device, a time and a place."""
    picture = Image.new("RGB", size, "white")
    ImageDraw.Draw(picture).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="red")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Canary Phones"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:01:02 03:04:05"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (34.0, 3.0, 8.0)
    out = io.BytesIO()
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def heic() -> bytes:
    """Return a HEIC of one HEVC frame: the boxes of ISO 23008-12 around what the encoder made."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x256", "-frames:v",
                   "1", "-c:v", "libx265", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p", "-tag:v", "hvc1",
                   "-y", str(out)]  # fmt: skip
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        movie = out.read_bytes()
    frame, configuration = _inside(movie, b"mdat"), _inside(movie, b"hvcC")
    head = _box(b"ftyp", b"heic" + bytes(4) + b"mif1heic")
    one = struct.pack(">H", 1)
    properties = _box(
        b"iprp",
        _box(b"ipco", _box(b"hvcC", configuration), _box(b"ispe", bytes(4) + struct.pack(">II", 320, 256))),
        _box(b"ipma", bytes(4) + struct.pack(">IHBBB", 1, 1, 2, 0x81, 0x02)),
    )

    def meta(at: int) -> bytes:
        return _box(
            b"meta",
            bytes(4),
            _box(b"hdlr", bytes(8) + b"pict" + bytes(13)),
            _box(b"pitm", bytes(4) + one),
            _box(b"iinf", bytes(4) + one, _box(b"infe", bytes((2, 0, 0, 0)) + one + bytes(2) + b"hvc1" + bytes(1))),
            properties,
            _box(b"iloc", bytes(4) + struct.pack(">HHHHHII", 0x4400, 1, 1, 0, 1, at, len(frame))),
        )

    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", frame)


def _box(name: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I", len(body) + 8) + name + body


def _inside(movie: bytes, name: bytes) -> bytes:
    at = movie.index(name)
    return movie[at + 4 : at - 4 + int.from_bytes(movie[at - 4 : at], "big")]


def written(words: str) -> bytes:
    """Return a PNG of large printed words."""
    font = ImageFont.load_default(44)
    lines = words.split("\n")
    paper = Image.new("RGB", (1400, 120 + 70 * len(lines)), "white")
    for number, line in enumerate(lines):
        ImageDraw.Draw(paper).text((60, 50 + 70 * number), line, fill="black", font=font)
    out = io.BytesIO()
    paper.save(out, "PNG")
    return out.getvalue()


def pdf(*texts: str) -> bytes:
    """Return a PDF with one page of typed text for each of `texts`; no text leaves the page empty."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"", b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    pages = []
    for text in texts:
        lines = "".join(f"({line}) Tj T* " for line in text.split("\n"))
        stream = f"BT /F 14 Tf 18 TL 60 700 Td {lines}ET".encode()
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream))
        pages.append(len(objects) + 1)
        objects.append(
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % len(objects)
        )
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), b" ".join(b"%d 0 R" % n for n in pages))
    body = b"%PDF-1.4\n"
    places = []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % at for at in places)
    return (
        body + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    )  # fmt: skip


def scanned(words: str) -> bytes:
    """Return a PDF whose one page is a picture of words."""
    out = io.BytesIO()
    Image.open(io.BytesIO(written(words))).convert("RGB").save(out, "PDF", resolution=150)
    return out.getvalue()


demo_video, demo_photo, demo_audio = media.video, media.photo, media.audio
