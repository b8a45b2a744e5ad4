"""Pseudonyms: three styles, one number for each person, taken for ever (a trigger keeps the register).

The number comes from one sequence for everybody, so that no style can collide and no refusal can tell that another
organisation has a person of the same initials.
"""

from __future__ import annotations

import re

import sqlalchemy as sa

from intake import db
from intake.access.actor import current
from intake.errors import Invalid, NotAllowed, NotNow
from intake.people.models import Person
from intake.people.vault import unseal_identity

# Doe and initials as courts use them: Does I thru XXIII v. Advanced Textile, 214 F.3d 1058 (9th Cir. 2000);
# initials: FRCP 5.2(a)(3).
STYLES = {
    "number": "Declarant {number:04d}",
    "initials": "{initials} {number}",
    "doe": "Doe {number}",
    "jane_doe": "Jane Doe {number}",
    "john_doe": "John Doe {number}",
}


def choose_style(person: Person, style: str) -> str:
    """Give the person a pseudonym of another style and return it; the earlier one stays theirs and is not used again.

    Raises Invalid for an unknown style or initials without a sealed name, NotAllowed for whoever may not change the
    person, NotNow once a locked paper carries the pseudonym.
    """
    if style not in STYLES:
        raise Invalid({"style": "unknown"})
    if not current().may_change(person):
        raise NotAllowed
    if person.pseudonym_fixed_at is not None:
        raise NotNow("pseudonym_fixed")
    letters = _initials_of(person) if style == "initials" else ""
    person.pseudonym_style = style
    person.pseudonym = STYLES[style].format(number=person.number, initials=letters)
    db.session.flush()
    return person.pseudonym


def fix_pseudonym(person: Person) -> None:
    """Keep the pseudonym as it is from now on: a paper that carries it is locked."""
    if person.pseudonym_fixed_at is None:
        person.pseudonym_fixed_at = sa.func.clock_timestamp()
        db.session.flush()


def initials(name: str) -> str:
    """Return a name's initials as FRCP 5.2(a)(3) has them: María Guadalupe Núñez is M.G.N."""
    return "".join(f"{part[0].upper()}." for part in re.split(r"[\s-]+", name) if part)


def _initials_of(person: Person) -> str:
    letters = initials(unseal_identity(person, "initials for the pseudonym").get("legal_name", ""))
    if not letters:
        raise Invalid({"style": "no_name"})
    return letters
