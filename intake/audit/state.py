"""How the log stands: its head, who outside keeps it, and what needs attention. Facts of an FRE 902(13) certificate."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from intake import db

ALARM = dt.timedelta(minutes=15)  # security page section 3: queued, an alarm after 15 minutes


@dataclass(frozen=True)
class Anchored:
    """The last head that one place outside keeps. kind: witness, timestamp or store."""

    kind: str
    name: str
    size: int
    at: dt.datetime


@dataclass(frozen=True)
class Failing:
    """A place outside that has not taken the newest head since a time."""

    kind: str
    name: str
    since: dt.datetime


@dataclass(frozen=True)
class State:
    """size: leaves under the newest head; root: its hash (hex, "" while the log is empty); at: when it was signed.

    waiting_since: when the oldest event was written that no head covers yet. compared_at and differences: the last
    comparison of rows with the log. unsent_since: when the oldest head was signed that no place outside has got.
    """

    size: int
    root: str
    at: dt.datetime | None
    waiting_since: dt.datetime | None
    anchors: tuple[Anchored, ...]
    failing: tuple[Failing, ...]
    compared_at: dt.datetime | None
    differences: int
    unsent_since: dt.datetime | None = None

    def last(self, kind: str) -> Anchored | None:
        """Return the newest anchor of a kind, or None: nobody of that kind keeps a head."""
        return max((a for a in self.anchors if a.kind == kind), key=lambda a: (a.size, a.at), default=None)

    def alarms(self, now: dt.datetime) -> list[str]:
        """Return what needs attention, as codes: waiting, unsent, differences, 'witness NAME', 'timestamp NAME'."""
        late = [f"{f.kind} {f.name}" for f in self.failing if now - f.since >= ALARM]
        if self.waiting_since and now - self.waiting_since >= ALARM:
            late.append("waiting")
        if self.unsent_since and now - self.unsent_since >= ALARM:
            late.append("unsent")  # whoever should send heads is dead: no place even failed
        if self.differences:
            late.append("differences")
        return late


def state(connection: sa.Connection | None = None) -> State:
    """Return how the log stands, asked on the request's transaction or on `connection`."""
    execute = connection.execute if connection is not None else db.session.execute
    found: dict[str, Any] = execute(sa.text("select audit.state()")).scalar_one()
    compared = found["comparison"] or {}
    return State(
        found["size"],
        found["root"] or "",
        _time(found["at"]),
        _time(found["waiting_since"]),
        tuple(Anchored(a["kind"], a["name"], a["size"], dt.datetime.fromisoformat(a["at"])) for a in found["anchors"]),
        tuple(Failing(f["kind"], f["name"], dt.datetime.fromisoformat(f["since"])) for f in found["failing"]),
        _time(compared.get("at")),
        compared.get("findings", 0),
        _time(found["unsent_since"]),
    )


def _time(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None
