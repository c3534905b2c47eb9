"""What every format reader hands over. Rule: a record is its number and its cells as text by column; nothing is judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

Record = tuple[int, dict[str, str]]
"""Where the record stands (a line, a row of a sheet, an item; from 1), and its cells by column name."""


class LongRow(dict[str, str]):
    """The cells of a row that has more of them than the header: any of them may stand in another's column."""


class Format(StrEnum):
    """How a customer list is written."""

    CSV = "CSV"
    TEXT = "plain text"
    JSON = "JSON"
    JSON_LINES = "JSON Lines"
    WORKBOOK = "Excel workbook"
    PARQUET = "Parquet"
    WEB_PAGE = "web page"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A customer list taken apart: its columns, its first records for looking at, and all of its records.

    Attributes:
        format: as found by content.
        names: the columns, each once.
        sample: the cells of the first records; `records` gives them again.
        records: every record in order, blank ones included; to be iterated once.
        header_row: where the header stands; None where the list has none.
        delimiter: of CSV.
        sheet: of a workbook; the names of several, where the list stands on several.
        parts: of a list in several parts, each part's name and records; `records` is empty then.
    """

    format: Format
    names: tuple[str, ...]
    sample: Sequence[dict[str, str]]
    records: Iterator[Record] = field(default_factory=lambda: iter(()))
    header_row: int | None = None
    delimiter: str | None = None
    sheet: str | None = None
    parts: tuple[tuple[str, Iterator[Record]], ...] = ()

    def in_parts(
        self, parts: Sequence[tuple[str, Iterator[Record]]], *, names: tuple[str, ...], sample: Sequence[dict[str, str]]
    ) -> "Table":
        """The table of a list that stands on several sheets."""
        sheets = ", ".join(name for name, _ in parts)
        return replace(self, parts=tuple(parts), names=names, sample=sample, sheet=sheets)

    def giving(self, records: Iterator[Record], *, delimiter: str | None = None, sheet: str | None = None) -> "Table":
        """The same table with its records, and where they stand."""
        return replace(self, records=records, delimiter=delimiter, sheet=sheet)
