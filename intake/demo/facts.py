"""What each incident of the demonstration holds, worked out from its number alone: the same on every machine."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, replace

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
    "Westlake", "Pico-Union", "Van Nuys", "Boyle Heights", "MacArthur Park", "Koreatown", "Pacoima", "Huntington Park",
    "Westlake", "Hollywood", "Long Beach", "Van Nuys", "Pasadena", "Compton", "East Los Angeles", "Fashion District",
    "Panorama City", "Pico-Union", "South Gate", "Downey", "Inglewood", "Highland Park", "San Pedro", "Pomona",
    "Bell Gardens", "El Monte", "Montebello", "Sun Valley", "Wilmington", "Paramount", "Lincoln Heights",
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
    first = rng.randint(3, 8)
    people = tuple(
        _told(rng, number, turn, language if turn == 0 else rng.choice(("en", "es")), site, day, first)
        for turn in range(TOLD_BY.get(number, 1))
    )
    cross = rng.choice(("", "", "corner by the pharmacy", "two blocks from the park", "behind the market"))
    return Facts(number, by, MODES[rng.randrange(len(MODES))], language, PLACES[number % len(PLACES)], cross, people,
                 number not in UNFINISHED)  # fmt: skip


def _told(rng: random.Random, number: int, turn: int, language: str, site: int, day: dt.date, first: int) -> Told:
    seed = rng.random()
    agents = max(2, first + (0, -2, 3)[turn])
    told, english = (story(random.Random(seed), each, site, agents) for each in (language, "en"))  # noqa: S311
    seen = _seen(rng, told, english)
    harm, losses = (_said(told, start) for start in (_HARM, _LOSS))
    which = number + turn * NUMBER
    name = NAMES[which] if which < len(NAMES) else f"{_GIVEN[which % 11]} {_FAMILY[which % 7]} {_FAMILY[which // 7 % 7]}"
    ages = ("18_24", "25_44", "25_44", "45_64", "65_up", "not_asked", "declined")
    # The second person is sure of another day.
    when = _when(rng, number, day, told.language) if turn == 0 else replace(
        exact(day + dt.timedelta(days=turn if turn == 1 else -1)), words="")  # fmt: skip
    role = ("RI.SUBJECT", "RI.COWORKER", "RI.EYEWIT")[turn]
    return Told(told, english, when, role, seen, harm, losses, name, rng.choice(ages))


def _when(rng: random.Random, number: int, day: dt.date, language: str) -> When:
    spanish = language == "es"
    part = rng.choice(("morning", "morning", "midday", "afternoon", "before_dawn", None))
    kind = number % 12
    if kind in {3, 8, 10}:
        return with_time(about(day), part, None, "como por esos días" if spanish else "around then, give or take a few days")
    if kind == 5:  # noqa: PLR2004
        return with_time(month(day.year, day.month), part, None, "ese mes, no sé qué día" if spanish else "that month, not sure")
    if kind == 6:  # noqa: PLR2004
        words = "entre ese lunes y la otra semana" if spanish else "between that Monday and the week after"
        return with_time(span(day, day + dt.timedelta(days=9)), part, None, words)
    if kind == 11:  # noqa: PLR2004
        return with_time(unknown(), part, None, "no me acuerdo cuándo" if spanish else "I do not remember when")
    clock = dt.time(rng.randint(6, 16), rng.choice((0, 15, 30, 45))) if kind in {1, 4} else None
    return with_time(exact(day), part, clock)


def _seen(rng: random.Random, told: Story, english: Story) -> dict[str, list[Seen]]:
    found: dict[str, dict[str, Seen]] = {}

    def add(code: str, quote: str = "", confidence: str = "stated", basis: str = "KB.SAW") -> None:
        found.setdefault(set_of(code), {}).setdefault(code, Seen(code, basis, confidence, quote))

    for code in rng.sample(AGENCIES, rng.randint(1, 2)):
        add(code, confidence="seen")
    for code in rng.sample(("AP.MASK", "AP.PLAIN", "AP.TACTICAL", "AP.SUNGLASS"), 2):
        add(code, confidence="seen")
    for sentence, spanish in SENTENCES:
        quote = (spanish if told.language == "es" else sentence).format(minutes=told.minutes)
        if sentence.format(minutes=english.minutes) in english.words:
            for code in next((codes for start, codes in _TELLS.items() if sentence.startswith(start)), ()):
                add(code, quote, "inferred" if code == "TF.RACE" else "stated")
    work = _WORK_SITES.get(told.location_type)
    if work:
        add(work, basis="KB.DID")
        add("TF.WORK", confidence="inferred", basis="KB.BELIEF")
    if told.location_type in {"LT.HOMEIMP", "LT.CARWASH", "LT.BUS"}:
        add("TF.PLACE", confidence="inferred", basis="KB.BELIEF")
    for empty, code in (("force", "UF.NONE"), ("outcome", "OC.UNK"), ("warrant", "WR.UNK"), ("vehicle", "VH.UNK")):
        if empty not in found:
            add(code)
    return {name: list(codes.values()) for name, codes in found.items()}


def _said(told: Story, start: str) -> str:
    spoken = {english: spanish for english, spanish in SENTENCES if english.startswith(start)}
    line = next((s if told.language == "es" else e for e, s in spoken.items()), "")
    return line if line in told.words else ""
