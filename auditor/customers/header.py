"""Rows of cells -> records: find the header and read the rows below it. No filled cell is dropped.

The header is the first row that names the id column. A known name of an id column is enough; any other cell that names ids
counts only if there are ids below it. Titles above the header are skipped; one that holds a GUID (such as the partner's own
tenant) is named in a warning. If no row names the id column, the header is the fullest row above the first GUID. If the first
row holds a GUID, there is no header and the columns are called "column 1", ….
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from auditor.core.ids import normalise_id
from auditor.customers.header_words import is_id_header, is_label, names_the_id
from auditor.customers.messages import format_option, quote_all
from auditor.customers.table import Format, LongRow, Record, Table, is_blank, unique_names
from auditor.errors import CustomerListError

GridRow = tuple[int, list[str]]
"""A row's number, and its cells."""

_DEEPEST = 50
"""Rows; no title is longer."""


def inspect_grid(rows: Sequence[GridRow], wanted_id: str | None, kind: Format) -> Table:
    """Find the header among the first rows; return the table with the sample, but without records yet.

    Args:
        rows: the first rows.
        wanted_id: the user's name of the id column, or None.
        kind: the format.

    Raises:
        CustomerListError: rows above the header may be customers.
    """
    row, names, warnings = _find_header(rows, wanted_id)
    below = [cells for number, cells in rows if row is None or number > row]
    widths = Counter(len(cells) for cells in below if not all(map(is_blank, cells)))
    # of two equally frequent widths, the smaller
    usual_width = max(sorted(widths), key=lambda width: widths[width], default=0)
    table = Table(format=kind, names=names, header_row=row, warnings=warnings, usual_width=usual_width)
    return replace(table, sample=[cells for _, cells in read_records(rows, table)])


def read_records(rows: Iterable[GridRow], table: Table) -> Iterator[Record]:
    """Yield the records below the header; every row if there is none."""
    names = table.names
    width = len(names)
    rows = iter(rows)
    if table.header_row is not None:
        next(number for number, _ in rows if number == table.header_row)
    for number, cells in rows:
        if len(cells) == width:
            yield number, dict(zip(names, cells, strict=True))
        else:
            yield number, _fit_to_header(table, cells)


def _fit_to_header(table: Table, cells: list[str]) -> dict[str, str]:
    """Return a row by columns. Missing cells are blank; cells beyond the header get extra columns."""
    names = table.names
    beyond = cells[len(names) :]
    if not all(map(is_blank, beyond)):
        return LongRow(zip(unique_names([*names, *([""] * len(beyond))]), cells, strict=True))
    fitted = zip(names, [*cells[: len(names)], *([""] * (len(names) - len(cells)))], strict=True)
    # if all rows have blank cells beyond the header, the export adds them; else the row's last cell was blank
    return LongRow(fitted) if beyond and len(cells) > table.usual_width else dict(fitted)


def _find_header(grid: Sequence[GridRow], wanted_id: str | None) -> tuple[int | None, tuple[str, ...], tuple[str, ...]]:
    """Return the number of the header's row (None if there is none), the names of the columns, and warnings."""
    width = max((len(cells) for _, cells in grid), default=0)
    holding = next((i for i, (_, cells) in enumerate(grid) if _holds_id(cells)), len(grid))
    at = _find_naming_row(grid, wanted_id)
    if at is not None:
        number, cells = grid[at]
        return number, unique_names(cells), _warn_of_titles(grid, at, insisted=wanted_id is not None)
    at = None if wanted_id else _find_below_titles(grid, holding)
    if at is not None:
        number, cells = grid[at]
        return number, unique_names(cells), (*_warn_of_titles(grid, at, insisted=True), _warn_of_guess(grid[at]))
    above = grid[: min(holding, _DEEPEST)]
    # In a list of one column a title cannot be distinguished from a wrong id: every line is a row.
    if not above or (width == 1 and holding < len(grid)):
        return None, unique_names([""] * width), ()
    number, cells = _find_fullest(grid, above)
    return number, unique_names(cells), (_warn_of_guess((number, cells)),) if holding < len(grid) else ()


def _warn_of_guess(row: GridRow) -> str:
    return f"row {row[0]} ({quote_all(row[1])}) is taken for the header"


