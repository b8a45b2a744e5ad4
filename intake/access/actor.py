"""The one who acts in this transaction, and what they are granted."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, cast

import sqlalchemy as sa

from intake import db
from intake.access.policy import Permission, Role, permitted
from intake.errors import NotAllowed

FRESH = dt.timedelta(minutes=5)


class Owned(Protocol):
    """A record that says which compartment it is in and who opened its intake."""

    @property
    def compartment_id(self) -> Any:  # noqa: ANN401
        """The compartment."""

    @property
    def opened_by_id(self) -> Any:  # noqa: ANN401
        """The user who opened the intake."""


@dataclass(frozen=True)
class Granted:
    """A role in a compartment, with the compartment's matter and organisation."""

    compartment_id: int
    matter_id: int
    organisation_id: int
    role: str
    tier: int = 1
    days_left: int | None = None  # until the grant expires; None: it does not


@dataclass(frozen=True)
class Actor:
    """A signed-in user. Flask-Login's user object; `token` is the session's random token, never stored."""

    user_id: int
    display_name: str
    email: str
    organisation_id: int
    language: str
    single_key_shortcuts: bool
    grants: tuple[Granted, ...]
    token: str = ""
    session_id: uuid.UUID | None = None
    method: str = ""  # how the session's user proved who they are; empty in a job
    complete: bool = True  # False: a password, or a code where the role asks for a passkey; may only go on signing in
    proved: dt.timedelta | None = None  # how long ago they last proved it
    quiet: dt.timedelta = dt.timedelta()  # how long nothing came from this session before now
    open_for: dt.timedelta = dt.timedelta()
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """Return what Flask-Login keeps in the browser's cookie: the session token."""
        return self.token

    @property
    def is_fresh(self) -> bool:
        """Tell whether who acts showed again within five minutes that it is them (ASVS 5.0, 7.5.3)."""
        return self.proved is not None and self.proved <= FRESH

    @property
    def roles(self) -> frozenset[str]:
        """Every role held in any compartment."""
        return frozenset(grant.role for grant in self.grants)

    @cached_property
    def glass(self) -> frozenset[uuid.UUID]:
        """The incidents that two people opened to the actor for an hour (break-glass), asked once a transaction."""
        return frozenset(db.session.execute(sa.text("select access.broken()")).scalar_one())

    @cached_property
    def closed(self) -> frozenset[uuid.UUID]:
        """The intakes that the actor opened and that are locked or sealed by now, asked once a transaction."""
        return frozenset(db.session.execute(sa.text("select access.closed()")).scalar_one())

    def tier_in(self, compartment_id: int, permission: Permission) -> int:
        """Return how far up (0 to 3) the actor's grants with `permission` reach in a compartment; -1 without one."""
        held = [g.tier for g in self.grants if g.compartment_id == compartment_id and permitted({g.role}, permission)]
        return max(held, default=-1)

    @property
    def initials(self) -> str:
        """Two letters for the account button."""
        return "".join(word[0] for word in self.display_name.split()[:2]).upper()

    def may(self, permission: Permission, compartment_id: int | None = None) -> bool:
        """Tell whether the actor holds `permission`, in that compartment when one is given."""
        if compartment_id is None:
            return permitted(self.roles, permission)
        held = frozenset(g.role for g in self.grants if g.compartment_id == compartment_id)
        return permitted(held, permission)

    def may_change(self, record: Owned) -> bool:
        """Tell whether the actor may edit a person's own words: their own intake, or any as supervising attorney.

        The same rule as the row policies of access/rows.py, asked beforehand so that the screen can say so.
        """
        held = {g.role for g in self.grants if g.compartment_id == record.compartment_id}
        if Role.SUPERVISING_ATTORNEY in held:
            return True
        own = record.opened_by_id == self.user_id and bool(held & {Role.INTAKE, Role.PARALEGAL})
        return own and getattr(record, "incident_id", getattr(record, "id", None)) not in self.closed

    def compartment_for(self, permission: Permission) -> int:
        """Return the compartment in which new records of this actor belong. Raises NotAllowed without one."""
        own = [g for g in self.grants if permitted(frozenset({g.role}), permission)]
        for grant in own:
            if grant.organisation_id == self.organisation_id:
                return grant.compartment_id
        raise NotAllowed


def current() -> Actor:
    """Return the actor of this transaction. Raises NotAllowed where nobody acts."""
    actor = db.session.info.get("actor")
    if actor is None:
        raise NotAllowed
    return cast("Actor", actor)


def set_current(actor: Actor | None) -> None:
    """Name the actor of this transaction; web and job runner do this, nobody else."""
    db.session.info["actor"] = actor
