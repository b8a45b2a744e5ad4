"""An uncertain date in words, in English and Spanish: what "Recorded as ..." repeats back."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date, format_time

from intake.incidents.uncertain import When

_PARTS = {
    "en": {"before_dawn": "before dawn", "morning": "in the morning", "midday": "around midday",
           "afternoon": "in the afternoon", "evening": "in the evening", "night": "at night"},
    "es": {"before_dawn": "antes del amanecer", "morning": "por la mañana", "midday": "al mediodía",
           "afternoon": "por la tarde", "evening": "al anochecer", "night": "por la noche"},
}
_LOCALE = {"en": "en_US", "es": "es_MX"}


def recorded_as(when: When, lang: str) -> str:
    """Return the sentence part that repeats a date back, such as "about June 12, 2025, in the morning"."""
    said = ", ".join(part for part in (_days(when, lang, "long"), _time(when, lang)) if part)
    return said or {"en": "date not known", "es": "fecha no conocida"}[lang]


def short(when: When, lang: str) -> str:
    """Return the form of lists, with "about" kept and the part of day after it."""
    return recorded_as(when, lang)


def _days(when: When, lang: str, style: str) -> str:
    if when.earliest is None or when.latest is None:
        return ""
    day = lambda d: _day(d, lang, style)  # noqa: E731
    kind = when.kind
    if kind == "about" and when.middle is not None:
        return {"en": f"about {day(when.middle)}", "es": f"más o menos el {day(when.middle)}"}[lang]
    if kind == "month":
        named = format_date(when.earliest, "MMMM y" if lang == "en" else "MMMM 'de' y", locale=_LOCALE[lang])
        return {"en": f"some day in {named}", "es": f"algún día de {named}"}[lang]
    if kind == "year":
        return {"en": f"some day in {when.earliest.year}", "es": f"algún día de {when.earliest.year}"}[lang]
    if kind == "range" and when.earliest != when.latest:
        return {
            "en": f"between {day(when.earliest)} and {day(when.latest)}",
            "es": f"entre el {day(when.earliest)} y el {day(when.latest)}",
        }[lang]
    return day(when.earliest)


def _day(day: dt.date, lang: str, style: str) -> str:
    return format_date(day, style, locale=_LOCALE[lang])


def _time(when: When, lang: str) -> str:
    if when.clock is not None:
        at = format_time(when.clock, "short", locale=_LOCALE[lang]).replace(" ", " ")
        return {"en": f"at {at}", "es": f"a las {at}"}[lang]
    return _PARTS[lang].get(when.part_of_day or "", "")
