"""An uncertain date in words, in English and Spanish: what "Recorded as ..." repeats back."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from babel.dates import format_date, format_time

from intake.incidents.uncertain import ABOUT_DAYS, When

_PARTS = {
    "en": {
        "before_dawn": "before dawn",
        "morning": "in the morning",
        "midday": "around midday",
        "afternoon": "in the afternoon",
        "evening": "in the evening",
        "night": "at night",
    },
    "es": {
        "before_dawn": "antes del amanecer",
        "morning": "por la mañana",
        "midday": "al mediodía",
        "afternoon": "por la tarde",
        "evening": "al anochecer",
        "night": "por la noche",
    },
}
NOT_KNOWN = {"en": "date not known", "es": "no se sabe la fecha"}
_LOCALE = {"en": "en_US", "es": "es_MX"}


def recorded_as(when: When, lang: str) -> str:
    """Return the sentence part that repeats a date back, such as "about June 12, 2025, in the morning"."""
    return _said(when, lang, "long")


def short(when: When, lang: str) -> str:
    """Return the form of lists, such as "about Jun 12, 2025, in the morning"; "about" is never dropped."""
    return _said(when, lang, "medium")


def _said(when: When, lang: str, style: str) -> str:
    days = _days(when, lang, style) or NOT_KNOWN[lang]
    time = _time(when, lang)
    return f"{days}, {time}" if time else days


def _days(when: When, lang: str, style: str) -> str:
    if when.earliest is None or when.latest is None:
        return ""
    first, last = _day(when.earliest, lang, style), _day(when.latest, lang, style)
    kind = when.kind
    if kind == "about" and when.middle is not None:
        return _about(_day(when.middle, lang, style), (when.latest - when.middle).days, lang)
    if kind == "month":
        named = format_date(when.earliest, "MMMM y" if lang == "en" else "MMMM 'de' y", locale=_LOCALE[lang])
        return {"en": f"some day in {named}", "es": f"algún día de {named}"}[lang]
    if kind == "year":
        return {"en": f"some day in {when.earliest.year}", "es": f"algún día de {when.earliest.year}"}[lang]
    if kind == "range" and when.earliest != when.latest:
        return {
            "en": f"between {first} and {last}",
            "es": f"entre el {first} y el {last}",
        }[lang]
    return first


def _about(day: str, spread: int, lang: str) -> str:
    said = {"en": f"about {day}", "es": f"más o menos el {day}"}[lang]
    if spread == ABOUT_DAYS:
        return said
    wide = {"en": ("1 day", f"{spread} days"), "es": ("1 día", f"{spread} días")}[lang][spread > 1]
    return {"en": f"{said} (up to {wide} before or after)", "es": f"{said} (hasta {wide} antes o después)"}[lang]


@lru_cache(maxsize=4096)
def _day(day: dt.date, lang: str, style: str) -> str:
    return format_date(day, style, locale=_LOCALE[lang])


def _time(when: When, lang: str) -> str:
    if when.clock is not None:
        # Fonts of court papers lack the narrow no-break space that CLDR puts before AM and PM.
        at = format_time(when.clock, "short", locale=_LOCALE[lang]).replace("\u202f", "\u00a0")
        one = when.clock.hour % 12 == 1
        return f"at {at}" if lang == "en" else f"{'a la' if one else 'a las'} {at}"
    return _PARTS[lang].get(when.part_of_day or "", "")
