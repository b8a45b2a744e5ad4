"""The people of the tests: two organisations in one matter, a user of each role, and a stranger."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from intake.access.models import Compartment, Grant, Organisation, User
from intake.access.passwords import hash_password
from intake.matters.models import Matter

PASSWORD = "quiet harbor lantern 41"
_HASH = hash_password(PASSWORD)
# user: (role, in the owning organisation?)
PEOPLE = {
    "intake": ("RO.INTAKE", True),
    "second_intake": ("RO.INTAKE", True),
    "paralegal": ("RO.PARALEGAL", True),
    "attorney": ("RO.SUPATT", True),
    "analyst": ("RO.ANALYST", True),
    "auditor": ("RO.AUDITOR", True),
    "admin": ("RO.ADMIN", True),
    "cocounsel": ("RO.COCOUNSEL", False),
    "stranger": ("RO.INTAKE", False),
    "other_attorney": ("RO.SUPATT", False),
}
CAPTION = {
    "plaintiffs": "Ana Ejemplo Modelo, et al.",
    "defendants": "Jordan Placeholder, Secretary of Homeland Security, in official capacity, et al.",
    "counsel": [
        [
            "Robin Haddad (SBN 000001)",
            "robin@example.org",
            "Example Legal Aid",
            "1 Example Street",
            "Los Angeles, California 90000",
            "Telephone: (555) 010-0100",
            "Attorney for Plaintiffs",
        ]
    ],
    "hearing": [],
}


@dataclass(frozen=True)
class World:
    """Identifiers of what make_world() made."""

    matter: int
    organisation: int
    other_organisation: int
    compartment: int
    other_compartment: int
    users: dict[str, int]
    emails: dict[str, str]


def make_world(connection: sa.Connection) -> World:
    """Write the world as the owner of the database and return its identifiers."""
    add = lambda model, **values: connection.execute(sa.insert(model).values(**values).returning(model.id)).scalar_one()  # noqa: E731
    matter = add(
        Matter,
        title="Ejemplo v. Placeholder",
        short_title="Ejemplo",
        court="cacd",
        docket_no="2:25-cv-00000",
        caption=CAPTION,
        fictional=True,
    )
    organisations = [add(Organisation, name=f"{n} Legal Aid", short_name=n) for n in ("Example", "Partner")]
    compartments = [add(Compartment, matter_id=matter, organisation_id=o, agreement_no="CI-1") for o in organisations]
    users, emails = {}, {}
    for name, (role, own) in PEOPLE.items():
        emails[name] = f"{name}@example.org"
        users[name] = add(
            User,
            organisation_id=organisations[0 if own else 1],
            email=emails[name],
            display_name=name.replace("_", " ").title(),
            password_hash=_HASH,
            language="en",
        )
        add(Grant, user_id=users[name], compartment_id=compartments[0 if own else 1], role=role, tier=1)
    return World(matter, organisations[0], organisations[1], compartments[0], compartments[1], users, emails)
