"""Named errors. Each carries its HTTP status; app.py turns them into plain words, in one place."""

from __future__ import annotations


class TestigoError(Exception):
    """The base of every error that the program raises on purpose."""

    __test__ = False
    status = 500


class NotSignedIn(TestigoError):
    """Nobody is signed in, or the session ended."""

    status = 401


class SecondStepNeeded(TestigoError):
    """A password was shown and nothing more; it opens no page but that of the second step."""

    status = 403


class StepUpNeeded(TestigoError):
    """A sign-in shown again within the last five minutes is asked for."""

    status = 403


class NotAllowed(TestigoError):
    """The user's roles do not carry this."""

    status = 403


class NotThere(TestigoError):
    """No such record, or not for this user: the same answer."""

    status = 404


class StaleVersion(TestigoError):
    """Somebody else saved first; `theirs` is what stands now, field by field, to show beside what was typed."""

    status = 409

    def __init__(self, theirs: dict[str, str] | None = None) -> None:
        super().__init__()
        self.theirs = theirs or {}


class SameKeyOtherContent(TestigoError):
    """An idempotency key came again with other content."""

    status = 409


class NotNow(TestigoError):
    """The record's state does not allow this; `why` is a short code the screen explains."""

    status = 409

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Invalid(TestigoError):
    """What was given is not true or not possible; `fields` maps a field to a short code of what is wrong."""

    status = 422

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {code}" for name, code in fields.items()))
        self.fields = fields


class UnsupportedGlyph(TestigoError):
    """No font here can print `character` (its Unicode name in `name`); a paper with a hole is never made."""

    status = 422

    def __init__(self, character: str, name: str) -> None:
        super().__init__(f"U+{ord(character):04X} {name}")
        self.character = character
        self.name = name


class QuotaReached(TestigoError):
    """What is held would be above a limit. whose: "user" or "organisation"."""

    status = 413

    def __init__(self, whose: str) -> None:
        super().__init__(whose)
        self.whose = whose
        self.fields = {"size": f"quota_{whose}"}


class TooManyAttempts(TestigoError):
    """Too many failed sign-ins; wait."""

    status = 429


class StoreUnavailable(TestigoError):
    """S3 does not answer."""

    status = 503


class DatabaseUnavailable(TestigoError):
    """PostgreSQL does not answer. The outcome of a commit may be unknown, never 'failed'."""

    status = 503


class KeyUnavailable(TestigoError):
    """The key that opens this is missing, or the sealed text was changed or moved."""

    status = 503
