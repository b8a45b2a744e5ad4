"""Batches in words: the counted result, and how each file of it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext, lazy_gettext

from intake.evidence import words
from intake.evidence.batch_queries import Counts, FileLine

PLACES = {
    "received": lazy_gettext("Unchanged since upload"),
    "held": lazy_gettext("Held back, not opened"),
    "checking": lazy_gettext("Being checked"),
    "sending": lazy_gettext("Not whole yet"),
    "failed": lazy_gettext("Not received"),
    "waiting": lazy_gettext("Not sent yet"),
}
LOOKS = {
    "received": ("ok", "shield"),
    "held": ("wait", "lock"),
    "checking": ("wait", "clock"),
    "sending": ("wait", "out"),
    "failed": ("bad", "warn"),
    "waiting": ("wait", "clock"),
}
# What the uploader's script calls the state of a file.
_STATES = {"received": "sealed", "held": "quarantined", "failed": "failed"}


def _(text: str, **values: Any) -> str:  # noqa: ANN401
    return str(gettext(text, **values))


def batch_label(counts: Counts) -> str:
    """Return the counted result: "28 of 30 files received. 2 not received"."""
    parts = (
        (counts.failed, _("not received")),
        (counts.held, _("held back")),
        (counts.checking, _("being checked")),
        (counts.sending, _("not whole yet")),
        (counts.waiting, _("not sent yet")),
    )
    rest = ", ".join(f"{number} {what}" for number, what in parts if number)
    said = _("%(n)s of %(files)s files received", n=counts.received, files=counts.files)
    return f"{said}. {rest}" if rest else said


def line_label(line: FileLine) -> str:
    """Return how a file stands, in words."""
    if line.place == "received" and line.item is not None:
        return words.state_label(line.item)
    return str(PLACES[line.place])


def line_look(line: FileLine) -> tuple[str, str]:
    """Return the class and the icon beside the words."""
    return LOOKS[line.place]


def line_why(line: FileLine) -> str:
    """Return why a file is not here and what to do."""
    if line.place in {"waiting", "sending"}:
        return _("Choose the same file again: only what is missing is sent.")
    return str(words.FAILURES.get(line.why, "")) if line.place == "failed" else ""


def line_told(line: FileLine) -> dict[str, object]:
    """Return a file's state as the uploader's script reads it. The hash is told only of what is sealed."""
    item = line.item
    return {
        "number": line.number,
        "state": _STATES.get(line.place, "receiving"),
        "received": line.place in {"received", "held", "checking"},
        "label": line_label(line),
        "detail": line_why(line) if line.place == "failed" else "",
        "sha256": item.sha256 if item and line.place in {"received", "held"} else None,
    }


def list_head() -> list[str]:
    """Return the column heads of the list of files that are not here."""
    return [_("Number"), _("File"), _("Folder and name"), _("Size in bytes"), _("What happened"), _("What to do")]


def list_rows(lines: Iterable[FileLine]) -> list[list[str]]:
    """Return the rows of that list."""
    return [
        [str(line.number), line.filename, line.path, str(line.size), line_label(line), line_why(line)] for line in lines
    ]
