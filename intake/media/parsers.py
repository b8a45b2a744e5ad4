"""What reads people's files, in the jail only: each parser takes a file, writes into a folder, answers in JSON.

Nothing here may be called by the web or the worker. Answers hold what the file claims; nobody has verified it.
"""

from __future__ import annotations

import errno
import io
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dhash
import filetype
import pi_heif
import pypdfium2
from PIL import ExifTags, Image, ImageOps
from pymediainfo import MediaInfo

from intake.media.kinds import PICTURES

# Pixels. A JPEG is decoded at an eighth where that is enough, so telephones' 200 megapixels are no bomb.
MOST_PIXELS, MOST_PIXELS_JPEG = 120_000_000, 260_000_000
QUALITY = 82
TEXT_LIMIT = 400_000  # characters of one file's text
_HEAD = 8192  # bytes that tell a file's kind


class Unreadable(Exception):
    """The file is not what a parser can take; code: too_large, unreadable, protected or nothing."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Answer = dict[str, Any]


def load() -> None:
    """Load every format now: later nothing of the file system but the file is left."""
    pi_heif.register_heif_opener(decode_threads=1)
    Image.init()
    Image.MAX_IMAGE_PIXELS = None  # our own limits below, before anything is decoded
    warnings.simplefilter("ignore")
    MediaInfo.parse(io.BytesIO(b"RIFF"))
    blank = pypdfium2.PdfDocument.new()
    blank.new_page(10, 10).render(scale=1).to_pil().save(io.BytesIO(), "JPEG")
    Image.new("RGB", (8, 8)).save(io.BytesIO(), "PNG")
    filetype.guess(b"\x00" * 16)


def attempt(parser: Callable[..., Answer], source: Path, out: Path, **parameters: Any) -> Answer:  # noqa: ANN401
    """Run a parser; whatever a damaged file does to it becomes a `failure` (places.ParserFailed) in the answer.

    An error's words may quote the file, so only its kind goes out.
    """
    try:
        return parser(source, out, **parameters)
    except Unreadable as why:
        return {"failure": why.code}
    except MemoryError:
        return {"failure": "memory"}
    except OSError as why:
        return {"failure": "output" if why.errno == errno.EFBIG else "unreadable"}
    except Exception as why:  # noqa: BLE001
        return {"failure": "unreadable", "error": type(why).__name__}


def study(source: Path, out: Path, *, sizes: dict[str, int]) -> Answer:
    """Do at once what every photo needs: its kind, and where it is a picture the answers of the other parsers."""
    found = sniff(source, out)
    if found["content"] in PICTURES:
        found["claims"] = attempt(claims, source, out)
        found["picture"] = attempt(picture, source, out, sizes=sizes)
        found["fingerprint"] = attempt(fingerprint, out, out, files=[min(sizes, key=lambda name: sizes[name])])
    return found


def sniff(source: Path, _out: Path) -> Answer:
    """Say what the content is, by its first bytes; the name and what the browser said do not count."""
    with source.open("rb") as file:
        head = file.read(_HEAD)
    found = _container(head)
    if not found:
        kind = filetype.guess(head)
        found = kind.mime if kind else ""
    if found.startswith(("video/", "audio/")):
        found = _with_or_without_picture(source, found)
    return {"content": found}


def _container(head: bytes) -> str:
    """Tell ISO base media (ISO 14496-12: brand in `ftyp`) and EBML (RFC 8794) apart, which `filetype` often cannot."""
    if head[4:8] == b"ftyp":
        brand = head[8:12].decode("latin-1")
        return next((kind for start, kind in _BRANDS.items() if brand.startswith(start)), "video/mp4")
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if b"webm" in head[:80] else "video/x-matroska"
    return ""


_BRANDS = {
    "hei": "image/heic", "hev": "image/heic", "mif1": "image/heic", "msf1": "image/heic", "avi": "image/avif",
    "3gp": "video/3gpp", "3g2": "video/3gpp2", "M4A": "audio/mp4", "M4B": "audio/mp4", "qt": "video/quicktime",
}  # fmt: skip


def _with_or_without_picture(source: Path, found: str) -> str:
    tracks = MediaInfo.parse(str(source)).tracks
    kinds = {track.track_type for track in tracks}
    if "Video" in kinds:
        return found if found.startswith("video/") else f"video/{found.partition('/')[2]}"
    if "Audio" in kinds:
        return f"audio/{found.partition('/')[2] or 'mp4'}"
    return ""


def picture(source: Path, out: Path, *, sizes: dict[str, int]) -> Answer:
    """Write JPEGs no larger than `sizes` (file name: pixels of the longer side), turned as EXIF says, without EXIF.

    Answers width and height as people see the picture.
    """
    with _opened(source) as image:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) in {5, 6, 7, 8}
        wide, high = reversed(image.size) if turned else image.size
        largest = max(sizes.values()) / max(image.size)
        # In the picture's own shape, else the decoder would keep twice what is needed.
        wanted = min(1, largest)
        image.draft("RGB", (math.ceil(image.size[0] * wanted), math.ceil(image.size[1] * wanted)))
        small = _flat(image)
        small.thumbnail((max(sizes.values()),) * 2, Image.Resampling.BICUBIC, reducing_gap=2.0)
        small = ImageOps.exif_transpose(small)
    for name, size in sorted(sizes.items(), key=lambda each: -each[1]):
        small.thumbnail((size, size), Image.Resampling.BICUBIC, reducing_gap=2.0)
        _clean(small).save(out / name, "JPEG", quality=QUALITY, optimize=False)
    return {"width": wide, "height": high}


def _clean(image: Image.Image) -> Image.Image:
    # A copy of the pixels alone: no EXIF, no colour profile, no comment comes along.
    image.info = {}
    return image


def _opened(source: Path) -> Image.Image:
    try:
        image = Image.open(source)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as why:
        raise Unreadable("unreadable") from why
    pixels = image.size[0] * image.size[1]
    if pixels > (MOST_PIXELS_JPEG if image.format in {"JPEG", "MPO"} else MOST_PIXELS):
        raise Unreadable("too_large")
    return image


def _flat(image: Image.Image) -> Image.Image:
    exif = image.getexif()
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        clear = image.convert("RGBA")
        flat = Image.new("RGB", clear.size, "white")
        flat.paste(clear, mask=clear.getchannel("A"))
    elif image.mode == "RGB":
        image.load()
        return image
    elif image.mode.startswith("I;16"):
        flat = image.point(lambda value: value / 256).convert("L").convert("RGB")
    else:
        flat = image.convert("RGB")
    flat.getexif()[ExifTags.Base.Orientation] = exif.get(ExifTags.Base.Orientation, 1)
    return flat


def fingerprint(source: Path, _out: Path, *, files: list[str]) -> Answer:
    """Answer the 128-bit difference hash (hex) of each named picture of the folder `source`; '' for a blank one."""
    return {"hashes": [_fingerprint(source / name) for name in files]}


def _fingerprint(path: Path) -> str:
    with _opened(path) as image:
        row, column = dhash.dhash_row_col(image)
    # Skies, walls and black frames have next to no differences: such a hash would be like any other's.
    few = (row.bit_count() + column.bit_count()) in range(8)
    return "" if few else f"{row:016x}{column:016x}"


def claims(source: Path, _out: Path) -> Answer:
    """Answer what the file says of itself: EXIF of pictures, container data of video and sound. Claimed, not known."""
    told: Answer = {}
    try:
        with Image.open(source) as image:
            told = {"format": image.format, "width": image.size[0], "height": image.size[1], **_exif(image)}
    except (OSError, ValueError, SyntaxError):
        for track in MediaInfo.parse(str(source)).tracks:
            known = {name: _short(track.to_data().get(name)) for name in _TRACK if track.to_data().get(name)}
            told |= {f"{track.track_type.lower()}.{name}": value for name, value in known.items()}
    return {"claims": told}


_TRACK = (
    "format", "codec_id", "duration", "width", "height", "rotation", "frame_rate", "bit_rate", "channel_s",
    "sampling_rate", "encoded_date", "tagged_date", "recorded_date", "comapplequicktimecreationdate",
    "comapplequicktimemake", "comapplequicktimemodel", "comapplequicktimesoftware",
    "comapplequicktimelocationiso6709", "xyz", "performer", "title", "encoded_application", "comandroidversion",
)  # fmt: skip
_EXIF = {
    "Make", "Model", "Software", "DateTime", "Orientation", "Artist", "Copyright", "ImageDescription",
    "DateTimeOriginal", "DateTimeDigitized", "OffsetTimeOriginal", "SubsecTimeOriginal", "LensModel", "ExposureTime",
    "FNumber", "ISOSpeedRatings", "FocalLength", "Flash", "BodySerialNumber",
}  # fmt: skip


def _exif(image: Image.Image) -> Answer:
    exif = image.getexif()
    tags = {ExifTags.TAGS.get(tag, ""): value for tag, value in exif.items()}
    tags |= {ExifTags.TAGS.get(tag, ""): value for tag, value in exif.get_ifd(ExifTags.IFD.Exif).items()}
    told = {name: _short(tags[name]) for name in sorted(_EXIF & set(tags))}
    place = {ExifTags.GPSTAGS.get(tag, ""): value for tag, value in exif.get_ifd(ExifTags.IFD.GPSInfo).items()}
    for axis in ("Latitude", "Longitude"):
        if f"GPS{axis}" in place:
            told[f"GPS{axis}"] = f"{_degrees(place[f'GPS{axis}'])} {_short(place.get(f'GPS{axis}Ref', ''))}"
    return told | {name: _short(place[name]) for name in ("GPSDateStamp", "GPSAltitude") if name in place}


def _degrees(parts: Any) -> str:  # noqa: ANN401
    try:
        degrees, minutes, seconds = (float(part) for part in parts)
        return f"{degrees + minutes / 60 + seconds / 3600:.6f}"
    except (TypeError, ValueError, ZeroDivisionError):
        return _short(parts)


def _short(value: Any) -> str:  # noqa: ANN401
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return "".join(c for c in text if c.isprintable())[:200]


def pages(source: Path, out: Path, *, first: int, last: int, size: int) -> Answer:
    """Write pages `first` to `last` (from 1) as page-N.jpg, `size` pixels high, and answer the text layer of each.

    Nothing of the PDF runs: pdfium is built without JavaScript, forms are not filled, attachments stay in it.
    """
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as why:
        raise Unreadable("protected" if "password" in str(why).lower() else "unreadable") from why
    texts = []
    for number in range(first, min(last, len(document)) + 1):
        page = document[number - 1]
        scale = size / max(page.get_width(), page.get_height(), 1.0)
        image = page.render(scale=min(scale, 6.0)).to_pil()
        image.thumbnail((size, size))
        _clean(image.convert("RGB")).save(out / f"page-{number}.jpg", "JPEG", quality=QUALITY)
        texts.append(page.get_textpage().get_text_bounded()[:TEXT_LIMIT])
        page.close()
    return {"count": len(document), "texts": texts}


def peaks(source: Path, _out: Path, *, most: int) -> Answer:
    """Answer at most `most` loudness peaks (0 to 100) of raw unsigned 8-bit sound, evenly spaced in time."""
    size = source.stat().st_size
    step = max(1, -(-size // most))
    found = []
    with source.open("rb") as file:
        while piece := file.read(step):
            found.append(round(max(abs(max(piece) - 128), abs(min(piece) - 128)) / 128 * 100))
    return {"peaks": found}


PARSERS: dict[str, Callable[..., Answer]] = {
    "study": study,
    "sniff": sniff,
    "picture": picture,
    "fingerprint": fingerprint,
    "claims": claims,
    "pages": pages,
    "peaks": peaks,
}
