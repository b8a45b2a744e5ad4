"""Who gets what at every address: real requests by every role in every standing towards two planted records.

The table of the answers is matrix.tsv, read and reviewed by people; test_matrix.py compares. Each request runs in a
transaction that is undone, so that no cell changes what the next one finds.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from intake import db, keys
from intake.access import sessions
from intake.access.fields import FieldClass
from intake.access.models import Compartment, Grant, Organisation, User, Wall
from intake.access.policy import Role
from intake.deidentified.models import Project
from intake.incidents import sharing
from intake.incidents.models import Incident
from intake.matters.models import Matter
from intake.web import OPEN_ENDPOINTS
from tests.access.asking import Ask, ask, asks_of
from tests.access.planted import CANARIES, CANARY, Ids, plant, plant_record
from tests.browser import Browser
from tests.world import CAPTION, World

UNASKED = "?"
LISTED = ("incident", "item", "file", "declaration", "person", "recording", "batch", "project")
TABLE = Path(__file__).parent / "matrix.tsv"
# How somebody stands towards the record that is asked for, in the order of a cell's letters.
STANDINGS = ("organisation", "shared", "elsewhere", "matter", "walled", "expired", "sealed")
SEEING = ("organisation", "shared")
NOBODY, OPENER = "nobody", "opener"
COLUMNS = (NOBODY, OPENER, *(role.value for role in Role))
LEGEND = """\
# Who gets what at every address. Reviewed by people; `make access-matrix` compares every cell with the program, and
# `make access-matrix WRITE=1` writes what the program answers now, to be reviewed as a change of this file.
#
# A cell has one letter for each standing of the asker towards the record, in this order:
#   1 own organisation   the record is the organisation's (opener: the asker opened it)
#   2 shared             another organisation's, shared with the asker's
#   3 elsewhere          another organisation's of the same matter, not shared
#   4 other matter       the same organisation's, while the asker is in another matter only
#   5 walled             own organisation, behind an ethical wall
#   6 expired            own organisation, the grant has run out
#   7 sealed             own organisation, a record of tier 3 (court-sealed) and a grant of tier 1
# Whoever is in 4, 5 and 6 holds the same role in another matter. An opener stands in 1 and 7 only; nobody in one.
# Searches and exports were made by the attorney (1), the project by the analyst (1).
#
#   S  allowed, and planted words are in the answer (of a list: the record is in it)
#   A  allowed, and nothing of it is
#   V  allowed, but the form or the record's state does not fit (400, 409, 413, 415, 422, 429)
#   R  refused (403)     -  not there (404)     M  not this way (405)     L  must sign in     E  an error (always a fault)
#
# An answer is what the address gives; searching for the planted word itself goes on to what was found.
"""


@dataclass
class Cell:
    """What one asker got at one address: the letter, and the classes of the planted words that were in it."""

    letter: str
    told: frozenset[FieldClass] = frozenset()


@dataclass
class Matrix:
    """The people, the records, and everything that was answered: {(method, address): {column: {standing: Cell}}}."""

    app: Flask
    people: dict[tuple[str, str], Browser] = field(default_factory=dict)
    ids: Ids = field(default_factory=dict)
    sealed: Ids = field(default_factory=dict)
    cells: dict[tuple[str, str], dict[str, dict[str, Cell]]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    @property
    def apart(self) -> set[str]:
        """What was planted once, so that it does not hang on the sealed record."""
        return {name for name, each in self.sealed.items() if self.ids[name] == each}

    def lines(self) -> dict[tuple[str, str], dict[str, str]]:
        """Return the table's rows as text: {(method, address): {column: letters}}."""
        return {row: {column: self._letters(row, column) for column in columns} for row, columns in self.cells.items()}

    def _letters(self, row: tuple[str, str], column: str) -> str:
        cells, standings = self.cells[row][column], STANDINGS[:1] if row[1] in self.open else STANDINGS
        stood = [each for each in standings if (column, each) in self.people]
        return "".join(cells[each].letter if each in cells else UNASKED for each in stood)


