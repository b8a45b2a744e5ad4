"""Passwords: Argon2id, and which new ones are good enough. NIST SP 800-63B-4 section 3.1.1; ASVS 5.0, 6.2."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from intake.errors import TooManyAttempts

# OWASP's floor is 19 MiB and 2 passes; this is above it and verifies in tens of milliseconds.
_HASHER = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
_NOBODY = _HASHER.hash("a password that nobody has")
SHORTEST, LONGEST = 15, 128  # characters, after normalisation
# Four hashes at once take 128 MiB in a process; a flood of guesses waits here instead of taking all memory.
HASHES_AT_ONCE = 4
_WAIT = 10.0  # seconds
_turns = threading.BoundedSemaphore(HASHES_AT_ONCE)
# log10 of guesses: 15 characters of a keyboard row, a repeated word or a date are below, four plain words far above.
_GUESSES = 9.0
_ZXCVBN_READS = 64  # characters; its time grows with the square


def hash_password(password: str) -> str:
    """Return the Argon2id hash of `password`, with its salt and parameters. Raises TooManyAttempts when flooded."""
    with _turn():
        return _HASHER.hash(_normal(password))


def matches(stored: str, password: str) -> bool:
    """Tell whether `password` is the one of the hash; without a hash the same work is done and the answer is no.

    Raises TooManyAttempts when too many wait for a turn.
    """
    with _turn():
        try:
            return _HASHER.verify(stored or _NOBODY, _normal(password)) and bool(stored)
        except (VerificationError, InvalidHashError):
            return False


def weakness(password: str, context: Iterable[str]) -> str:
    """Return why this may not be a new password, or '': 'short', 'long', 'context', 'common'.

    context: what a guesser knows: name, e-mail, organisation. No rule about kinds of characters, no expiry.
    """
    password = _normal(password)
    if len(password) < SHORTEST:
        return "short"
    if len(password) > LONGEST:
        return "long"
    words = sorted(_words([*context, "testigo"]), key=len, reverse=True)
    if _mostly(password, words):
        return "context"
    from zxcvbn import zxcvbn  # noqa: PLC0415  (its word lists take a tenth of a second to load)
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415

    listed = password.casefold() in FREQUENCY_LISTS["passwords"]
    easy = zxcvbn(password[:_ZXCVBN_READS], user_inputs=words)["guesses_log10"] < _GUESSES
    return "common" if listed or easy else ""


def _normal(password: str) -> str:
    # The same word typed on another keyboard is the same password (SP 800-63B-4, 3.1.1.2: NFKC).
    return unicodedata.normalize("NFKC", password)


def _words(context: Iterable[str]) -> set[str]:
    whole = " ".join(context).casefold()
    return {word for word in re.split(r"[\W_]+", whole) if len(word) > 2}  # noqa: PLR2004


def _mostly(password: str, words: list[str]) -> bool:
    """Tell whether too little is left of the password without the words that anybody would try first."""
    rest = password.casefold()
    for word in words:
        rest = rest.replace(word, "")
    return len(re.sub(r"[\W\d_]", "", rest)) < SHORTEST // 2 and len(rest) < len(password)


@contextmanager
def _turn() -> Iterator[None]:
    if not _turns.acquire(timeout=_WAIT):
        raise TooManyAttempts
    try:
        yield
    finally:
        _turns.release()
