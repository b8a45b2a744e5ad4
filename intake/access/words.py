"""What the screens say about a password that cannot be used."""

from __future__ import annotations

from flask_babel import gettext as _

from intake.access.passwords import LONGEST, SHORTEST


def why_not(code: str) -> str:
    """Return the words for a code of passwords.weakness, or 'wrong'."""
    said = {
        "wrong": _("This is not your password."),
        "short": _("Use at least %(n)s characters. A few words that only you would put together are good.", n=SHORTEST),
        "long": _("Use at most %(n)s characters.", n=LONGEST),
        "context": _("Leave out your name, your e-mail, your office and the name of this program."),
        "common": _("This is easy to guess. Choose other words, without a pattern of keys or a repetition."),
    }
    return str(said[code])