def build(app: Flask, world: World, owner: sa.Connection) -> Matrix:
    """Write people and records, and sign everybody in."""
    matrix = Matrix(app)
    matrix.ids = plant(world, owner)
    with db.transaction():
        sessions.act_for(world.users["intake"])
        matrix.sealed = {**matrix.ids, **plant_record()}
    with db.transaction():
        sessions.act_for(world.users["attorney"])
        sharing.share_incident(db.session.get_one(Incident, matrix.ids["incident"]), world.other_organisation)
    owner.execute(sa.update(Incident).where(Incident.id == matrix.sealed["incident"]).values(tier=3))
    emails = _people(app, world, owner)
    project = {"user_id": world.users["analyst"], "matter_id": world.matter, "title": CANARY}
    made = owner.execute(sa.insert(Project).values(**project).returning(Project.id)).scalar_one()
    for ids in (matrix.ids, matrix.sealed):
        ids |= {"project": made, "user": world.users["second_intake"]}
    matrix.people = {who: Browser(app).sign_in(email) for who, email in emails.items()}
    matrix.people[NOBODY, STANDINGS[0]] = Browser(app)
    matrix.people[NOBODY, STANDINGS[0]].get("/sign-in")
    return matrix


def _people(app: Flask, world: World, owner: sa.Connection) -> dict[tuple[str, str], str]:
    """Write a user for each role and standing; returns their e-mail addresses."""
    add = lambda model, **values: owner.execute(sa.insert(model).values(**values).returning(model.id)).scalar_one()  # noqa: E731
    elsewhere = add(Organisation, name="Fourth Aid", short_name="Fourth")
    keys.prepare(app.extensions["settings"], [elsewhere])
    matter = add(
        Matter,
        title="Other v. Placeholder",
        short_title="Other",
        docket_no="2:25-cv-00001",
        caption=CAPTION,
        fictional=True,
    )
    fourth = add(Compartment, matter_id=world.matter, organisation_id=elsewhere, agreement_no="CI-1")
    other = add(Compartment, matter_id=matter, organisation_id=world.organisation, agreement_no="CI-2")
    grants: dict[str, list[tuple[int, Any]]] = {
        "organisation": [(world.compartment, None)],
        "shared": [(world.other_compartment, None)],
        "elsewhere": [(fourth, None)],
        "matter": [(other, None)],
        "walled": [(world.compartment, None), (other, None)],
        "expired": [(world.compartment, sa.text("now() - interval '1 hour'")), (other, None)],
    }
    organisations = {"shared": world.other_organisation, "elsewhere": elsewhere}
    emails = {
        (Role.SUPERVISING_ATTORNEY.value, "organisation"): world.emails["attorney"],
        (Role.ANALYST.value, "organisation"): world.emails["analyst"],
        (OPENER, "organisation"): world.emails["intake"],
    }
    for role in Role:
        for standing, held in grants.items():
            if (role.value, standing) in emails:
                continue
            email = f"{role.value.lower()}.{standing}@example.org"
            user = add(
                User, organisation_id=organisations.get(standing, world.organisation), email=email,
                display_name=f"{standing} {role.value}".title(), password_hash="-",
            )  # fmt: skip
            for compartment, expires in held:
                add(Grant, user_id=user, compartment_id=compartment, role=role.value, tier=1, expires_at=expires)
            if standing == "walled":
                owner.execute(sa.insert(Wall).values(user_id=user, compartment_id=world.compartment, reason="x"))
            emails[role.value, standing] = email
    for who in (*(role.value for role in Role), OPENER):
        emails[who, "sealed"] = emails[who, "organisation"]
    return emails


@contextmanager
def undone() -> Iterator[None]:
    """Everything that requests commit inside is taken back at the end."""
    engine = cast("sa.Engine", db.session.get_bind())
    db.session.remove()
    with engine.connect() as connection:
        outer = connection.begin()
        db.session.configure(bind=connection, join_transaction_mode="create_savepoint")
        try:
            yield
        finally:
            db.session.remove()
            db.session.configure(bind=engine, join_transaction_mode="conditional_savepoint")
            outer.rollback()


