"""A second attorney of the owning organisation: what takes two people needs them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from intake.access.models import Grant, User
from tests.world import World


@pytest.fixture(scope="module")
def world(world: World, settings: object) -> World:
    """The world, with `second_attorney`."""
    engine = sa.create_engine(settings.database_url, poolclass=sa.pool.NullPool)  # type: ignore[attr-defined]
    with engine.begin() as owner:
        first = owner.execute(sa.select(User.__table__).where(User.id == world.users["attorney"])).mappings().one()
        row = {k: v for k, v in first.items() if k not in {"id", "created_at"}}
        row |= {"email": "second_attorney@example.org", "display_name": "Second Attorney"}
        user_id = owner.execute(sa.insert(User).values(**row).returning(User.id)).scalar_one()
        grant = {"user_id": user_id, "compartment_id": world.compartment, "role": "RO.SUPATT", "tier": 1}
        owner.execute(sa.insert(Grant).values(**grant))
    world.users["second_attorney"] = user_id
    world.emails["second_attorney"] = "second_attorney@example.org"
    return world
