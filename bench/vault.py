"""The vault beside its database: unsealing one record, finding a person among many, scanning a narrative."""

from __future__ import annotations

import itertools

import sqlalchemy as sa

from bench.measure import interleaved
from bench.workloads import ATTORNEY, INTAKE, Row
from intake import db, keys
from intake.access import sessions
from intake.access.actor import current
from intake.access.models import User
from intake.access.policy import Permission
from intake.audit.ahead import record_ahead
from intake.people import vault
from intake.people.models import Person
from intake.people.name_search import find_by_name
from intake.people.sensitive import scan
from intake.people.services import new_person
from intake.settings import Settings

PEOPLE = 300
_GIVEN = ("María", "José", "Ana", "Luis", "Minjun", "Seoyeon", "Hakob", "Ani", "Wei", "Mei")
_FAMILY = (
    "García López",
    "Hernández",
    "Ruiz de la Cruz",
    "Kim",
    "Lee",
    "Park",
    "Petrosyan",
    "Sarkisyan",
    "Chen",
    "Wong",
)


def sealed_names(settings: Settings, rounds: int) -> list[Row]:
    """Unsealing within a request: the audit entry committed, the role changed, one record read and opened."""
    db.connect(settings.program_url)
    vault.use(keys.service(settings))
    people = itertools.cycle(_fill())
    story = "Me detuvieron en la calle y preguntaron por mis papeles. " * 60

    works = {
        "unseal": lambda: vault.unseal_identity(db.session.get_one(Person, next(people)), "call back"),
        # What no unsealing can do without: the person's row, and one entry of the log on the disk.
        "bare": lambda: (db.session.get_one(Person, next(people)), _entry()),
        "find": lambda: find_by_name("Hernandes Maria"),
        "scan": lambda: scan(story),
    }
    with db.transaction():
        sessions.act_for(_user(ATTORNEY))
        timings = interleaved(works, rounds)
    detail = {
        "p95": timings["unseal"].p95,
        "bare commit and read": timings["bare"].median,
        "cpu": timings["unseal"].cpu,
    }
    # The limits are figures of their own: 5 ms for one record beside its database, 20 ms for the others.
    return [
        Row("unseal one record", timings["unseal"].median, 5.0, 1.0, detail=detail),
        Row(
            f"find a name among {PEOPLE}",
            timings["find"].median,
            20.0,
            1.0,
            detail={"p95": timings["find"].p95, "cpu": timings["find"].cpu},
        ),
        Row(
            "scan 3,400 characters for status words",
            timings["scan"].median,
            20.0,
            1.0,
            detail={"cpu": timings["scan"].cpu},
        ),
    ]


def _entry() -> None:
    record_ahead("bench", user_id=current().user_id, subject="", record_id="", compartment_id=None)


def _user(email: str) -> int:
    return int(db.session.execute(sa.select(User.id).where(User.email == email)).scalar_one())


def _fill() -> list[object]:
    made: list[object] = []
    with db.transaction():
        me = sessions.act_for(_user(INTAKE))
        place = me.compartment_for(Permission.INTAKE_OPEN)
        for number in range(PEOPLE):
            person = new_person(place, me.user_id)
            name = f"{_GIVEN[number % 10]} {_FAMILY[number // 10 % 10]}"
            vault.seal_identity(person, {"legal_name": name, "phone": f"555 01{number:02d}"})
            made.append(person.id)
    return made
