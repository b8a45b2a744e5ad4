"""Organisations, users and the matter of the demonstration, from config/matters/demo.toml."""

from __future__ import annotations

import tomllib
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from intake.access.models import Compartment, Grant, Organisation, User
from intake.access.passwords import hash_password
from intake.access.proofs import DemonstrationUser
from intake.matters.models import Matter
from intake.settings import project_file

TIERS = {"RO.SUPATT": 3, "RO.PARALEGAL": 1, "RO.COCOUNSEL": 1, "RO.INTAKE": 1}


def described() -> dict[str, Any]:
    """Return config/matters/demo.toml."""
    return tomllib.loads(project_file("config/matters/demo.toml").read_text())


def load_people(connection: sa.Connection) -> None:
    """Write matter, organisations, users and grants as the database's owner. Does nothing when they are there."""
    data = described()
    if there(connection):
        return
    matter = _add(connection, Matter, caption=data["caption"], fictional=True, **data["matter"])
    organisations, compartments = [], []
    for entry in data["organisation"]:
        organisations.append(_add(connection, Organisation, name=entry["name"], short_name=entry["short_name"]))
        compartments.append(
            _add(
                connection,
                Compartment,
                matter_id=matter,
                organisation_id=organisations[-1],
                agreement_no=entry["agreement_no"],
            )
        )
    password = hash_password(data["sign_in"]["password"])
    for entry in data["user"]:
        user = _add(
            connection,
            User,
            organisation_id=organisations[entry["organisation"]],
            email=entry["email"],
            display_name=entry["name"],
            language=entry["language"],
            password_hash=password,
        )
        _add(
            connection,
            Grant,
            user_id=user,
            compartment_id=compartments[entry["organisation"]],
            role=entry["role"],
            tier=TIERS.get(entry["role"], 0),
        )


def there(connection: sa.Connection) -> bool:
    """Tell whether the demonstration's matter, and with it its people, are in the database."""
    found = sa.select(Matter.id).where(Matter.docket_no == described()["matter"]["docket_no"], Matter.fictional)
    return connection.execute(found).first() is not None


def mark_people(connection: sa.Connection) -> None:
    """Say which users are the demonstration's: their second step shows its code. Only the owner may write this."""
    ids = [{"user_id": user_id} for user_id in user_ids(connection).values()]
    connection.execute(insert(DemonstrationUser).on_conflict_do_nothing(), ids)


def user_ids(connection: sa.Connection) -> dict[str, int]:
    """Return {e-mail: user id} of the demonstration's users."""
    emails = [entry["email"] for entry in described()["user"]]
    rows = connection.execute(sa.select(User.email, User.id).where(User.email.in_(emails)))
    return {row.email: row.id for row in rows}


def _add(connection: sa.Connection, model: type[Any], **values: Any) -> int:  # noqa: ANN401
    return int(connection.execute(sa.insert(model).values(**values).returning(model.id)).scalar_one())
