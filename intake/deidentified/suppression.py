"""Which numbers of a table may be printed: small ones are hidden, and as many others as keep them from being computed.

A table with its margins is a flow: each cell flows from its row to its column, each row's total into its row, each
column's total out of its column, and the grand total back. What a reader can compute of a hidden number is exactly
what conservation of the flow leaves open: a hidden number is fixed when no circle of hidden numbers passes through
it along which one unit could move. (Cell suppression as in the disclosure-control literature, with the exact test in
place of a rule of thumb; security page section 2, requirement 29.)

Margins are hidden by their own one-dimensional rule alone, so that every table of a dimension hides the same ones
and one table cannot be subtracted from another.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

SMALLEST_CELL = 5  # security page section 2, requirement 29
SMALLEST_LEAVING = 11  # domain page section 6, de-identified extract

Cells = Mapping[tuple[str, str], int]
_ROWS, _COLUMNS = ("", "rows"), ("", "columns")  # the two ends of the flow
_Node = tuple[str, str]


@dataclass(frozen=True)
class Table:
    """Counts by two dimensions; None is a hidden number. An absent combination is a hidden number as well."""

    rows: dict[str, int | None]
    columns: dict[str, int | None]
    total: int | None
    cells: dict[tuple[str, str], int | None] = field(default_factory=dict)


def hide_margin(counts: Mapping[str, int], total: int, smallest: int = SMALLEST_CELL) -> set[str]:
    """Return which values of one dimension to hide: the small ones, and larger ones until none can be subtracted.

    total: the number of records; a margin whose values overlap adds up to more, which only helps to hide.
    """
    hidden = {value for value, n in counts.items() if n < smallest}
    if not hidden or total < smallest:
        return set(counts) if total < smallest else hidden
    # One hidden value is the total less the others; several that sum to one or none are all fixed.
    for _n, value in sorted((n, value) for value, n in counts.items() if value not in hidden):
        if len(hidden) > 1 and sum(counts[each] for each in hidden) >= smallest:
            break
        hidden.add(value)
    return hidden


def protect(
    cells: Cells, rows: Mapping[str, int], columns: Mapping[str, int], total: int, smallest: int = SMALLEST_CELL
) -> Table:
    """Return the table with every number under `smallest` hidden, and no hidden one of these to be computed.

    rows, columns: the one-dimensional counts (records by value). Where a record has several values of a dimension the
    cells of a line add up to more than its count; the reader then knows less than this assumes.
    """
    hidden_rows, hidden_columns = hide_margin(rows, total, smallest), hide_margin(columns, total, smallest)
    grid = {(row, column): cells.get((row, column), 0) for row in rows for column in columns}
    small = {place for place, n in grid.items() if n < smallest}
    hidden = small | _lines(grid, hidden_rows, hidden_columns)
    while fixed := _first_fixed(grid, hidden, small, hidden_rows, hidden_columns, hide_total=total < smallest):
        candidates = [place for place in grid if place not in hidden]
        if not candidates:
            break  # only margins are printed, as everywhere
        beside = [place for place in candidates if place[0] == fixed[0] or place[1] == fixed[1]]
        hidden.add(min(beside or candidates, key=lambda place: (grid[place], place)))
    return Table(
        {value: None if value in hidden_rows else n for value, n in rows.items()},
        {value: None if value in hidden_columns else n for value, n in columns.items()},
        None if total < smallest else total,
        {place: None if place in hidden else n for place, n in grid.items()},
    )


def _lines(grid: Cells, hidden_rows: set[str], hidden_columns: set[str]) -> set[tuple[str, str]]:
    # A line whose total is hidden must not add up to it.
    return {place for place in grid if place[0] in hidden_rows or place[1] in hidden_columns}


def _first_fixed(
    grid: Cells,
    hidden: set[tuple[str, str]],
    small: set[tuple[str, str]],
    hidden_rows: set[str],
    hidden_columns: set[str],
    *,
    hide_total: bool,
) -> tuple[str, str] | None:
    """Return a small number that the printed ones fix, or None. A zero that is fixed tells of nobody."""
    flow = _residual(grid, hidden, hidden_rows, hidden_columns, hide_total=hide_total)
    for row, column in sorted(small):
        if grid[row, column] > 0 and _is_fixed(flow, ("row", row), ("column", column)):
            return row, column
    return None


def _residual(
    grid: Cells, hidden: set[tuple[str, str]], hidden_rows: set[str], hidden_columns: set[str], *, hide_total: bool
) -> dict[_Node, set[_Node]]:
    """Return where a unit may move: forward along a hidden number (it grows), backward where it is above zero."""
    arcs: dict[_Node, set[_Node]] = defaultdict(set)

    def open_(here: _Node, there: _Node, n: int) -> None:
        arcs[here].add(there)
        if n > 0:
            arcs[there].add(here)

    totals: dict[tuple[str, str], int] = defaultdict(int)
    for (row, column), n in grid.items():
        totals["row", row] += n
        totals["column", column] += n
        if (row, column) in hidden:
            open_(("row", row), ("column", column), n)
    for row in hidden_rows:
        open_(_ROWS, ("row", row), totals["row", row])
    for column in hidden_columns:
        open_(("column", column), _COLUMNS, totals["column", column])
    if hide_total:
        open_(_COLUMNS, _ROWS, sum(grid.values()))
    return arcs


def _is_fixed(arcs: Mapping[_Node, set[_Node]], row: _Node, column: _Node) -> bool:
    # It can grow along a circle back to its row, or shrink along one out of it, neither through itself.
    return not (_reaches(arcs, column, row) or _reaches(arcs, row, column))


def _reaches(arcs: Mapping[_Node, set[_Node]], start: _Node, goal: _Node) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        for there in arcs.get(here, ()):
            if {here, there} == {start, goal}:
                continue
            if there == goal:
                return True
            if there not in seen:
                seen.add(there)
                waiting.append(there)
    return False
