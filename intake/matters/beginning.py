"""The beginning of a real matter, from a file: its caption, its organisations, and the first people of each.

There is no default account and no page that makes a first administrator: who holds the database's own address writes
the file's matter with `testigo begin FILE` and gets an invitation for each person in it to hand over. All further
people come from pages. Running it again adds nothing twice; it makes new invitations for those named by --again.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from intake import db
from intake.access.invitations import Handed, invite
from intake.access.models import Compartment, Grant, Organisation, User
from intake.access.policy import Role
from intake.matters.models import Matter
from intake.settings import Settings

# Protective-order tiers (0 to 3) that a role starts with; administrators change them on pages.
TIERS = {Role.SUPERVISING_ATTORNEY: 3, Role.PARALEGAL: 1, Role.CO_COUNSEL: 1, Role.INTAKE: 1}


def write(owner: sa.Connection, data: dict[str, Any]) -> list[int]:
    """Write matter, organisations, people and grants where they are missing; return the organisations.

    owner: a transaction of the database's owner. data: [matter], [caption], [[organisation]] with name, short_name,
    agreement_no and [[organisation.person]] with name, email, role, language. Raises KeyError for what is missing in
    it, ValueError for a role that does not exist.
    """
    docket = data["matter"]["docket_no"]
    matter = _there(owner, Matter, {"docket_no": docket}, caption=data["caption"], **data["matter"])
    organisations = []
    for office in data["organisation"]:
        organisation = _there(owner, Organisation, {"name": office["name"]}, short_name=office["short_name"])
        share = {"matter_id": matter, "organisation_id": organisation}
        compartment = _there(owner, Compartment, share, agreement_no=office["agreement_no"])
        for person in office.get("person", []):
            _person(owner, organisation, compartment, person)
        organisations.append(organisation)
    return organisations


def invitations(data: dict[str, Any], settings: Settings, again: frozenset[str]) -> Iterator[tuple[User, Handed]]:
    """Make invitations, in the program's own transaction: for people who never signed in, and those of `again`.

    again: e-mails of people who lost their second step; they keep their password and are asked for it.
    """
    for office in data["organisation"]:
        for person in office.get("person", []):
            user = db.session.scalars(sa.select(User).where(User.email == person["email"].lower())).one()
            if not user.password_hash or user.email in again:
                yield user, invite(user, settings, by=None)


def _person(owner: sa.Connection, organisation: int, compartment: int, person: dict[str, Any]) -> None:
    role = Role(person["role"])
    user = _there(
        owner,
        User,
        {"email": person["email"].lower()},
        organisation_id=organisation,
        display_name=person["name"],
        language=person.get("language", "en"),
        password_hash="",
    )
    granted = {"user_id": user, "compartment_id": compartment, "role": role.value}
    _there(owner, Grant, granted, tier=TIERS.get(role, 0))


def _there(owner: sa.Connection, model: type[Any], known_by: dict[str, Any], **values: Any) -> int:  # noqa: ANN401
    """Return the id of the row known by these columns, added with the other values when it is missing."""
    known = [getattr(model, name) == value for name, value in known_by.items()]
    found = owner.execute(sa.select(model.id).where(*known)).scalar_one_or_none()
    if found is None:
        found = owner.execute(sa.insert(model).values({**values, **known_by}).returning(model.id)).scalar_one()
    return int(found)
