"""Media of the demonstration, made here from nothing: photos, a short video, a PDF page, an audio note.

The video is WebM with VP8 key frames: Pillow's lossy WebP holds exactly such a frame, so no encoder is needed.
"""

from __future__ import annotations

import io
import math
import random
import struct
import time
import wave

from PIL import Image, ImageDraw, ImageFont

_MARK = "FICTIONAL DEMONSTRATION"
_SIZE = (640, 360)


def photo(seed: int, *, size: tuple[int, int] = (1280, 960)) -> bytes:
    """Return a JPEG of an invented street scene with the mark on it."""
    return _jpeg(_scene(random.Random(seed), size))  # noqa: S311


def video(seed: int, seconds: int = 4) -> bytes:
    """Return a WebM of `seconds` seconds at 5 frames a second in which a van drives through the scene."""
    rng = random.Random(seed)  # noqa: S311
    ground = _scene(rng, _SIZE)
    frames = []
    for number in range(seconds * 5):
        frame = ground.copy()
        left = int(-160 + number * (_SIZE[0] + 200) / (seconds * 5))
        draw = ImageDraw.Draw(frame)
        draw.rounded_rectangle((left, 210, left + 160, 290), 14, fill=(88, 94, 99))
        draw.rectangle((left + 96, 222, left + 146, 248), fill=(176, 190, 196))
        for wheel in (left + 24, left + 112):
            draw.ellipse((wheel, 272, wheel + 32, 304), fill=(30, 32, 34))
        frames.append(_vp8(frame))
    return _webm(frames, _SIZE, milliseconds=200)


def page(seed: int) -> bytes:
    """Return a one-page PDF that looks like a notice handed to somebody; it says that it is invented."""
    paper = Image.new("RGB", (850, 1100), (252, 251, 247))
    draw = ImageDraw.Draw(paper)
    draw.text((90, 90), _MARK, fill=(120, 30, 20), font=_font(30))
    draw.text((90, 150), f"Sample notice no. {seed}", fill=(30, 30, 30), font=_font(26))
    for line in range(18):
        draw.rectangle(
            (90, 230 + line * 40, 90 + 640 - (line * 53 + seed * 31) % 220, 240 + line * 40), fill=(205, 202, 194)
        )
    out = io.BytesIO()
    written = time.gmtime(1_764_000_000)  # the same bytes whenever it is made
    paper.save(out, "PDF", resolution=100, title="Fictional sample notice", creationDate=written, modDate=written)
    return out.getvalue()


def audio(seed: int, seconds: int = 3) -> bytes:
    """Return a WAV note: a soft tone that rises and falls, 8 kHz, 16 bit, one channel."""
    rate, tone = 8000, 220 + seed % 7 * 20
    samples = (
        int(9000 * math.sin(math.pi * n / (rate * seconds)) * math.sin(2 * math.pi * tone * n / rate))
        for n in range(rate * seconds)
    )
    out = io.BytesIO()
    with wave.open(out, "wb") as note:
        note.setnchannels(1)
        note.setsampwidth(2)
        note.setframerate(rate)
        note.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


def _scene(rng: random.Random, size: tuple[int, int]) -> Image.Image:
    wide, high = size
    picture = Image.new("RGB", size, (196, 214, 224))
    draw = ImageDraw.Draw(picture)
    left = 0
    while left < wide:
        breadth, tall = rng.randint(wide // 14, wide // 6), rng.randint(high // 6, high // 2)
        shade = rng.randint(140, 205)
        draw.rectangle((left, high * 0.62 - tall, left + breadth, high * 0.62), fill=(shade, shade - 12, shade - 30))
        for window in range(left + 8, left + breadth - 14, 26):
            draw.rectangle((window, high * 0.62 - tall + 14, window + 12, high * 0.62 - tall + 30), fill=(96, 112, 122))
        left += breadth
    draw.rectangle((0, high * 0.62, wide, high), fill=(122, 120, 116))
    for stripe in range(0, wide, wide // 9):
        draw.rectangle((stripe, high * 0.82, stripe + wide // 18, high * 0.835), fill=(226, 220, 200))
    draw.text((wide * 0.03, high * 0.93), _MARK, fill=(255, 255, 255), font=_font(max(14, wide // 40)))
    return picture


def _font(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


def _vp8(frame: Image.Image) -> bytes:
    out = io.BytesIO()
    frame.save(out, "WEBP", quality=60, method=2)
    riff = out.getvalue()
    place = 12
    while place < len(riff):  # RIFF chunks: name, little-endian length, content padded to even
        name, length = riff[place : place + 4], int.from_bytes(riff[place + 4 : place + 8], "little")
        if name == b"VP8 ":
            return riff[place + 8 : place + 8 + length]
        place += 8 + length + length % 2
    raise ValueError("no VP8 frame")


def _element(name: str, *content: bytes) -> bytes:
    """Return one EBML element (RFC 8794): its identifier in hex, an 8-byte length, its content."""
    body = b"".join(content)
    return bytes.fromhex(name) + (len(body) | 1 << 56).to_bytes(8, "big") + body


def _number(name: str, value: int) -> bytes:
    return _element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def _webm(frames: list[bytes], size: tuple[int, int], milliseconds: int) -> bytes:
    head = _element(
        "1A45DFA3",
        _number("4286", 1),
        _number("42F7", 1),
        _number("42F2", 4),
        _number("42F3", 8),
        _element("4282", b"webm"),
        _number("4287", 2),
        _number("4285", 2),
    )
    length = struct.pack(">d", float(len(frames) * milliseconds))
    info = _element(
        "1549A966",
        _number("2AD7B1", 1_000_000),
        _element("4489", length),
        _element("4D80", b"testigo demo"),
        _element("5741", b"testigo demo"),
    )
    video_track = _element("E0", _number("B0", size[0]), _number("BA", size[1]))
    track = _element(
        "AE", _number("D7", 1), _number("73C5", 1), _number("83", 1), _element("86", b"V_VP8"), video_track
    )
    blocks = [
        _element("A3", b"\x81" + (number * milliseconds).to_bytes(2, "big") + b"\x80" + frame)
        for number, frame in enumerate(frames)
    ]
    cluster = _element("1F43B675", _number("E7", 0), *blocks)
    return head + _element("18538067", info, _element("1654AE6B", track), cluster)
