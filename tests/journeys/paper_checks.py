"""What a court paper must pass: qpdf, its text, baselines on the 28 numbers, and its two standards in the XMP."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pikepdf
import pypdfium2


def text(path: Path) -> str:
    """Return the text as poppler reads it, without the line numbers in the margin."""
    whole = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"(?m)^ ?\d{1,2}(?:\s+|$)", "", whole)


def is_sound(path: Path) -> bool:
    """Tell whether qpdf finds nothing wrong."""
    return subprocess.run(["qpdf", "--check", path], capture_output=True, check=False).returncode == 0


def standards(path: Path) -> dict[str, str]:
    """Return what the file says it is: part and conformance of PDF/A, part of PDF/UA."""
    with pikepdf.open(path) as pdf:
        meta = pdf.open_metadata()
        assert pdf.Root.MarkInfo.Marked
        return {name: str(meta[name]) for name in ("pdfaid:part", "pdfaid:conformance", "pdfuaid:part")}


def numbers(path: Path, page: int = 0) -> dict[int, float]:
    """Return {line number: baseline} of the numbers in the margin, in points from the page's foot."""
    pdf = pypdfium2.PdfDocument(path)
    words = pdf[page].get_textpage()
    found = {}
    for index in range(words.count_rects()):
        left, bottom, right, _top = words.get_rect(index)
        said = words.get_text_bounded(left, bottom, right, _top).strip()
        if right < 108 and said.isdigit() and 1 <= int(said) <= 28:
            found[int(said)] = round(bottom, 1)
    return found


def off_the_grid(path: Path, page: int) -> list[float]:
    """Return baselines of body text that stand on no line number; `page` must hold double-spaced text only."""
    pdf = pypdfium2.PdfDocument(path)
    words = pdf[page].get_textpage()
    grid = set()
    body = set()
    for index in range(words.count_chars()):
        left, bottom, _right, _top = words.get_charbox(index)
        said = words.get_text_range(index, 1)
        if left < 108 and said.isdigit():
            grid.add(round(bottom))
        elif left > 110 and bottom > 65 and said in "xzmnrsuvwaceo":
            body.add(round(bottom))
    return sorted(y for y in body if not any(abs(y - line) <= 1 for line in grid))
