"""The header of a grid of cells. Rule: it is the first row that names the id column, wherever it stands.

A known name of an id column is believed as it stands; any other cell that speaks of ids, where ids stand below it. Titles
above the header are passed over, and one that holds a GUID (the partner's own tenant, say) is named in a warning. Where no
row names the id column, the header is the fullest row above the first GUID; where the first row holds a GUID already,
there is no header and the columns are called "column 1", ….
"""

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.core.ids import normalise_id
from auditor.customers.columns import is_id_header
from auditor.customers.naming import is_label, names_the_id
from auditor.customers.quoting import option, quoted
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
        usual: the number of cells that most rows below it have.
    """

    row: int | None
    names: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    usual: int = 0


def find_header(grid: Grid, wanted_id: str | None) -> Header:
    """The header among the first rows of a grid. `wanted_id` is the user's name of the id column, or None.

    Raises:
        CustomerListError: rows above the header may be customers.
    """
    width = max((len(cells) for _, cells in grid), default=0)
    holding = next((i for i, (_, cells) in enumerate(grid) if _holds_id(cells)), len(grid))
    at = _naming_row(grid, wanted_id)
    if at is not None:
        number, cells = grid[at]
        return Header(number, unique_names(cells), _passed_over(grid, at, insisted=wanted_id is not None))
    at = None if wanted_id else _below_titles(grid, holding)
    if at is not None:
        number, cells = grid[at]
        return Header(number, unique_names(cells), (*_passed_over(grid, at, insisted=True), _taken(grid[at])))
    above = grid[: min(holding, _DEEPEST)]
    # A list of one column has no title to be told from an id that is wrong: every line is a row.
    if not above or (width == 1 and holding < len(grid)):
        return Header(None, unique_names([""] * width))
    number, cells = _fullest(grid, above)
    return Header(number, unique_names(cells), (_taken((number, cells)),) if holding < len(grid) else ())


def _taken(row: tuple[int, Sequence[str]]) -> str:
    return f"row {row[0]} ({quoted(row[1])}) is taken for the header"


def _naming_row(grid: Grid, wanted_id: str | None) -> int | None:
    """The place of the first row that names the id column: by a known name; else by a cell with ids below it."""
    top = [i for i, (_, cells) in enumerate(grid[:_DEEPEST]) if not _holds_id(cells)]
    known = next((i for i in top if any(is_id_header(cell, wanted_id) for cell in grid[i][1])), None)
    if known is not None or wanted_id:
        return known
    for i in top:
        speaking = [column for column, cell in enumerate(grid[i][1]) if names_the_id(cell)]
        if any(_holds_id_in(grid[i + 1 :], column) for column in speaking) and not _customers_above(grid, i):
            return i
    return None


def _below_titles(grid: Grid, holding: int) -> int | None:
    """The place of a header without a known name below titles that hold GUIDs, where there are such."""
    for i, (_, cells) in enumerate(grid[:_DEEPEST]):
        if i > holding and _filled(cells) > 1 and not _holds_id(cells):
            below = any(_holds_id(others) for _, others in grid[i + 1 :])
            shorter = all(_filled(others) < _filled(cells) for _, others in grid[:i])
            return i if below and shorter and not _customers_above(grid, i) else None
    return None


def _fullest(grid: Grid, above: Grid) -> tuple[int, Sequence[str]]:
    """The fullest of the rows above the first GUID.

    Raises:
        CustomerListError: a row above it has several cells, and no blank row between them: it may be a customer.
    """
    number, cells = max(above, key=lambda row: _filled(row[1]))
    at = next(i for i, (row, _) in enumerate(grid) if row == number)
    for i, (row, others) in enumerate(above):
        title = _filled(others) < _filled(cells) and _blank_between(grid, i, at)
        if row < number and _filled(others) > 1 and not title:
            raise CustomerListError(
                f"row {row} ({quoted(others)}) stands above what looks like the header, row {number} ({quoted(cells)})",
                "give the list one header row, with a name such as Microsoft ID for the id column, "
                "or name that column with --id-column",
            )
    return number, cells


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


def _holds_id_in(rows: Grid, column: int) -> bool:
    return any(column < len(cells) and normalise_id(cells[column]) for _, cells in rows)


def _customers_above(grid: Grid, header: int) -> list[int]:
    """The places of the rows above the header that hold a GUID and do not look like titles."""
    return [i for i in range(header) if _holds_id(grid[i][1]) and not _is_title(grid, i, header)]


def _is_title(grid: Grid, row: int, header: int) -> bool:
    """True for a row with one GUID and a label beside it, or one with fewer cells than the header and a blank row below."""
    cells = [cell for cell in grid[row][1] if not _blank(cell)]
    ids = [i for i, cell in enumerate(cells) if normalise_id(cell)]
    if len(ids) != 1:
        return False
    labelled = ids[0] > 0 and is_label(cells[ids[0] - 1])
    return labelled or (len(cells) < _filled(grid[header][1]) and _blank_between(grid, row, header))


def _blank_between(grid: Grid, row: int, header: int) -> bool:
    """True where a blank row stands between two rows; in a workbook, blank rows are left out."""
    if any(not _filled(cells) for _, cells in grid[row + 1 : header]):
        return True
    # a cell of several lines makes line numbers leap as well
    breaks = sum(max(cell.count("\n"), cell.count("\r")) for _, cells in grid[row:header] for cell in cells)
    return grid[header][0] - grid[row][0] > header - row + breaks


def _passed_over(grid: Grid, header: int, *, insisted: bool) -> tuple[str, ...]:
    """Warnings of the rows above the header that hold a GUID.

    Raises:
        CustomerListError: one may be a customer, and the user did not name the header's id column.
    """
    customers = () if insisted else _customers_above(grid, header)
    for i in customers:
        name = next((cell for cell in grid[header][1] if is_id_header(cell, None)), "")
        raise CustomerListError(
            f"row {grid[i][0]} ({quoted(grid[i][1])}) stands above the header in row {grid[header][0]} and holds a GUID: "
            "it may be a customer",
            "put the header first, and each list into a file of its own; "
            f"or pass the row over with {option('--id-column', name) if name else '--id-column NAME'}",
        )
    return tuple(
        f"row {number} ({quoted(cells)}) stands above the header in row {grid[header][0]} and holds a GUID: "
        "it was passed over as a title"
        for number, cells in grid[:header]
        if _holds_id(cells)
    )
