"""The words of the board, in the reader's language."""

from __future__ import annotations

import datetime as dt

from flask_babel import format_datetime, get_locale, ngettext
from flask_babel import gettext as _

from intake.preservation.clock import ZONE, Clock
from intake.preservation.kinds import kind
from intake.preservation.models import PotentialSource


def state_name(state: str) -> str:
    """Return how a source stands."""
    names = {
        "suspected": _("Suspected"),
        "asked": _("Asked"),
        "promised": _("Promised"),
        "obtained": _("Obtained"),
        "refused": _("Refused"),
        "lost": _("Lost"),
    }
    return str(names[state])


def state_look(state: str) -> str:
    """Return the mark's style: good, waiting or plain."""
    return {"suspected": "wait", "promised": "ok", "obtained": "ok", "lost": "bad"}.get(state, "")


def source_name(source: PotentialSource) -> str:
    """Return what the source is called: its own words, else its kind."""
    return source.what or kind(source.kind).name(str(get_locale() or "en"))


def left(clock: Clock, now: dt.datetime) -> str:
    """Return the time left in hours up to three days, then in days; or that it may be gone."""
    hours = clock.hours_left(now)
    if hours <= 0:
        return str(_("May be gone"))
    if hours <= 72:  # noqa: PLR2004
        return str(_("%(n)s h", n=max(1, round(hours))))
    days = int(hours // 24)
    return str(ngettext("%(num)d day", "%(num)d days", days))


def moment(when: dt.datetime) -> str:
    """Return a moment by the clocks of the place, with its day."""
    return _by_pattern(when, "EEE d MMM, h:mm a" if _spanish() else "EEE, MMM d, h:mm a")


def soon(when: dt.datetime, now: dt.datetime) -> str:
    """Return a moment shortly: weekday and hour within a week, else the day."""
    if abs((when - now).days) < 7:  # noqa: PLR2004
        return _by_pattern(when, "EEE, h a")
    return _by_pattern(when, "d MMM" if _spanish() else "MMM d")


def _spanish() -> bool:
    return str(get_locale() or "en") == "es"


def _by_pattern(when: dt.datetime, pattern: str) -> str:
    return str(format_datetime(when.astimezone(ZONE).replace(tzinfo=None), pattern, rebase=False))


def spoken(clock: Clock, now: dt.datetime) -> str:
    """Return the bar of a source in words."""
    day = max(0, (now - clock.began).days)
    words = _(
        "Now is day %(day)s. Kept between %(low)s and %(high)s days.",
        day=day,
        low=(clock.may_go - clock.began).days,
        high=(clock.will_go - clock.began).days,
    )
    return str(words)
