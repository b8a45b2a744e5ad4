"""No number under five can be read or computed from a table, from two tables, or from a table and its margins."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from intake.deidentified.suppression import SMALLEST_CELL, Table, hide_margin, protect

COUNT = st.one_of(st.integers(0, 6), st.sampled_from([0, 1, 4, 5, 9]))
Grid = list[list[int]]


def margins(grid: Grid) -> tuple[dict[str, int], dict[str, int], int]:
    rows = {f"r{number}": sum(line) for number, line in enumerate(grid)}
    columns = {f"c{number}": sum(line[number] for line in grid) for number in range(len(grid[0]))}
    return rows, columns, sum(rows.values())


def table_of(grid: Grid) -> Table:
    cells = {(f"r{y}", f"c{x}"): n for y, line in enumerate(grid) for x, n in enumerate(line)}
    return protect(cells, *margins(grid))


def grids(height: st.SearchStrategy[int], width: st.SearchStrategy[int]) -> st.SearchStrategy[Grid]:
    return st.tuples(height, width).flatmap(
        lambda size: st.lists(st.lists(COUNT, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0])
    )


def consistent(printed: Table, true: Grid) -> Iterator[Grid]:
    """Yield every table of whole numbers that the printed one allows, each hidden number up to 3 above the true one."""
    places = [(y, x) for y, line in enumerate(true) for x in range(len(line))]
    spans = []
    for y, x in places:
        shown = printed.cells[f"r{y}", f"c{x}"]
        spans.append([shown] if shown is not None else range(max(0, true[y][x] - 3), true[y][x] + 4))
    for numbers in itertools.product(*spans):
        guess = [list(line) for line in true]
        for (y, x), n in zip(places, numbers, strict=True):
            guess[y][x] = n
        rows, columns, total = margins(guess)
        fits = all(printed.rows[name] in {None, n} for name, n in rows.items())
        fits = fits and all(printed.columns[name] in {None, n} for name, n in columns.items())
        if fits and printed.total in {None, total}:
            yield guess


@settings(max_examples=120, deadline=None)
@given(grids(st.just(2), st.integers(1, 2)))
def test_every_small_number_could_be_another_for_all_that_is_printed(grid: Grid) -> None:
    printed = table_of(grid)
    possible = list(consistent(printed, grid))
    for y, line in enumerate(grid):
        for x, n in enumerate(line):
            if 0 < n < SMALLEST_CELL:
                assert printed.cells[f"r{y}", f"c{x}"] is None
                assert len({guess[y][x] for guess in possible}) > 1, (grid, printed)


@settings(max_examples=300, deadline=None)
@given(grids(st.integers(1, 6), st.integers(1, 6)))
def test_no_printed_number_is_small_and_no_line_lacks_exactly_one(grid: Grid) -> None:
    printed = table_of(grid)
    for each in (*printed.cells.values(), *printed.rows.values(), *printed.columns.values()):
        assert each is None or each >= SMALLEST_CELL
    for number, line in enumerate(grid):
        name = f"r{number}"
        hidden = [x for x in range(len(line)) if printed.cells[name, f"c{x}"] is None]
        if printed.rows[name] is not None and len(hidden) == 1:
            assert line[hidden[0]] == 0 or line[hidden[0]] >= SMALLEST_CELL, (grid, printed)


@settings(max_examples=200, deadline=None)
@given(grids(st.integers(1, 5), st.integers(1, 5)), grids(st.integers(1, 5), st.integers(1, 5)))
def test_two_tables_of_one_dimension_hide_the_same_values_of_it(one: Grid, other: Grid) -> None:
    # The differencing pair: the same rows counted beside two other dimensions.
    rows, _columns, total = margins(one)
    spread = {(f"r{y}", f"c{x}"): n for y, line in enumerate(one) for x, n in enumerate(line)}
    first = protect(spread, *margins(one))
    second = protect({(name, "all"): n for name, n in rows.items()}, rows, {"all": total}, total)
    assert first.rows == second.rows
    assert {name for name, n in first.rows.items() if n is None} == hide_margin(rows, total)
    assert other is not one


@settings(max_examples=200, deadline=None)
@given(st.lists(COUNT, min_size=1, max_size=8))
def test_a_single_dimension_cannot_be_subtracted_from_its_total(numbers: list[int]) -> None:
    counts = {str(number): n for number, n in enumerate(numbers)}
    hidden = hide_margin(counts, sum(numbers))
    small = {value for value, n in counts.items() if n < SMALLEST_CELL}
    assert small <= hidden
    if any(counts[value] for value in small) and hidden != set(counts):
        assert len(hidden) > 1
        assert sum(counts[value] for value in hidden) >= SMALLEST_CELL


def test_a_single_small_cell_takes_its_complements_with_it() -> None:
    printed = table_of([[3, 40, 30], [20, 50, 25], [30, 30, 30]])
    hidden = {place for place, n in printed.cells.items() if n is None}
    assert ("r0", "c0") in hidden
    assert len([place for place in hidden if place[0] == "r0"]) > 1
    assert len([place for place in hidden if place[1] == "c0"]) > 1
    assert printed.rows["r0"] == 73


def test_a_large_table_is_protected_in_good_time() -> None:
    grid = [[(y * 7 + x * 13) % 23 for x in range(30)] for y in range(40)]
    printed = table_of(grid)
    assert [n for n in printed.cells.values() if n is not None]


def test_hiding_the_small_numbers_alone_would_be_found_out() -> None:
    # The check above is not blind: with the complements printed, the small number is the only one that fits.
    grid = [[3, 40], [20, 50]]
    rows, columns, total = margins(grid)
    cells = {("r0", "c0"): None, ("r0", "c1"): 40, ("r1", "c0"): 20, ("r1", "c1"): 50}
    careless = Table(dict(rows), dict(columns), total, cells)
    assert {guess[0][0] for guess in consistent(careless, grid)} == {3}
    assert len({guess[0][0] for guess in consistent(table_of(grid), grid)}) > 1
