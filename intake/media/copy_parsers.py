"""Parsers that make copies for others, in the jail only: pixels burnt, words dropped, nothing of the old file kept.

A copy is made anew from pixels and from the words that survive; nothing is painted over what is still there.
Boxes are {"page", "x", "y", "w", "h"}: fractions of the page or picture as people see it, upright, from the top left.
"""

from __future__ import annotations

import codecs
import io
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageDraw, ImageOps

from intake.media import copy_words, parsers
from intake.media.parsers import Answer, Unreadable

DPI = 200  # pixels per inch of a page that becomes a picture: readable in court, six pages a second
MOST_PAGES = 2000
_EDGE = 1.5  # pixels added around a box, so that no half-covered edge survives
_DARK = 24  # of 255; what JPEG leaves of black
Box = dict[str, float]


def load() -> None:
    """Make and check one small copy now: codecs and modules that load when first used cannot be found later."""
    for codec in ("ascii", "latin-1", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "pdfdoc", "pdfdoc_pikepdf"):
        codecs.lookup(codec)
    made = copy_words.new_pdf()
    made.Root.Words.Told = pikepdf.String("\u00e1\ud55c")
    copy_words.add_page(made, Image.new("RGB", (8, 8)), (8, 8), [("\u00e1", (0, 0, 4, 4))])
    body = io.BytesIO()
    made.save(body, compress_streams=True, deterministic_id=True)
    with pikepdf.open(body) as pdf:
        copy_words.left_in(pdf, ["\u00e1b\ud55c", "abc"])
        _picture_of(pdf.pages[0])
        pdf.save(io.BytesIO(), object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)


def copy_picture(source: Path, out: Path, *, boxes: list[Box], png: bool) -> Answer:
    """Write `copy`: the upright picture without metadata, each box black. Answers width and height in pixels."""
    with parsers._opened(source) as image:  # noqa: SLF001  (one house: the limits on pixels are there)
        upright = ImageOps.exif_transpose(image)
        flat = upright.convert("RGB") if "A" not in upright.getbands() else _on_white(upright)
    fresh = Image.new("RGB", flat.size)
    fresh.paste(flat)  # pixels only: no EXIF, profile, comment, thumbnail or further frame comes along
    _burn(fresh, boxes, 0)
    fresh.save(out / "copy", "PNG" if png else "JPEG", **({} if png else {"quality": 92}))
    return {"width": fresh.width, "height": fresh.height}


def _on_white(image: Image.Image) -> Image.Image:
    clear = image.convert("RGBA")
    flat = Image.new("RGB", clear.size, "white")
    flat.paste(clear, mask=clear.getchannel("A"))
    return flat


def _burn(image: Image.Image, boxes: list[Box], page: int) -> None:
    draw = ImageDraw.Draw(image)
    for box in boxes:
        if int(box["page"]) == page:
            draw.rectangle(_pixels(box, image.size), fill=(0, 0, 0))


def _pixels(box: Box, size: tuple[int, int], edge: float = _EDGE) -> tuple[float, float, float, float]:
    wide, high = size
    left, top = box["x"] * wide - edge, box["y"] * high - edge
    right, bottom = (box["x"] + box["w"]) * wide + edge, (box["y"] + box["h"]) * high + edge
    return max(0.0, left), max(0.0, top), min(wide - 1.0, right), min(high - 1.0, bottom)


def copy_pages(source: Path, out: Path, *, boxes: list[Box]) -> Answer:
    """Write `copy`: a PDF of page pictures with the surviving words under them, as searchable text.

    Answers pages, how many words went, on which pages (from 1) the same words still stand outside the boxes, and in
    `gone` the words that must not be found in the copy (for the check in this jail; they leave it no further).
    """
    document = _document(source)
    made, gone, kept = copy_words.new_pdf(), [], []
    for number, page in enumerate(document, 1):
        image = page.render(scale=DPI / 72).to_pil().convert("RGB")
        mine = [box for box in boxes if int(box["page"]) == number]
        _burn(image, mine, number)
        dropped, words = _split(_words(page, image.size), [_pixels(box, image.size) for box in mine])
        gone += [word for word, _place in dropped]
        kept.append([word for word, _place in words])
        reasons = [(str(box.get("label", "")), _pixels(box, image.size, 0)) for box in mine]
        copy_words.add_page(made, image, page.get_size(), words, reasons)
        page.close()
    del made.Root["/Words"]  # the pages hold it
    made.save(out / "copy", compress_streams=True, deterministic_id=True)
    lost = {word.casefold() for word in gone if len(word) > 1}
    again = [n for n, words in enumerate(kept, 1) if lost & {word.casefold() for word in words}]
    standing = {word.casefold() for words in kept for word in words}
    secret = sorted({word for word in gone if len(word) > 1 and word.casefold() not in standing})
    return {"pages": len(document), "dropped": len(gone), "again": again, "gone": secret}


def _document(source: Path) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as why:
        raise Unreadable("protected" if "password" in str(why).lower() else "unreadable") from why
    if len(document) > MOST_PAGES:
        raise Unreadable("too_large")
    return document


_Place = tuple[float, float, float, float]
_Words = list[tuple[str, _Place]]


def _words(page: pypdfium2.PdfPage, size: tuple[int, int]) -> _Words:
    """Return the page's words with their places in pixels of its upright picture."""
    found: _Words = []
    text, word, place = page.get_textpage(), "", (0.0, 0.0, 0.0, 0.0)
    for index in range(text.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(text, index))
        if not character.isprintable() or character.isspace():
            found, word = ([*found, (word, place)] if word else found), ""
            continue
        here = _on_picture(page, text.get_charbox(index), size)
        if word and not _same_line(place, here):
            found, word = [*found, (word, place)], ""
        place = here if not word else _around(place, here)
        word += character
    return [*found, (word, place)] if word else found


