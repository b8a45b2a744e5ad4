"""What each incident of the demonstration holds, worked out from its number alone: the same on every machine."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass

from intake.demo.stories import AGENCIES, NAMES, SENTENCES, SITES, Story, story
from intake.incidents.services import Seen
from intake.incidents.uncertain import When, about, exact, month, span, unknown, with_time
from intake.taxonomy import set_of

SEED = 20250601
NUMBER = 60
FIRST_DAY = dt.date(2025, 6, 2)
UNFINISHED = frozenset({13, 29, 44, 58})
OTHER_ORGANISATION = frozenset({9, 22, 36, 47, 55})
# incident: how many people told of it, each in their own way
TOLD_BY = {2: 3, 7: 2, 15: 2, 20: 3, 26: 2, 33: 2, 41: 3, 50: 2}
SHARED = frozenset({2, 5, 11, 18, 20, 27, 33, 40})
MEDIA = frozenset({0, 1, 2, 4, 5, 7, 8, 10, 11, 14, 15, 17, 18, 20, 21, 23, 25, 26, 30, 31, 33, 38, 41, 46, 50, 53})
PLACES = (
    "Westlake",
    "Pico-Union",
    "Van Nuys",
    "Boyle Heights",
    "MacArthur Park",
    "Koreatown",
    "Pacoima",
    "Huntington Park",
    "Westlake",
    "Hollywood",
    "Long Beach",
    "Van Nuys",
    "Pasadena",
    "Compton",
    "East Los Angeles",
    "Fashion District",
    "Panorama City",
    "Pico-Union",
    "South Gate",
    "Downey",
    "Inglewood",
    "Highland Park",
    "San Pedro",
    "Pomona",
    "Bell Gardens",
    "El Monte",
    "Montebello",
    "Sun Valley",
    "Wilmington",
    "Paramount",
    "Lincoln Heights",
)
MODES = ("hotline", "hotline", "clinic", "field", "video", "detention")
_FAMILY = ("Ejemplo", "Modelo", "Ficticio", "Muestra", "Ensayo", "Prueba", "Inventado")
_GIVEN = ("Carmen", "Jorge", "Teresa", "Miguel", "Beatriz", "Óscar", "Silvia", "Raúl", "Nidia", "Hugo", "Marta")
# The start of an English sentence: what it tells, as codes.
_TELLS = {
    "Two unmarked cars": ("VH.UNMARKED", "VH.SEDAN", "UF.VEHBLOCK"),
    "A gray van": ("VH.VAN",),
    "A white truck": ("VH.PICKUP", "UF.VEHBLOCK"),
    "One of them said, “You": ("ID.NONE",),
    "He asked me where": ("QA.BORN",),
    "I asked if they had": ("WR.ASKED_REFUSED",),
    "They spoke to us": ("TF.LANG",),
    "He did not show": ("ID.VEST", "ID.POLICE"),
    "He took hold": ("UF.GRAB", "OC.DETAINED"),
    "They told four": ("OC.DETAINED",),
    "I was not told": ("UF.SURROUND", "OC.DETAINED"),
    "They pushed": ("UF.PUSH",),
    "A woman walked past": ("TF.RACE",),
    "After they checked": ("OC.QUESTIONED", "OC.RELEASED"),
}
_HARM, _LOSS = "My hand was swollen", "I have not gone back"
# How sure people are of the day, in the order of the incidents.
_KINDS = ("exact", "clock", "exact", "about", "clock", "month", "range", "exact", "about", "exact", "about", "unknown")
_WHEN_WORDS = {
    "about": ("around then, give or take a few days", "como por esos días"),
    "month": ("that month, not sure of the day", "ese mes, no sé qué día"),
    "range": ("between that day and the week after", "entre ese día y la otra semana"),
    "unknown": ("I do not remember when", "no me acuerdo cuándo"),
}
_LOOKS = ("AP.MASK", "AP.PLAIN", "AP.TACTICAL", "AP.SUNGLASS")
_WORK_SITES = {"LT.CARWASH": "WT.CARWASH", "LT.HOMEIMP": "WT.DAYLAB", "LT.VENDOR": "WT.VENDOR",
               "LT.SWAP": "WT.VENDOR", "LT.FACTORY": "WT.GARMENT"}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """One person's account: their words, the same in English, when they say it was, and what it tells as codes."""

    story: Story
    english: Story
    when: When
    role: str
    seen: dict[str, list[Seen]]
    harm: str
    losses: str
    name: str
    age_band: str


@dataclass(frozen=True)
class Facts:
    """One incident: who wrote it down, how, where, and what each person told."""

    number: int
    by: str
    mode: str
    language: str
    place: str
    cross_streets: str
    told: tuple[Told, ...]
    finished: bool

    @property
    def title(self) -> str:
        """A neutral title: the kind of place and the neighborhood."""
        return f"{self.told[0].story.site.capitalize()}, {self.place}"


@dataclass(frozen=True)
class _Event:
    """What all accounts of one event share."""

    language: str
    site: int
    day: dt.date
    agents: int


