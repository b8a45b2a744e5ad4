"""Subtitles as text: SubRip (SRT) and WebVTT (W3C) read strictly, WebVTT written. Plain words, no markup.

Cues are {"start", "end", "text"} in milliseconds; of a text without times both are None.
"""

from __future__ import annotations

import re
from typing import Any

from intake.errors import Invalid

MOST_CUES, LONGEST = 20_000, 5_000  # cues; characters of one cue
_TIME = r"(?:(\d{1,3}):)?(\d{2}):(\d{2})[.,](\d{3})"
_LINE = re.compile(rf"{_TIME}[ \t]+-->[ \t]+{_TIME}(?:[ \t].*)?")
_TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,200}\}")
Cue = dict[str, Any]


def read(text: str) -> tuple[str, list[Cue]]:
    """Return what it is ("vtt", "srt" or "typed") and its cues, in order of time.

    Raises Invalid({"text": code}): empty, times (an end before its start, a cue without words), too_long.
    """
    body = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").strip()
    if not body:
        raise Invalid({"text": "empty"})
    if "-->" not in body:
        lines = [line.strip() for line in body.split("\n") if line.strip()]
        return "typed", _bounded([{"start": None, "end": None, "text": line} for line in lines])
    cues = [cue for block in re.split(r"\n{2,}", body) if (cue := _cue(block))]
    if not cues:
        raise Invalid({"text": "times"})
    return "vtt" if body.startswith("WEBVTT") else "srt", _bounded(sorted(cues, key=lambda cue: cue["start"]))


def _bounded(cues: list[Cue]) -> list[Cue]:
    if len(cues) > MOST_CUES or any(len(cue["text"]) > LONGEST for cue in cues):
        raise Invalid({"text": "too_long"})
    return cues


def _cue(block: str) -> Cue | None:
    lines = block.split("\n")
    found = next(((n, m) for n, line in enumerate(lines[:3]) if (m := _LINE.fullmatch(line.strip()))), None)
    if found is None:
        if "-->" in block:
            raise Invalid({"text": "times"})
        return None  # WebVTT's heading, notes and styles
    at, match = found
    start, end = _ms(match.groups()[:4]), _ms(match.groups()[4:])
    words = "\n".join(_TAG.sub("", line).strip() for line in lines[at + 1 :]).strip()
    if end < start or not words:
        raise Invalid({"text": "times"})
    return {"start": start, "end": end, "text": words}


def _ms(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, rest = (int(part or 0) for part in parts)
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def write(cues: list[Cue]) -> str:
    """Return the cues that have times as WebVTT; nothing in a word can start a cue, a tag or an entity."""
    blocks = ["WEBVTT"]
    for cue in cues:
        if cue["start"] is not None:
            safe = cue["text"].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            words = "\n".join(line for line in safe.split("\n") if line.strip())
            blocks.append(f"{clock(cue['start'], full=True)} --> {clock(cue['end'], full=True)}\n{words}")
    return "\n\n".join(blocks) + "\n"


def clock(ms: int, *, full: bool = False) -> str:
    """Return a moment as people cite it, 1:02:03.4 or 0:08; full: as WebVTT wants it, 01:02:03.400."""
    seconds, rest = divmod(ms, 1000)
    hours, minutes = divmod(seconds // 60, 60)
    if full:
        return f"{hours:02d}:{minutes:02d}:{seconds % 60:02d}.{rest:03d}"
    tenth = f".{rest // 100}" if rest >= 100 else ""  # noqa: PLR2004
    return f"{hours}:{minutes:02d}:{seconds % 60:02d}{tenth}" if hours else f"{minutes}:{seconds % 60:02d}{tenth}"


def moment(text: str) -> int | None:
    """Return the milliseconds of a typed moment: 8, 0:08, 1:02:03.4; None for nothing. Raises Invalid."""
    if not text.strip():
        return None
    match = re.fullmatch(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,5})(?:[.,](\d{1,3}))?", text.strip())
    if match is None:
        raise Invalid({"at": "wrong"})
    hours, minutes, seconds = (int(part or 0) for part in match.groups()[:3])
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((match[4] or "0").ljust(3, "0"))


def plain(origin: str, cues: list[Cue]) -> str:
    """Return the text for editing: WebVTT where there are times, else one line for each cue."""
    return "\n".join(cue["text"] for cue in cues) if origin == "typed" else write_editable(cues)


def write_editable(cues: list[Cue]) -> str:
    """Return cues as WebVTT with the words as they are, which read() takes again."""
    lines = [f"{clock(c['start'], full=True)} --> {clock(c['end'], full=True)}\n{c['text']}" for c in cues]
    return "\n\n".join(["WEBVTT", *lines]) + "\n"
