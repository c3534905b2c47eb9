"""Rows of cells to records by column. Rule: a cell keeps its text, and none is dropped that holds anything."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from auditor.customers.header import Header, find_header, unique_names
from auditor.customers.table import Format, LongRow, Record, Table

GridRow = tuple[int, list[str]]
"""Where a row stands, and its cells."""

SAMPLE_ROWS = 500


def looked_at(rows: Sequence[GridRow], wanted_id: str | None, kind: Format) -> tuple[Header, Table]:
    """The header of a grid by its first rows, and the table with these as its sample; it has no records yet."""
    header = find_header(rows, wanted_id)
    below = [(number, cells) for number, cells in rows if header.row is None or number > header.row]
    header = replace(header, usual=_usual_length(below))
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
            yield number, _fitted(header, cells)


def _usual_length(rows: Sequence[GridRow]) -> int:
    """The number of cells that most rows have; of two that are as frequent, the smaller."""
    counts = Counter(len(cells) for _, cells in rows if any(map(str.strip, cells)))
    return max(sorted(counts), key=lambda length: counts[length], default=0)


def _fitted(header: Header, cells: list[str]) -> dict[str, str]:
    """A row by columns: a short one is filled up; what stands beyond the header gets columns of its own."""
    names = header.names
    beyond = cells[len(names) :]
    if any(map(str.strip, beyond)):
        return LongRow(zip(unique_names([*names, *([""] * len(beyond))]), cells, strict=True))
    fitted = zip(names, [*cells[: len(names)], *([""] * (len(names) - len(cells)))], strict=True)
    # blank cells beyond the header are an export's habit where all rows have them; else the row's last cell was blank
    return LongRow(fitted) if beyond and len(cells) > header.usual else dict(fitted)