def every_incident() -> list[Facts]:
    """Return all, in the order in which they were written down."""
    return [facts(number) for number in range(NUMBER)]


def facts(number: int) -> Facts:
    """Return one incident's facts."""
    rng = random.Random(SEED + number)  # noqa: S311
    other = number in OTHER_ORGANISATION
    by = "intake@valley.example" if other else f"intake{'2' if number % 3 == 1 else ''}@harbor.example"
    language = "en" if number % 3 == 1 else "es"
    site = rng.randrange(len(SITES))
    # Reports come in days or weeks after the event, so the days do not run in the order of the numbers.
    day = FIRST_DAY + dt.timedelta(days=max(0, min(181, number * 3 + rng.randint(-16, 4))))
    event = _Event(language, site, day, rng.randint(3, 8))
    people = tuple(_told(rng, number, turn, event) for turn in range(TOLD_BY.get(number, 1)))
    cross = rng.choice(("", "", "corner by the pharmacy", "two blocks from the park", "behind the market"))
    return Facts(number, by, MODES[rng.randrange(len(MODES))], language, PLACES[number % len(PLACES)], cross, people,
                 number not in UNFINISHED)  # fmt: skip


def _told(rng: random.Random, number: int, turn: int, event: _Event) -> Told:
    # The first person speaks the language of the interview; the others their own.
    language = rng.choice(("en", "es")) if turn else event.language
    seed = rng.random()
    agents = max(2, event.agents + (0, -2, 3)[turn])
    told, english = (story(random.Random(seed), each, event.site, agents) for each in (language, "en"))  # noqa: S311
    # The others are sure of another day.
    when = exact(event.day + dt.timedelta(days=(0, 1, -1)[turn])) if turn else _when(rng, number, event.day, language)
    ages = ("18_24", "25_44", "25_44", "45_64", "65_up", "not_asked", "declined")
    return Told(
        told, english, when, role=("RI.SUBJECT", "RI.COWORKER", "RI.EYEWIT")[turn], seen=_seen(rng, told, english),
        harm=_said(told, _HARM), losses=_said(told, _LOSS), name=_name(number + turn * NUMBER),
        age_band=rng.choice(ages),
    )  # fmt: skip


def _name(which: int) -> str:
    if which < len(NAMES):
        return NAMES[which]
    return f"{_GIVEN[which % len(_GIVEN)]} {_FAMILY[which % 7]} {_FAMILY[which // 7 % 7]}"


def _when(rng: random.Random, number: int, day: dt.date, language: str) -> When:
    part = rng.choice(("morning", "morning", "midday", "afternoon", "before_dawn", None))
    clock = dt.time(rng.randint(6, 16), rng.choice((0, 15, 30, 45)))
    kind = _KINDS[number % len(_KINDS)]
    whens = {
        "exact": exact(day),
        "clock": exact(day),
        "about": about(day),
        "month": month(day.year, day.month),
        "range": span(day, day + dt.timedelta(days=9)),
        "unknown": unknown(),
    }
    english, spanish = _WHEN_WORDS.get(kind, ("", ""))
    return with_time(whens[kind], part, clock if kind == "clock" else None, spanish if language == "es" else english)


def _seen(rng: random.Random, told: Story, english: Story) -> dict[str, list[Seen]]:
    seen = [Seen(code, "KB.SAW", "seen") for code in rng.sample(AGENCIES, rng.randint(1, 2))]
    seen += [Seen(code, "KB.SAW", "seen") for code in rng.sample(_LOOKS, 2)]
    seen += [*_from_words(told, english), *_from_site(told)]
    found: dict[str, dict[str, Seen]] = {}
    for each in seen:
        found.setdefault(set_of(each.code), {}).setdefault(each.code, each)
    for code in ("UF.NONE", "OC.UNK", "WR.UNK", "VH.UNK"):
        found.setdefault(set_of(code), {code: Seen(code)})
    return {name: list(codes.values()) for name, codes in found.items()}


def _from_words(told: Story, english: Story) -> Iterator[Seen]:
    for sentence, spanish in SENTENCES:
        if sentence.format(minutes=english.minutes) not in english.words:
            continue
        quote = (spanish if told.language == "es" else sentence).format(minutes=told.minutes)
        for code in next((codes for start, codes in _TELLS.items() if sentence.startswith(start)), ()):
            yield Seen(code, "KB.SAW", "inferred" if code == "TF.RACE" else "stated", quote)


def _from_site(told: Story) -> Iterator[Seen]:
    if work := _WORK_SITES.get(told.location_type):
        yield Seen(work, "KB.DID")
        yield Seen("TF.WORK", "KB.BELIEF", "inferred")
    if told.location_type in {"LT.HOMEIMP", "LT.CARWASH", "LT.BUS"}:
        yield Seen("TF.PLACE", "KB.BELIEF", "inferred")


def _said(told: Story, start: str) -> str:
    spoken = {english: spanish for english, spanish in SENTENCES if english.startswith(start)}
    line = next((s if told.language == "es" else e for e, s in spoken.items()), "")
    return line if line in told.words else ""
