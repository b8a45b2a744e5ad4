"""What a declaration's text must not give away: sealed names of the incident's people, and words about status.

Names are compared as blind tokens inside the vault (people/name_search.py); nothing is opened by looking.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from intake import db
from intake.declarations.models import Declaration
from intake.documents.lint import Finding
from intake.errors import KeyUnavailable
from intake.incidents.models import Account
from intake.people.name_search import standing_in
from intake.people.sensitive import scan


def sealed_words(declaration: Declaration) -> Iterator[Finding]:
    """Yield a warning for each paragraph in which a sealed name, or a word about status, seems to stand."""
    texts = [f"{p.heading}\n{p.text}\n{p.original}" for p in declaration.paragraphs]
    people = set(db.session.scalars(sa.select(Account.person_id).where(Account.incident_id == declaration.incident_id)))
    if declaration.name_style == "true_name":
        people.discard(declaration.person_id)
    try:
        standing = standing_in([*texts, declaration.in_support_of], people)
    except KeyUnavailable:
        # The page of a declaration opens while the key service is away; what was not looked at is said.
        standing = []
        yield Finding(
            "names_unchecked", "warn", "Sealed names could not be compared with this text just now.",
            "Ahora no se pudo comparar este texto con los nombres sellados.", "house rule",
        )  # fmt: skip
    for number, found in enumerate(standing, 1):
        if found:
            yield _name(found, number if number <= len(texts) else None)
    for number, text in enumerate(texts, 1):
        if any(span.kind == "status" for span in scan(text)):
            yield Finding(
                "status_words", "warn", "These words may tell of somebody's immigration status. Do they need to stand?",
                "Estas palabras pueden revelar la situación migratoria de alguien. ¿Hace falta que estén?",
                "house rule: status is not asked", number,
            )  # fmt: skip


def _name(found: str, number: int | None) -> Finding:
    if found == "whole":
        return Finding(
            "name_sealed", "warn", "A sealed name of a person of this incident stands here: use the pseudonym.",
            "Aquí está un nombre sellado de una persona de este incidente: use el seudónimo.", "FRCP 5.2(a)(3)", number,
        )  # fmt: skip
    return Finding(
        "name_part", "warn", "A word here is also part of a sealed name of this incident. Please look.",
        "Una palabra de aquí también es parte de un nombre sellado de este incidente. Revísela.",
        "FRCP 5.2(a)(3)", number,
    )  # fmt: skip
