"""Where in a file a paragraph rests: a stretch of seconds, or a page."""

from __future__ import annotations

import re

_STRETCH = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})(?:\s*(?:-|–|—|to|a)\s*(?:(\d+):)?(\d{1,2}):(\d{2}))?")


def media_fragment(locator: str) -> str:
    """Return 0:08-0:31 as t=8,31 (W3C Media Fragments), or nothing when it names no second."""
    found = _STRETCH.search(locator)
    if not found:
        return ""
    hours, minutes, seconds, *end = found.groups()
    start = _seconds(hours, minutes, seconds)
    return f"t={start}" if end[1] is None else f"t={start},{_seconds(*end)}"


def _seconds(hours: str | None, minutes: str, seconds: str) -> int:
    return int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)
