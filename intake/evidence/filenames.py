"""File names are the uploader's words: stored as given, shown without tricks, never used as a path or an address."""

from __future__ import annotations

import re
import unicodedata

from intake.errors import Invalid

LONGEST = 1024  # characters kept; file systems stop at 255 bytes, some archives do not
SHOWN = 80  # characters on a page
_ACCENTS = 4  # combining marks kept on one letter; real writing needs no more
# Control and format characters (bidirectional overrides among them), surrogates, private use, line separators.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def storable(name: str) -> str:
    """Return the name as it can be stored: as given, half surrogate pairs replaced, which UTF-8 cannot hold.

    Raises Invalid for no name, NUL, and more than 1,024 characters.
    """
    if not name or "\x00" in name or len(name) > LONGEST:
        raise Invalid({"name": "wrong"})
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def shown(name: str) -> str:
    """Return the name as pages show it: no folders, nothing invisible or reversed, few accents, 80 letters."""
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    clean = _few_accents(unicodedata.normalize("NFC", last))
    clean = " ".join("".join(c if unicodedata.category(c) not in _HIDDEN else "�" for c in clean).split())
    if len(clean) > SHOWN:
        clean = f"{clean[: SHOWN - 16]}…{clean[-15:]}"
    return clean or "�"


def extension(name: str) -> str:
    """Return the name's ending with its dot when it is a plain one, else nothing."""
    found = re.search(r"\.[A-Za-z0-9]{1,8}$", name)
    return found.group(0).lower() if found else ""


def media_type(claimed: str) -> str:
    """Return the claimed type when it has the form of one (RFC 6838), else application/octet-stream."""
    good = re.fullmatch(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}", claimed.strip().lower())
    return good.group(0) if good else "application/octet-stream"


def _few_accents(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _ACCENTS:
            kept.append(character)
    return "".join(kept)
