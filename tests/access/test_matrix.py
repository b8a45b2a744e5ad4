"""Every cell of the reviewed table, and what must hold in it whatever the table says."""

from __future__ import annotations

import os

import pytest
import sqlalchemy as sa
from flask import Flask

from intake.access.fields import READS, FieldClass, Reach
from intake.access.policy import Permission, Role, permitted
from intake.settings import Settings
from tests.access import matrix as table
from tests.access.matrix import COLUMNS, NOBODY, OPENER, STANDINGS, UNASKED, Matrix
from tests.world import World

WRITE = bool(os.environ.get("TESTIGO_WRITE_MATRIX"))
NEITHER_OWN_NOR_SHARED = STANDINGS[2:]
# Records that belong to no matter: people are their organisation's, and administrators manage them.
PEOPLE = ("user", "grant", "wall", "notice", "passkey", "session")


@pytest.fixture(scope="module")
def matrix(app: Flask, world: World, settings: Settings) -> Matrix:
    """Everything asked once, as everybody."""
    engine = sa.create_engine(settings.database_url, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        made = table.build(app, world, connection)
        table.walk(made, connection)
    if WRITE:
        table.write(made)
    return made


def test_every_address_has_a_row_and_every_row_an_address(matrix: Matrix) -> None:
    answered = {(method, table.address_of(address)) for method, address in matrix.cells}
    reviewed = set(table.read())
    assert answered - reviewed == set(), "new addresses: `make access-matrix WRITE=1`, then review the change"
    assert reviewed - answered == set(), "rows without an address: `make access-matrix WRITE=1` takes them out"


def test_every_cell_is_as_reviewed(matrix: Matrix) -> None:
    reviewed, differing = table.read(), []
    for (method, address), columns in matrix.lines().items():
        row = reviewed.get((method, table.address_of(address)), {})
        for column, letters in columns.items():
            known = row.get(column, "")
            same = len(known) == len(letters) and all(a in {b, UNASKED} for a, b in zip(letters, known, strict=True))
            if not same:
                differing.append(f"{method} {table.address_of(address)} {column}: reviewed {known}, answered {letters}")
    assert not differing, "\n".join(differing)


def test_no_request_of_anybody_is_an_error(matrix: Matrix) -> None:
    wrong = [
        f"{what} {column} {standing}"
        for what, columns in matrix.cells.items()
        for column, cells in columns.items()
        for standing, cell in cells.items()
        if cell.letter == "E"
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_of_a_record_is_for_who_neither_owns_it_nor_was_given_it(matrix: Matrix) -> None:
    wrong = []
    for (method, address), columns in matrix.cells.items():
        named = {each for each in table.records_of(address) if each not in PEOPLE}
        for column, cells in columns.items():
            for standing in NEITHER_OWN_NOR_SHARED:
                cell = cells.get(standing)
                # What does not hang on the record stays as it is when the record's tier is too high.
                names = named - (matrix.apart if standing == "sealed" else set())
                kept = named and not names
                # The log names records by identifier, never by content.
                if (
                    cell
                    and not kept
                    and address != "/log"
                    and (cell.letter == "S" or (names and cell.letter not in "R-M"))
                ):
                    wrong.append((method, address, column, standing, cell.letter))
    assert not wrong, "\n".join(map(str, wrong))


def test_analysts_auditors_and_administrators_get_no_word_that_was_told(matrix: Matrix) -> None:
    for (method, address), columns in matrix.cells.items():
        for role in (Role.ANALYST, Role.AUDITOR, Role.ADMINISTRATOR):
            for standing, cell in columns[role.value].items():
                told = cell.told - ({FieldClass.CONFIDENTIAL} if address.startswith("/counts") else set())
                assert not told, (method, address, role, standing, told)


@pytest.mark.parametrize("column", COLUMNS[1:])
def test_each_role_gets_only_the_field_classes_of_its_reach(matrix: Matrix, column: str) -> None:
    role = Role.INTAKE if column == OPENER else Role(column)
    reaches = {"organisation": Reach.OWN if column == OPENER else Reach.ORGANISATION, "shared": Reach.SHARED}
    wrong = []
    for (method, address), columns in matrix.cells.items():
        for standing, cell in columns[column].items():
            allowed = READS.get(role, {}).get(reaches.get(standing, Reach.SHARED), frozenset())
            if standing not in reaches:
                allowed = frozenset()
            if address.endswith("/name") and permitted(frozenset({role}), Permission.IDENTITY_READ):
                allowed |= {FieldClass.SEALED}
            if (method, address) == ("POST", "/search") or address.startswith("/counts"):
                allowed |= {FieldClass.CONFIDENTIAL}  # the word that the asker typed; the title that they gave
            if standing == "sealed" and set(table.records_of(address)) <= matrix.apart:
                continue  # a list of the asker's other records, which hold the same words
            if not cell.told <= allowed:
                wrong.append((method, address, standing, sorted(cell.told - allowed)))
    assert not wrong, "\n".join(map(str, wrong))


def test_nobody_who_is_not_signed_in_gets_anything_of_a_record(matrix: Matrix) -> None:
    for (method, address), columns in matrix.cells.items():
        for cell in columns[NOBODY].values():
            assert not cell.told
            if table.records_of(address):
                assert cell.letter == "L", (method, address)


def test_the_matrix_sees_what_is_there_to_be_seen(matrix: Matrix) -> None:
    # The words that no stranger may get are found with those who may: the walk is not blind.
    seen = {told for columns in matrix.cells.values() for cell in columns["RO.SUPATT"].values() for told in cell.told}
    assert seen == set(FieldClass) - {FieldClass.PUBLIC}


def test_a_changed_cell_and_a_missing_row_are_named(matrix: Matrix) -> None:
    reviewed = table.read()
    row = ("GET", "/incidents/<incident>")
    assert reviewed[row]["RO.SUPATT"][:2] == "SS"
    assert reviewed[row]["RO.ADMIN"] == "R" * len(STANDINGS)
