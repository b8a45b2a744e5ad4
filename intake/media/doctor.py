"""What `testigo doctor` says of scanner and jail."""

from __future__ import annotations

from intake.media.sandbox import Jail, ParserFailed, programs
from intake.media.scanner import Scanner
from intake.settings import Settings

_MISSING = {
    "no_scanner": "there is none here: install clamav; until then uploads stay closed until an attorney releases them",
    "no_signatures": "it has no signatures: run freshclam; until then uploads stay closed",
    "stale": "its signatures are too old: run freshclam; until then uploads stay closed",
}


def checks(settings: Settings) -> dict[str, bool]:
    """Return sentences and whether what they say is good enough to serve.

    A demonstration may go without scanner: its own files are its own, and what people add stays closed.
    """
    scanner = Scanner.of(settings)
    why = scanner.missing()
    made = scanner.signatures_made()
    state = _MISSING.get(why) or f"signatures of {made.date().isoformat() if made else '?'}"
    reads = "tesseract" in programs()
    return {
        f"virus scanner: {state}": not why or settings.fictional,
        **_jail(),
        f"reading text off pictures: {'tesseract' if reads else 'tesseract is not installed'}": True,
    }


def _jail() -> dict[str, bool]:
    jail = Jail()
    try:
        state = jail.start()
    except ParserFailed as failed:
        return {f"files cannot be parsed safely here ({failed.code}): nothing is made of them": False}
    finally:
        jail.close()
    as_whom = "as nobody" if state["user"] == "nobody" else "as the program's own user"
    seeing = "seeing no other file" if state["files"] else "but this kernel has no Landlock: user rights alone guard"
    return {f"files are parsed without a network ({state['network']}), {as_whom}, {seeing}": True}
