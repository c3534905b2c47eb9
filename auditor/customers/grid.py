"""Rows of cells to records by column. Rule: a cell keeps its text, and none is dropped that holds anything."""

from collections.abc import Iterable, Iterator, Sequence

from auditor.customers.header import Header, find_header, unique_names
from auditor.customers.table import Format, Record, Table

GridRow = tuple[int, list[str]]
"""Where a row stands, and its cells."""

SAMPLE_ROWS = 500


def looked_at(rows: Sequence[GridRow], wanted_id: str | None, kind: Format) -> tuple[Header, Table]:
    """The header of a grid by its first rows, and the table with these as its sample; it has no records yet."""
    header = find_header(rows, wanted_id)
    sample = [cells for _, cells in records_below(iter(rows), header)]
    return header, Table(format=kind, names=header.names, sample=sample, header_row=header.row)


def records_below(rows: Iterable[GridRow], header: Header) -> Iterator[Record]:
    """The records below the header; every row where there is none."""
    names = header.names
    width = len(names)
    rows = iter(rows)
    if header.row is not None:
        next(number for number, _ in rows if number == header.row)
    for number, cells in rows:
        if len(cells) == width:
            yield number, dict(zip(names, cells, strict=True))
        else:
            yield number, dict(zip(*_fitted(names, cells), strict=True))


def _fitted(names: tuple[str, ...], cells: list[str]) -> tuple[tuple[str, ...], list[str]]:
    """Names and cells of one length: a short row is filled up, what stands beyond the header gets columns of its own."""
    beyond = cells[len(names) :]
    if any(cell and not cell.isspace() for cell in beyond):
        return unique_names([*names, *([""] * len(beyond))]), cells
    return names, [*cells[: len(names)], *([""] * (len(names) - len(cells)))]