def walk(matrix: Matrix, owner: sa.Connection) -> None:
    """Ask every address as everybody, each as if they had just signed in: a slow walk must not look like a refusal."""
    for what in sorted(asks_of(matrix.app), key=lambda each: (each.address, each.method)):
        columns: dict[str, dict[str, Cell]] = {}
        owner.execute(sa.text("update user_session set proved_at = clock_timestamp(), seen_at = clock_timestamp()"))
        matrix.open |= {what.address} if what.endpoint in OPEN_ENDPOINTS else set()
        for column in COLUMNS:
            columns[column] = {
                standing: _ask(matrix, what, column, standing)
                for standing in STANDINGS
                if (column, standing) in matrix.people and _asked(what, standing)
            }
        matrix.cells[what.method, what.address] = columns


def _asked(what: Ask, standing: str) -> bool:
    if what.endpoint in OPEN_ENDPOINTS:
        return standing == STANDINGS[0]
    if os.environ.get("TESTIGO_WHOLE_MATRIX") or standing in SEEING:
        return True
    # One of those that get nothing, another at each address: all of them are asked by `make access-matrix`.
    rest = [each for each in STANDINGS if each not in SEEING]
    return standing == rest[zlib.crc32(what.address.encode()) % len(rest)]


def _ask(matrix: Matrix, what: Ask, column: str, standing: str) -> Cell:
    browser = matrix.people[column, standing]
    ids = matrix.sealed if standing == "sealed" else matrix.ids
    kept = browser.token, dict(browser.client._cookies or {})
    # Whoever is to be refused asks for JSON: an error's page takes longer to draw than to refuse.
    browser.client.environ_base |= {"HTTP_ACCEPT": "text/html" if standing in SEEING else "application/json"}
    with undone():
        listed = [str(ids[name]) for name in LISTED if standing != "sealed" or name not in matrix.apart]
        cell = _cell(_answer(browser, what, ids), what, listed)
    browser.token, browser.client._cookies = kept
    return cell


def _answer(browser: Browser, what: Ask, ids: Ids) -> TestResponse:
    if what.endpoint != "search.index" or what.method != "POST":
        return ask(browser, what, ids)
    found = browser.post(what.address, {"words": CANARY})
    return browser.get(found.location) if found.status_code == 303 else found


def _cell(answer: TestResponse, what: Ask, listed: list[str]) -> Cell:
    status, text = answer.status_code, answer.get_data().decode(errors="replace")
    sent_away = status in {302, 303} and answer.location.startswith("/sign-in") and what.endpoint != "access.sign_out"
    if status == 401 or sent_away:
        return Cell("L")
    letter = {403: "R", 404: "-", 405: "M"}.get(status) or ("E" if status >= 500 else "V" if status >= 400 else "A")
    whole = f"{text} {answer.headers}".lower()
    told = frozenset(each for each, word in CANARIES.items() if word in whole)
    # A list holds the record when it names it: the words may be another record's, or what the asker typed.
    seen = bool(told) if what.names_a_record else any(each in whole for each in listed)
    return Cell("S" if letter == "A" and seen else letter, told)


def address_of(address: str) -> str:
    """Return an address as the table has it: the names of records in pointed brackets."""
    return re.sub(r"{(\w+)}", r"<\1>", address)


def write(matrix: Matrix, path: Path = TABLE) -> None:
    """Write the table as the program answers now."""
    head = ["method", "address", *COLUMNS]
    body = [
        [method, address_of(address), *(columns.get(column, "") for column in COLUMNS)]
        for (method, address), columns in sorted(matrix.lines().items(), key=lambda row: (row[0][1], row[0][0]))
    ]
    path.write_text(LEGEND + "".join("\t".join(line) + "\n" for line in [head, *body]))


def read(path: Path = TABLE) -> dict[tuple[str, str], dict[str, str]]:
    """Return the reviewed table."""
    lines = [line.split("\t") for line in path.read_text().splitlines() if line and not line.startswith("#")]
    head = lines[0][2:]
    return {(line[0], line[1]): dict(zip(head, line[2:], strict=True)) for line in lines[1:]}


def records_of(address: str) -> list[str]:
    """Return the records that an address names."""
    return re.findall(r"{(\w+)}", address)
