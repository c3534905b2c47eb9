"""The result of every format reader: records with their number and their cells as text by column, not judged yet."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice

Record = tuple[int, dict[str, str]]
"""A record's number (a line, a row of a sheet, an item; from 1), and its cells by column name."""

SAMPLE_ROWS = 500
"""Number of rows in which the header and the columns are searched."""

_MOST_DIGITS = 8


class LongRow(dict[str, str]):
    """The cells of a row that has more of them than the header: each may be in the wrong column."""


class Format(StrEnum):
    """The format of a customer list."""

    CSV = "CSV"
    TEXT = "plain text"
    JSON = "JSON"
    JSON_LINES = "JSON Lines"
    WORKBOOK = "Excel workbook"
    PARQUET = "Parquet"
    WEB_PAGE = "web page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A parsed customer list: its columns, a sample of its records, and all of its records.

    Attributes:
        format: as found by content.
        names: the columns, each once.
        sample: the cells of the first records; `parts` has these records again.
        parts: every record in order, blank ones included; to be iterated once. The records of a list on several sheets come
            with the name of their sheet, all others with None.
        header_row: number of the header; None if the list has none.
        warnings: about the header, for the user.
        usual_width: the number of cells of most rows below the header.
        delimiter: of CSV.
        sheet: of a workbook; the names of several if the list is on several.
    """

    format: Format
    names: tuple[str, ...]
    sample: Sequence[dict[str, str]] = ()
    parts: Sequence[tuple[str | None, Iterator[Record]]] = ()
    header_row: int | None = None
    warnings: tuple[str, ...] = ()
    usual_width: int = 0
    delimiter: str | None = None
    sheet: str | None = None


def is_blank(cell: str | None) -> bool:
    """Return True for a cell that is missing, empty or only white space."""
    return not cell or cell.isspace()


def take_sample(records: Iterator[Record]) -> tuple[list[dict[str, str]], Iterator[Record]]:
    """Return copies of the first records, and all records; copies because readers of records remove cells."""
    first = list(islice(records, SAMPLE_ROWS))
    return [dict(cells) for _, cells in first], chain(first, records)


def parse_repeat(number: str | None) -> int:
    """Return how often a cell or row is repeated or how far it spans: at least 1, and 1 if it is not a number."""
    stated = (number or "").strip()
    return max(1, int(stated)) if stated.isascii() and stated.isdecimal() and len(stated) <= _MOST_DIGITS else 1


def unique_names(cells: Sequence[str]) -> tuple[str, ...]:
    """Make column names from header cells: stripped, none blank, none repeated."""
    names: dict[str, None] = {}
    for i, cell in enumerate(cells, 1):
        names[number_name(cell.strip() or f"column {i}", names)] = None
    return tuple(names)


def number_name(name: str, taken: Container[str]) -> str:
    """Return a name, with a number after it if it is taken: `id (2)`."""
    unique, number = name, 2
    while unique in taken:
        unique = f"{name} ({number})"
        number += 1
    return unique
