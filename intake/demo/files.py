"""Pictures, videos, pages and voice notes of the demonstration: made here, really sent to the store and sealed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from intake import db
from intake.access import sessions
from intake.demo import media, statements
from intake.demo.facts import MEDIA, Facts
from intake.evidence import sealing
from intake.incidents.models import Account
from intake.storage import Storage

# what a person brings: (name as the telephone gave it, type, maker)
_KINDS: tuple[tuple[str, str, Callable[[int], bytes]], ...] = (
    ("IMG_{n:04d}.jpg", "image/jpeg", lambda seed: media.photo(seed, size=(960, 720))),
    ("VID_{n:04d}.webm", "video/webm", media.video),
    ("notice_{n:04d}.pdf", "application/pdf", media.page),
    ("nota_de_voz_{n:04d}.wav", "audio/wav", media.audio),
)


@dataclass(frozen=True)
class Brought:
    """One file that a person brought."""

    filename: str
    media_type: str
    body: bytes


def brought(facts: Facts) -> Iterator[Brought]:
    """Yield the files of an incident: one, and for every third a second of another kind."""
    if facts.number not in MEDIA:
        return
    for turn in range(2 if facts.number % 3 == 2 else 1):  # noqa: PLR2004
        name, media_type, make = _KINDS[(0, 1, 0, 2, 1, 3)[(facts.number + turn) % 6]]
        number = 1000 + facts.number * 37 + turn
        yield Brought(name.format(n=number), media_type, make(number))


def keep(facts: Facts, incident_id: uuid.UUID, users: dict[str, int], store: Storage) -> list[uuid.UUID]:
    """Send and seal the incident's files for its first account, and return their ids. Kept once, however often run.

    Whoever opened an intake no longer reaches it once its declaration is locked, and the worker makes pictures and
    sounds only after the matter is written: files of such incidents are the paralegal's, who still reaches them.
    """
    locked = "DS.LOCKED" in statements.PATHS.get(facts.number, ())
    user_id = users[statements.PARALEGAL if locked else facts.by]
    with db.transaction():
        sessions.act_for(user_id)
        account_id = db.session.scalar(
            sa.select(Account.id).where(Account.incident_id == incident_id).order_by(Account.created_at).limit(1)
        )
    return [
        sealing.keep(incident_id, account_id, user_id, filename=each.filename, media_type=each.media_type,
                     body=each.body, store=store, made_here=True)
        for each in brought(facts)
    ]  # fmt: skip
