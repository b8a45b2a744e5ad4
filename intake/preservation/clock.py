"""The clock of a source: counted from the earliest the event can have been, to the soonest it may be erased."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from intake.incidents.models import Incident
from intake.preservation.kinds import red_hours
from intake.preservation.models import PotentialSource

ZONE = ZoneInfo("America/Los_Angeles")  # where the events are; a day begins and ends by their clocks
_PARTS = {"before_dawn": (0, 6), "morning": (6, 12), "midday": (11, 14), "afternoon": (12, 18), "evening": (17, 22)}


@dataclass(frozen=True)
class Clock:
    """began: the earliest the event can have been; may_go, will_go: from when it may, and by when it will, be gone."""

    began: dt.datetime
    may_go: dt.datetime
    will_go: dt.datetime

    def hours_left(self, now: dt.datetime) -> float:
        """Return the hours until it may be erased; negative when it may be gone already."""
        return (self.may_go - now).total_seconds() / 3600

    def urgent(self, now: dt.datetime) -> bool:
        """Tell whether few hours are left, or none."""
        return self.hours_left(now) <= red_hours()

    def share(self, moment: dt.datetime) -> float:
        """Return where a moment stands between event and certain loss, in percent from 0 to 100."""
        whole = (self.will_go - self.began).total_seconds()
        return round(min(100.0, max(0.0, (moment - self.began).total_seconds() / whole * 100)), 1)


def window(incident: Incident) -> tuple[dt.datetime, dt.datetime] | None:
    """Return the first and last moment at which the event can have been, or None while no day is known.

    A clock time widens by an hour to either side; a part of day opens its usual hours; else the days are whole.
    """
    if incident.earliest is None or incident.latest is None:
        return None
    if incident.clock_time is not None:
        hour = dt.timedelta(hours=1)
        first, last = (dt.datetime.combine(d, incident.clock_time, ZONE) for d in (incident.earliest, incident.latest))
        return first - hour, last + hour
    opens, closes = _PARTS.get(incident.part_of_day or "", (0, 24))
    midnight = (dt.datetime.combine(d, dt.time(), ZONE) for d in (incident.earliest, incident.latest))
    first, last = midnight
    return first + dt.timedelta(hours=opens), last + dt.timedelta(hours=closes)


def clock(source: PotentialSource, incident: Incident) -> Clock | None:
    """Return the source's clock, or None while nobody knows when the event was."""
    if (when := window(incident)) is None:
        return None
    began = when[0]
    return Clock(began, began + dt.timedelta(days=source.days_low), began + dt.timedelta(days=source.days_high))
