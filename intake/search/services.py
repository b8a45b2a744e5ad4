"""Searching: words are kept on the server, so that no address, title or log ever holds them."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Mapping
from typing import Any

from intake import db
from intake.access.actor import current
from intake.access.policy import Permission
from intake.audit.trail import record
from intake.search.models import SavedSearch
from intake.search.queries import Asked
from intake.taxonomy import codes_for_alias, label, taxonomy

LONGEST = 500  # characters of one search


def keep_words(words: str) -> SavedSearch:
    """Keep the words of a search for its user alone; the address carries its id only."""
    search = SavedSearch(user_id=current().user_id, words=words.strip())
    db.session.add(search)
    db.session.flush()
    return search


def words_of(search_id: uuid.UUID) -> str:
    """Return the words of the user's own search. Raises NoResultFound for anyone else's."""
    return db.session.get_one(SavedSearch, search_id).words


def note_search(asked: Asked, count: int) -> None:
    """Log that a search ran, by its filters and count, never by its words."""
    chosen = {n: list(getattr(asked, n)) for n in ("agency", "claim", "state", "month") if getattr(asked, n)}
    details: dict[str, Any] = {"words": bool(asked.words), "found": count, **chosen}
    record("search", subject="search_entry", **details)


def asked_for(words: str, arguments: Mapping[str, list[str]]) -> Asked:
    """Return the search that an address asks for; what is no code, month or date is left out, never guessed.

    Claims are work product: whoever may not read them cannot search by them either.
    """
    known = {
        "agency": taxonomy("agency").codes,
        "claim": taxonomy("claim").codes,
        "state": taxonomy("declaration_state").codes,
    }
    chosen = {name: tuple(v for v in arguments.get(name, ()) if v in codes) for name, codes in known.items()}
    if not current().may(Permission.CLAIM_READ):
        chosen["claim"] = ()  # counting what a claim finds would tell the claims
    months = tuple(m for m in arguments.get("month", ()) if re.fullmatch(r"(19|20)\d{2}-(0[1-9]|1[0-2])", m))
    places = tuple(p for p in arguments.get("place", ()) if 0 < len(p) <= 200)  # noqa: PLR2004
    return Asked(
        words=words, place=places, month=months, first=_day(arguments, "from"), last=_day(arguments, "to"), **chosen
    )


def offered(words: str, lang: str) -> list[tuple[str, str, str]]:
    """Return (facet, code, name) that the words may mean, such as several agencies for "la migra"."""
    facets = ("agency", "claim") if current().may(Permission.CLAIM_READ) else ("agency",)
    codes = codes_for_alias(words)
    return [(facet, c, label(c, lang, plain=True)) for c in codes for facet in facets if c in taxonomy(facet).codes]


def _day(arguments: Mapping[str, list[str]], name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat((arguments.get(name) or [""])[0])
    except ValueError:
        return None
