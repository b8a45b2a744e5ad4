"""What scans found and what was made, in plain words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext, lazy_gettext

from intake.evidence.models import EvidenceItem

HELD = {
    "no_scanner": lazy_gettext("This server has no virus scanner, so nobody has looked whether the file is harmful."),
    "no_signatures": lazy_gettext("The virus scanner of this server has no signatures, so it recognizes nothing."),
    "stale": lazy_gettext("The virus scanner's signatures are too old to be trusted."),
    "too_large": lazy_gettext("The file is larger than 2 GB, which the virus scanner cannot look at."),
    "too_deep": lazy_gettext("The file unpacks to more than the virus scanner will look at. That can be a trap."),
    "failed": lazy_gettext("The virus scanner could not read the file."),
}
FAILURES = {
    "time": lazy_gettext("took too long"),
    "memory": lazy_gettext("needed too much memory"),
    "output": lazy_gettext("grew too large"),
    "too_large": lazy_gettext("has too many pixels"),
    "protected": lazy_gettext("is locked with a password"),
    "crash": lazy_gettext("broke the program that read it"),
    "no_program": lazy_gettext("the program for it is not installed here"),
    "no_tesseract": lazy_gettext("the program that reads text is not installed here"),
    "no_languages": lazy_gettext("the program that reads text has no English and Spanish here"),
}
KINDS = {
    "thumbnail": lazy_gettext("Small picture"),
    "preview": lazy_gettext("Picture for the screen"),
    "poster": lazy_gettext("Picture of the video"),
    "frames": lazy_gettext("Frames to compare"),
    "proxy": lazy_gettext("Copy for the player"),
    "waveform": lazy_gettext("Sound curve"),
    "page": lazy_gettext("Pages"),
    "text": lazy_gettext("Text of the pages"),
    "ocr": lazy_gettext("Text read off the picture"),
    "claims": lazy_gettext("What the file says of itself"),
}
REASONS = {
    "same_file": lazy_gettext("The same file, byte for byte"),
    "picture": lazy_gettext("Looks the same: %(differs)s of %(of)s points differ"),
    "video": lazy_gettext("Shows the same: %(same)s of %(of)s frames"),
    "text": lazy_gettext("Reads the same: %(same)s of %(of)s samples"),
}
CLAIMS = {
    "Make": lazy_gettext("Maker of the device"),
    "Model": lazy_gettext("Device"),
    "Software": lazy_gettext("Software"),
    "DateTimeOriginal": lazy_gettext("Taken"),
    "DateTime": lazy_gettext("Changed"),
    "GPSLatitude": lazy_gettext("Latitude"),
    "GPSLongitude": lazy_gettext("Longitude"),
    "width": lazy_gettext("Width in pixels"),
    "height": lazy_gettext("Height in pixels"),
    "format": lazy_gettext("Format"),
    "general.format": lazy_gettext("Format"),
    "general.duration": lazy_gettext("Length in milliseconds"),
    "general.encoded_date": lazy_gettext("Recorded"),
    "general.comapplequicktimecreationdate": lazy_gettext("Recorded"),
    "general.comapplequicktimemake": lazy_gettext("Maker of the device"),
    "general.comapplequicktimemodel": lazy_gettext("Device"),
    "general.comapplequicktimelocationiso6709": lazy_gettext("Place"),
    "video.width": lazy_gettext("Width in pixels"),
    "video.height": lazy_gettext("Height in pixels"),
    "video.frame_rate": lazy_gettext("Frames a second"),
    "video.format": lazy_gettext("Picture format"),
    "audio.format": lazy_gettext("Sound format"),
}


def scan_label(item: EvidenceItem) -> str:
    """Return what is known of harmful content."""
    words = {
        "waiting": gettext("Waits for the virus scan. Nobody can open it until then."),
        "held": gettext("Held back, not opened: not scanned."),
        "infected": gettext("Held back, not opened: the virus scanner found something harmful in it."),
        "clean": gettext("Scanned, nothing harmful found."),
        "released": gettext("Opened by an attorney's decision, without a clean scan."),
        "made_here": gettext("Made by this program for the demonstration, so not scanned."),
    }
    return str(words[item.scan])


def held(why: str) -> str:
    """Return why the scanner could not look."""
    return str(HELD.get(why, ""))


def reason(found: Any) -> str:  # noqa: ANN401
    """Return why another item is suggested (alike.Alike)."""
    return str(REASONS[found.reason]) % {"differs": found.differs, "of": found.of, "same": found.of - found.differs}


def claimed(claims: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (label, value) of what the file says of itself: first what people ask for, then the rest."""
    known = [(str(CLAIMS[name]), str(claims[name])) for name in CLAIMS if name in claims]
    return known + [(name, str(claims[name])) for name in sorted(claims) if name not in CLAIMS]


def problem(failure: str) -> str:
    """Return what went wrong with a derivative."""
    return str(FAILURES.get(failure, gettext("could not be read")))


def kind_label(kind: str) -> str:
    """Return what a derivative is."""
    return str(KINDS.get(kind, kind))
