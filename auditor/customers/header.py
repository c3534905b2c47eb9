"""The header of a grid of cells. Rule: it is the first row that names the id column, wherever it stands.

Titles above it are understood and passed over. Where no row names the id column, the header is the fullest row above
the first GUID; where the first row holds a GUID already, there is no header and the columns are called "column 1", ….
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.ids import normalise_id
from auditor.customers.columns import is_id_header, quoted
from auditor.errors import CustomerListError

Grid = Sequence[tuple[int, Sequence[str]]]
"""Row numbers and cells."""

_DEEPEST = 50
"""Rows; no title is longer."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the header stands.

    Attributes:
        row: its number; None where there is none.
        names: the columns, each once.
        warnings: what a person should know.
    """

    row: int | None
    names: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def find_header(grid: Grid, wanted_id: str | None) -> Header:
    """The header among the first rows of a grid. `wanted_id` is the user's name of the id column, or None."""
    width = max((len(cells) for _, cells in grid), default=0)
    holding = next((i for i, (_, cells) in enumerate(grid) if _holds_id(cells)), len(grid))
    for i, (number, cells) in enumerate(grid[:_DEEPEST]):
        if any(is_id_header(cell, wanted_id) for cell in cells) and not _holds_id(cells):
            passed = _passed_over(grid, holding, i, insisted=wanted_id is not None)
            return Header(number, unique_names(cells), passed)
    above = grid[: min(holding, _DEEPEST)]
    # A list of one column has no title to be told from an id that is wrong: every line is a row.
    if not above or (width == 1 and holding < len(grid)):
        return Header(None, unique_names([""] * width))
    number, cells = max(above, key=lambda row: _filled(row[1]))
    for row, others in above:
        if row < number and _filled(others) > 1:
            raise CustomerListError(
                f"row {row} ({quoted(others)}) stands above what looks like the header, row {number} ({quoted(cells)})",
                "give the list one header row, with a name such as Microsoft ID for the id column",
            )
    taken = f"row {number} ({quoted(cells)}) is taken for the header" if holding < len(grid) else None
    return Header(number, unique_names(cells), (taken,) if taken else ())


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Column names from header cells: stripped, none blank, none twice."""
    names: dict[str, None] = {}
    for i, cell in enumerate(cells, 1):
        name = wanted = cell.strip() or f"column {i}"
        again = 2
        while name in names:
            name = f"{wanted} ({again})"
            again += 1
        names[name] = None
    return tuple(names)


def _filled(cells: Sequence[str]) -> int:
    return sum(not _blank(cell) for cell in cells)


def _holds_id(cells: Sequence[str]) -> bool:
    return any(normalise_id(cell) for cell in cells)


def _blank(cell: str) -> bool:
    return not cell or cell.isspace()


def _passed_over(grid: Grid, holding: int, header: int, *, insisted: bool) -> tuple[str, ...]:
    """Rows above the header are titles; one that holds an id could be a customer, lost without a word.

    Raises:
        CustomerListError: there is one, and the user did not name the header's id column.
    """
    if holding >= header:
        return ()
    where = f"row {grid[holding][0]} stands above the header in row {grid[header][0]} and holds a GUID"
    if insisted:
        return (f"{where}: it was passed over",)
    raise CustomerListError(
        where, "put the header first, and each list into a file of its own; or insist on it with --id-column"
    )