def _on_picture(page: pypdfium2.PdfPage, box: tuple[float, ...], size: tuple[int, int]) -> _Place:
    # The page's own rotation and crop are pdfium's to know.
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = pdfium.c_int(), pdfium.c_int()
        pdfium.FPDF_PageToDevice(page, 0, 0, size[0] * 8, size[1] * 8, 0, x, y, across, down)
        corners.append((across.value / 8, down.value / 8))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _around(one: _Place, other: _Place) -> _Place:
    return min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3])


def _same_line(word: _Place, here: _Place) -> bool:
    # A line runs across, or down on a turned page: the next letter overlaps the word in one of the two.
    return (here[1] < word[3] and here[3] > word[1]) or (here[0] < word[2] and here[2] > word[0])


def _split(words: _Words, boxes: list[_Place]) -> tuple[_Words, _Words]:
    """Return the words that any box touches, and the others: of a word half covered nothing survives."""
    dropped = [w for w in words if any(_touch(w[1], box) for box in boxes)]
    return dropped, [w for w in words if w not in dropped]


def _touch(one: _Place, other: _Place) -> bool:
    return one[0] < other[2] and one[2] > other[0] and one[1] < other[3] and one[3] > other[1]


def copy_pdf(source: Path, out: Path) -> Answer:
    """Write `copy`: the same pages without properties, XMP, attachments, scripts, thumbnails or earlier revisions."""
    try:
        pdf = pikepdf.open(source)
    except pikepdf.PasswordError as why:
        raise Unreadable("protected") from why
    except pikepdf.PdfError as why:
        raise Unreadable("unreadable") from why
    _drop(pdf.Root, "/Metadata", "/Names", "/OpenAction", "/AA", "/PieceInfo", "/Collection", "/SpiderInfo")
    _drop(pdf.trailer, "/Info")
    for page in pdf.pages:
        _strip_page(page)
    for each in pdf.objects:
        if isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
            _drop(each, "/Metadata")
    pdf.save(out / "copy", object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)
    return {"pages": len(pdf.pages)}


def _drop(held: Any, *names: str) -> None:  # noqa: ANN401
    for name in names:
        if name in held:
            del held[name]


def _strip_page(page: pikepdf.Page) -> None:
    _drop(page.obj, "/Metadata", "/PieceInfo", "/Thumb", "/LastModified", "/AA")
    if "/Annots" in page.obj:
        kept = [a for a in page.obj.Annots if a.get("/Subtype") not in {"/FileAttachment", "/Popup", "/Text"}]
        for annotation in kept:
            _drop(annotation, "/T", "/Contents", "/NM", "/M", "/CreationDate", "/A", "/AA")
        page.obj.Annots = pikepdf.Array(kept)


def check_picture(source: Path, _out: Path, *, boxes: list[Box]) -> Answer:
    """Answer what is wrong with a picture that was copied: codes metadata, box; empty when nothing survives."""
    wrong = set()
    with parsers._opened(source) as image:  # noqa: SLF001
        told = {k for k in image.info if k not in {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}}
        if told or image.getexif():
            wrong.add("metadata")
        if not _black(image.convert("RGB"), boxes, 0):
            wrong.add("box")
    return {"wrong": sorted(wrong)}


def _black(image: Image.Image, boxes: list[Box], page: int) -> bool:
    for box in boxes:
        if int(box["page"]) == page:
            inside = image.crop(tuple(round(v) for v in _pixels(box, image.size, 0)))  # type: ignore[arg-type]
            if inside.size[0] and inside.size[1] and max(high for _low, high in inside.getextrema()) > _DARK:  # type: ignore[misc]
                return False
    return True


def check_pdf(source: Path, _out: Path, *, boxes: list[Box], gone: list[str]) -> Answer:
    """Answer what is wrong with a PDF that was copied.

    Codes: text (a word that went is found again by pdfium or in a decompressed stream), metadata, attachment,
    revision, box; empty when nothing survives.
    """
    wrong: set[str] = set()
    body = source.read_bytes()
    if body.count(b"%%EOF") != 1:
        wrong.add("revision")
    with pikepdf.open(source) as pdf:
        wrong |= copy_words.left_in(pdf, gone)
        for number, sheet in enumerate(pdf.pages, 1):
            mine = [box for box in boxes if int(box["page"]) == number]
            if mine and not _black(_picture_of(sheet), mine, number):
                wrong.add("box")
    document = pypdfium2.PdfDocument(source)
    for page in document:
        if copy_words.holds(page.get_textpage().get_text_bounded(), gone):
            wrong.add("text")
        page.close()
    return {"wrong": sorted(wrong)}


def _picture_of(page: pikepdf.Page) -> Image.Image:
    """Return the picture that a copied page consists of; white where there is none, which no box passes."""
    pictures = [each for each in page.images.values() if isinstance(each, pikepdf.Stream)]
    if len(pictures) != 1:
        return Image.new("RGB", (100, 100), "white")
    return pikepdf.PdfImage(pictures[0]).as_pil_image().convert("RGB")


PARSERS: dict[str, Any] = {
    "copy_picture": copy_picture,
    "copy_pages": copy_pages,
    "copy_pdf": copy_pdf,
    "check_picture": check_picture,
    "check_pdf": check_pdf,
}
