"""One customer list, opened: what was recognised, and its rows. Rule: every row comes out once, in order, or it fails.

A row without a usable id is a `RejectedRow`: it stays in every report and is never asked for.
"""

from collections.abc import Iterator
from itertools import chain
from types import TracebackType
from typing import BinaryIO, Self

from auditor.core.model import Customer, RejectedRow
from auditor.customers.archive import Archive, unpack
from auditor.customers.columns import Columns, find_columns
from auditor.customers.footer import without_footer
from auditor.customers.formats import may_be_object, take_apart
from auditor.customers.id_column import to_compare
from auditor.customers.judging import Judging
from auditor.customers.parts import WHOLE, Parts
from auditor.customers.source import EXPECTED, Source, open_source
from auditor.customers.table import Format, Table
from auditor.customers.text import Text
from auditor.errors import CustomerListError

_FIND_ALL = Columns()
_TEXT_FORMATS = (Format.CSV, Format.TEXT, Format.JSON, Format.JSON_LINES, Format.WEB_PAGE)


class CustomerList:
    """A customer list whose format and columns are known, and whose rows are still to come.

    Iterating gives `Customer` and `RejectedRow` in file order, one at a time, and may raise `CustomerListError`. A list
    is read once, and closes itself at its end; as a context manager it closes in any case.

    Attributes:
        name: as the user gave it; `-` for standard input.
        format: as found by content.
        columns: the columns by role, by the names that they have in the list.
        other_columns: the names of all the others, as far as the first rows show them.
        header_row: line or row of the header; None where the list has none.
        delimiter: of CSV, else None.
        sheet: of a workbook, else None; the names of several, where the list stands on several.
        warnings: what a person should know, one line each; more may come while the rows are read.
    """

    def __init__(self, source: Source, wanted: Columns, parts: Parts) -> None:
        self.name = source.name
        self.warnings: list[str] = []
        source = source.rereadable() if may_be_object(source.head) else source
        self._source = source
        text = Text(source, self.warnings)
        try:
            table = take_apart(source, text, wanted, parts)
            self.columns = find_columns(table, wanted, source.label, self.warnings)
        except CustomerListError as error:
            raise _named(error, source.label) from error
        self.format: Format = table.format
        self._text = text if table.format in _TEXT_FORMATS else None
        roles = (self.columns.id, self.columns.company, self.columns.domain, self.columns.owner)
        self.other_columns = tuple(name for name in table.names if name not in roles)
        self.header_row = table.header_row
        self.delimiter = table.delimiter
        self.sheet = table.sheet
        self._rows: Iterator[Customer | RejectedRow] | None = self._started(self._read(table, wanted))

    @property
    def encoding(self) -> str | None:
        """Of a text format, as far as it has been read; else None."""
        return self._text.encoding if self._text else None

    def __iter__(self) -> Iterator[Customer | RejectedRow]:
        rows, self._rows = self._rows, None
        if rows is None:
            raise RuntimeError("a customer list is read once: open it again")
        return self._closing(rows)

    def _closing(self, rows: Iterator[Customer | RejectedRow]) -> Iterator[Customer | RejectedRow]:
        with self:
            try:
                yield from rows
            except CustomerListError as error:
                raise _named(error, self._source.label) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Standard input stays open."""
        self._source.close()

    def _started(self, rows: Iterator[Customer | RejectedRow]) -> Iterator[Customer | RejectedRow]:
        """The same rows, of which there is at least one."""
        first = next(rows, None)
        if first is None:
            under = "" if self.header_row is None else f" under the header in row {self.header_row}"
            raise CustomerListError(
                f"{self._source.label} ({self.format}) has no rows{under}; {EXPECTED}",
                "hand in a list with at least one customer",
            )
        return chain([first], rows)

    def _read(self, table: Table, wanted: Columns) -> Iterator[Customer | RejectedRow]:
        # an item without content is there all the same; a blank line is none
        items = table.format in (Format.JSON, Format.JSON_LINES)
        judging = Judging(
            label=self._source.label,
            columns=self.columns,
            names=table.names,
            compared=() if wanted.id else to_compare(table, self.columns.id or ""),
            keep_blank=items,
            allow_ragged=wanted.allow_ragged,
            warnings=self.warnings,
        )
        rows = judging.rows(_placed(self.name, table))
        return rows if items or table.format is Format.PARQUET else without_footer(rows, self.warnings)


def read(
    source: str, *, columns: Columns = _FIND_ALL, parts: Parts = WHOLE, stdin: BinaryIO | None = None
) -> CustomerList:
    """Open a customer list and find out its format and columns.

    Args:
        source: path of a file, or `-` for standard input.
        columns: the user's choice of columns; what is None is found.
        parts: the user's choice of sheets, or of an array of a JSON object.
        stdin: stands in for the process's standard input.

    Raises:
        CustomerListError: missing, unreadable, no list, empty, no id column, or two candidates for a column.
    """
    opened = open_source(source, stdin)
    try:
        unpacked = unpack(opened)
        if isinstance(unpacked, Source):
            return CustomerList(unpacked, columns, parts)
        return _only_list(unpacked, columns, parts)
    except BaseException:
        opened.close()
        raise


def _named(error: CustomerListError, label: str) -> CustomerListError:
    """The error with the list's name."""
    return error if label in error.message else CustomerListError(f"{label}: {error.message}", error.hint)


def _only_list(archive: Archive, columns: Columns, parts: Parts) -> CustomerList:
    """The one list in an archive; every other file in it is named with what keeps it from being a list."""
    lists: list[CustomerList] = []
    faults: list[CustomerListError] = []
    for member in archive.members:
        try:
            lists.append(_in_archive(archive, member, columns, parts))
        except CustomerListError as error:
            faults.append(error)
    if len(lists) != 1:
        for one in lists:
            one.close()
        raise archive.refusal([one.name for one in lists], faults)
    archive.source.close()
    lists[0].warnings.extend(f"not read: {error.message}" for error in faults)
    return lists[0]


def _in_archive(archive: Archive, member: str, columns: Columns, parts: Parts) -> CustomerList:
    opened = archive.open(member)
    try:
        return CustomerList(opened, columns, parts)
    except BaseException:
        opened.close()
        raise


def _placed(name: str, table: Table) -> Iterator[tuple[str, int, dict[str, str]]]:
    """The records with the file that they stand in: of a list on several sheets, each with its sheet."""
    for number, cells in table.records:
        yield name, number, cells
    for part, records in table.parts:
        source = f"{name}#{part}"
        for number, cells in records:
            yield source, number, cells
