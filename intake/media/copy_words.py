"""The invisible words of a redacted PDF, and the search for words that should be gone. In the jail only.

The text font has no glyphs: its codes are UTF-16 units and ToUnicode says so, which holds for every script.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

import pikepdf
from PIL import Image

_Place = tuple[float, float, float, float]
_LEAST = 3.5  # points: smaller letters would only look like dust on the box
_HELVETICA = pikepdf.Dictionary(
    Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica,
    Encoding=pikepdf.Name.WinAnsiEncoding,
)  # fmt: skip
_UNICODE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /Adobe-Identity-UCS def /CMapType 2 def "
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange "
    b"endcmap CMapName currentdict /CMap defineresource pop end end"
)


def new_pdf() -> pikepdf.Pdf:
    """Return an empty PDF with the font of the invisible words."""
    pdf = pikepdf.new()
    name = pikepdf.Name
    system = pikepdf.Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0)
    descriptor = pikepdf.Dictionary(
        Type=name.FontDescriptor, FontName=name.Words, Flags=5, FontBBox=[0, 0, 500, 1000], ItalicAngle=0, Ascent=1000,
        Descent=0, CapHeight=1000, StemV=80,
    )  # fmt: skip
    below = pikepdf.Dictionary(
        Type=name.Font, Subtype=name.CIDFontType2, BaseFont=name.Words, CIDSystemInfo=system, DW=500,
        CIDToGIDMap=name.Identity, FontDescriptor=pdf.make_indirect(descriptor),
    )  # fmt: skip
    pdf.Root.Words = pdf.make_indirect(
        pikepdf.Dictionary(
            Type=name.Font, Subtype=name.Type0, BaseFont=name.Words, Encoding=pikepdf.Name("/Identity-H"),
            DescendantFonts=[pdf.make_indirect(below)], ToUnicode=pdf.make_stream(_UNICODE),
        )
    )  # fmt: skip
    return pdf


def add_page(
    pdf: pikepdf.Pdf,
    image: Image.Image,
    size: tuple[float, float],
    words: Sequence[tuple[str, _Place]],
    reasons: Sequence[tuple[str, _Place]] = (),
) -> None:
    """Add a page of `size` points: the picture, the words unseen at their places, and each box's reason in white.

    Places are pixels of the picture. The reason is text over the burnt pixels: the picture itself stays black there.
    """
    picture = io.BytesIO()
    image.save(picture, "JPEG", quality=80)
    name = pikepdf.Name
    shown = pdf.make_stream(
        picture.getvalue(), Type=name.XObject, Subtype=name.Image, Width=image.width, Height=image.height,
        BitsPerComponent=8, ColorSpace=name.DeviceRGB, Filter=name.DCTDecode,
    )  # fmt: skip
    wide, high = size
    scale = (wide / image.width, high / image.height)
    drawn = [f"q {wide:.3f} 0 0 {high:.3f} 0 0 cm /I Do Q BT 3 Tr".encode()]
    drawn += [_word(word, place, scale, high) for word, place in words]
    drawn += [b"0 Tr 1 g 100 Tz", *(_reason(text, place, scale, high) for text, place in reasons)]
    page = pikepdf.Dictionary(
        Type=name.Page, MediaBox=[0, 0, wide, high],
        Resources=pikepdf.Dictionary(
            Font=pikepdf.Dictionary(W=pdf.Root.Words, R=_HELVETICA), XObject=pikepdf.Dictionary(I=shown)
        ),
        Contents=pdf.make_stream(b"\n".join([*drawn, b"ET"])),
    )  # fmt: skip
    pdf.pages.append(pikepdf.Page(pdf.make_indirect(page)))


def _word(word: str, place: _Place, scale: tuple[float, float], high: float) -> bytes:
    left, top, right, bottom = place
    size = max(1.0, (bottom - top) * scale[1])
    units = len(word.encode("utf-16-be")) // 2
    stretch = max(1.0, 100 * (right - left) * scale[0] / (units * size * 0.5))
    x, y = left * scale[0], high - bottom * scale[1]
    shown = word.encode("utf-16-be").hex().upper()
    # A space follows each word, so that readers do not join neighbours.
    return f"/W {size:.2f} Tf {stretch:.1f} Tz 1 0 0 1 {x:.2f} {y:.2f} Tm <{shown}0020> Tj".encode()


def _reason(texts: str, place: _Place, scale: tuple[float, float], high: float) -> bytes:
    left, top, right, bottom = place
    wide, tall = (right - left) * scale[0], (bottom - top) * scale[1]
    # The whole reason where it fits, else its code, the text's second line; else the box says nothing.
    for text in texts.split("\n"):
        size = min(9.0, tall * 0.7, wide / (0.6 * max(1, len(text))))
        if size >= _LEAST:
            break
    else:
        return b""
    x, y = left * scale[0] + 1, high - bottom * scale[1] + (tall - size) / 2 + size * 0.2
    shown = text.encode("cp1252", "replace").hex().upper()
    return f"/R {size:.2f} Tf 1 0 0 1 {x:.2f} {y:.2f} Tm <{shown}> Tj".encode()


def holds(text: str, gone: list[str]) -> bool:
    """Tell whether one of the words stands in the text as a word of its own."""
    folded = text.casefold()
    return any(re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", folded) for word in gone)


def left_in(pdf: pikepdf.Pdf, gone: list[str]) -> set[str]:
    """Return codes of what a PDF still holds: text, metadata, attachment."""
    wrong = set()
    if "/Info" in pdf.trailer or "/Metadata" in pdf.Root:
        wrong.add("metadata")
    if len(pdf.attachments) or "/Names" in pdf.Root:
        wrong.add("attachment")
    needles = [n for word in gone if len(word) > 2 for n in _spellings(word)]  # noqa: PLR2004  (two letters are noise)
    for each in pdf.objects:
        if isinstance(each, pikepdf.Stream) and each.get("/Subtype") != "/Image":
            body = each.read_bytes()
            if any(needle in body for needle in needles):
                wrong.add("text")
        elif isinstance(each, pikepdf.String) and holds(str(each), gone):
            wrong.add("text")
    return wrong


def _spellings(word: str) -> list[bytes]:
    spelt = [word.encode("utf-8"), word.encode("utf-16-be").hex().upper().encode()]
    try:
        spelt.append(word.encode("latin-1"))
    except UnicodeEncodeError:
        return spelt
    # A word of our own text layer stands between the brackets of one string; within a longer word it is another word.
    return [spelt[0], b"<" + spelt[1] + b"0020>", spelt[2]] if word.isascii() else spelt