def _find_naming_row(grid: Sequence[GridRow], wanted_id: str | None) -> int | None:
    """Return the index of the first row that names the id column: by a known name, else by a cell with ids below it."""
    top = [i for i, (_, cells) in enumerate(grid[:_DEEPEST]) if not _holds_id(cells)]
    known = next((i for i in top if any(is_id_header(cell, wanted_id) for cell in grid[i][1])), None)
    if known is not None or wanted_id:
        return known
    for i in top:
        speaking = [column for column, cell in enumerate(grid[i][1]) if names_the_id(cell)]
        if any(_holds_id_in(grid[i + 1 :], column) for column in speaking) and not _find_customers_above(grid, i):
            return i
    return None


def _find_below_titles(grid: Sequence[GridRow], holding: int) -> int | None:
    """Return the index of a header without a known name below titles that hold GUIDs, if there are any."""
    for i, (_, cells) in enumerate(grid[:_DEEPEST]):
        if i > holding and _count_filled(cells) > 1 and not _holds_id(cells):
            below = any(_holds_id(others) for _, others in grid[i + 1 :])
            shorter = all(_count_filled(others) < _count_filled(cells) for _, others in grid[:i])
            return i if below and shorter and not _find_customers_above(grid, i) else None
    return None


def _find_fullest(grid: Sequence[GridRow], above: Sequence[GridRow]) -> GridRow:
    """Return the fullest of the rows above the first GUID. A row above it that may be a customer is an error."""
    number, cells = max(above, key=lambda row: _count_filled(row[1]))
    at = next(i for i, (row, _) in enumerate(grid) if row == number)
    for i, (row, others) in enumerate(above):
        title = _count_filled(others) < _count_filled(cells) and _has_blank_between(grid, i, at)
        if row < number and _count_filled(others) > 1 and not title:
            raise CustomerListError(
                f"row {row} ({quote_all(others)}) stands above what looks like the header, row {number} ({quote_all(cells)})",
                "give the list one header row, with a name such as Microsoft ID for the id column, "
                "or name that column with --id-column",
            )
    return number, cells


def _count_filled(cells: Sequence[str]) -> int:
    return sum(not is_blank(cell) for cell in cells)


def _holds_id(cells: Sequence[str]) -> bool:
    return any(map(normalise_id, cells))


def _holds_id_in(rows: Sequence[GridRow], column: int) -> bool:
    return any(column < len(cells) and normalise_id(cells[column]) for _, cells in rows)


def _find_customers_above(grid: Sequence[GridRow], header: int) -> list[int]:
    """Return the indexes of the rows above the header that hold a GUID and do not look like titles."""
    return [i for i in range(header) if _holds_id(grid[i][1]) and not _is_title(grid, i, header)]


def _is_title(grid: Sequence[GridRow], row: int, header: int) -> bool:
    """Return True for a row with a GUID and its label, or with fewer cells than the header and a blank row below."""
    cells = [cell for cell in grid[row][1] if not is_blank(cell)]
    ids = [i for i, cell in enumerate(cells) if normalise_id(cell)]
    if len(ids) != 1:
        return False
    labelled = ids[0] > 0 and is_label(cells[ids[0] - 1])
    return labelled or (len(cells) < _count_filled(grid[header][1]) and _has_blank_between(grid, row, header))


def _has_blank_between(grid: Sequence[GridRow], row: int, header: int) -> bool:
    """Return True if there is a blank row between two rows; a workbook omits blank rows, so its row numbers show it."""
    if any(not _count_filled(cells) for _, cells in grid[row + 1 : header]):
        return True
    # a cell with several lines also causes a gap in the line numbers
    breaks = sum(max(cell.count("\n"), cell.count("\r")) for _, cells in grid[row:header] for cell in cells)
    return grid[header][0] - grid[row][0] > header - row + breaks


def _warn_of_titles(grid: Sequence[GridRow], header: int, *, insisted: bool) -> tuple[str, ...]:
    """Return warnings about the rows above the header that hold a GUID. One that may be a customer is an error, unless the
    user named the header's id column (`insisted`).
    """
    customers = () if insisted else _find_customers_above(grid, header)
    for i in customers:
        name = next((cell for cell in grid[header][1] if is_id_header(cell, None)), "")
        raise CustomerListError(
            f"row {grid[i][0]} ({quote_all(grid[i][1])}) stands above the header in row {grid[header][0]} and holds a GUID: "
            "it may be a customer",
            "put the header first, and each list into a file of its own; "
            f"or pass the row over with {format_option('--id-column', name) if name else '--id-column NAME'}",
        )
    return tuple(
        f"row {number} ({quote_all(cells)}) stands above the header in row {grid[header][0]} and holds a GUID: "
        "it was passed over as a title"
        for number, cells in grid[:header]
        if _holds_id(cells)
    )
