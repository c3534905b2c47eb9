"""Open one customer list and yield its rows: every row once, in order, or an error.

The content decides the format of a list, never the file's name. A row without a usable id is a `RejectedRow`: every report
has it, and no request is sent for it.
"""

import re
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, Self
from zipfile import ZipFile

from auditor.core.model import Customer, RejectedRow
from auditor.customers.archive import OLD_CONTAINER, extract_member, list_members, unpack
from auditor.customers.columns import Columns, find_columns
from auditor.customers.delimited import read_delimited
from auditor.customers.id_column import find_columns_to_compare
from auditor.customers.json_list import read_json
from auditor.customers.messages import EXPECTED, quote_all
from auditor.customers.parts import WHOLE, Parts
from auditor.customers.rows import PlacedRecord, RowReader, drop_footer
from auditor.customers.source import Source, Text, closed_on_error, open_source
from auditor.customers.table import Format, Table
from auditor.customers.web_page import is_page, read_page
from auditor.errors import CustomerListError

_FIND_ALL = Columns()
_NO_TEXT = (Format.WORKBOOK, Format.PARQUET)
_PARQUET = b"PAR1"
_WORKBOOKS = (b"PK\x03\x04", b"PK\x05\x06", OLD_CONTAINER)

_starts_as_json = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{"\]])').match


class CustomerList:
    """A customer list with known format and columns, whose rows have not been read yet.

    Iterating yields `Customer` and `RejectedRow` in file order, and may raise `CustomerListError`. A list can be read once,
    and closes at its end; as a context manager it always closes.

    Attributes:
        name: as the user gave it; `-` for standard input.
        format: as found by content.
        columns: the names of the columns by role.
        other_columns: the names of all other columns, as far as the first rows have them.
        header_row: line or row of the header; None if the list has none.
        delimiter: of CSV, else None.
        sheet: of a workbook, else None; the names of several if the list is on several.
        warnings: for the user, one line each; more may be added while the rows are read.
    """

    def __init__(self, source: Source, wanted: Columns, parts: Parts) -> None:
        self.name = source.name
        self.warnings: list[str] = []
        self._source = source = source.spool() if _needs_spooling(source.head) else source
        text = Text(source, self.warnings)
        try:
            table = _parse_list(source, text, wanted, parts)
            self.columns = find_columns(table, wanted, source.label, self.warnings)
        except CustomerListError as error:
            raise _add_label(error, source.label) from error
        self.format: Format = table.format
        self._text = None if table.format in _NO_TEXT else text
        roles = (self.columns.id, self.columns.company, self.columns.domain, self.columns.owner)
        self.other_columns = tuple(name for name in table.names if name not in roles)
        self.header_row = table.header_row
        self.delimiter = table.delimiter
        self.sheet = table.sheet
        self._rows: Iterator[Customer | RejectedRow] | None = self._read_first(self._read(table, wanted))

    @property
    def encoding(self) -> str | None:
        """The encoding of a text format, as far as it has been read; else None."""
        return self._text.encoding if self._text else None

    def __iter__(self) -> Iterator[Customer | RejectedRow]:
        rows, self._rows = self._rows, None
        if rows is None:
            raise RuntimeError("a customer list is read once: open it again")
        return self._read_and_close(rows)

    def _read_and_close(self, rows: Iterator[Customer | RejectedRow]) -> Iterator[Customer | RejectedRow]:
        with self:
            try:
                yield from rows
            except CustomerListError as error:
                raise _add_label(error, self._source.label) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Standard input stays open."""
        self._source.close()

    def _read_first(self, rows: Iterator[Customer | RejectedRow]) -> Iterator[Customer | RejectedRow]:
        """Read the first row, without which there is no list; return all rows."""
        first = next(rows, None)
        if first is None:
            under = "" if self.header_row is None else f" under the header in row {self.header_row}"
            raise CustomerListError(
                f"{self._source.label} ({self.format}) has no rows{under}; {EXPECTED}",
                "hand in a list with at least one customer",
            )
        return chain([first], rows)

    def _read(self, table: Table, wanted: Columns) -> Iterator[Customer | RejectedRow]:
        # an empty item or record is a row; a blank line is not
        items = table.format in (Format.JSON, Format.JSON_LINES)
        reader = RowReader(
            label=self._source.label,
            columns=self.columns,
            names=table.names,
            compared=() if wanted.id else find_columns_to_compare(table, self.columns.id or ""),
            keep_blank=items or table.format is Format.PARQUET,
            allow_ragged=wanted.allow_ragged,
            warnings=self.warnings,
        )
        rows = reader.read(_place_records(self.name, table))
        return rows if items or table.format is Format.PARQUET else drop_footer(rows, self.warnings)


def read(
    source: str, *, columns: Columns = _FIND_ALL, parts: Parts = WHOLE, content: BinaryIO | None = None
) -> CustomerList:
    """Open a customer list and find out its format and columns.

    Args:
        source: path of a file, or `-` for standard input; with `content`, only a name.
        columns: the user's choice of columns; None for a column to find.
        parts: the user's choice of sheets, or of an array of a JSON object.
        content: the list itself, from its first byte; stays open.

    Raises:
        CustomerListError: missing, unreadable, not a list, empty, no id column, or two candidates for a column.
    """
    opened = open_source(source, content)
    with closed_on_error(opened):
        unpacked = unpack(opened)
        if isinstance(unpacked, Source):
            return CustomerList(unpacked, columns, parts)
        return _read_only_list(opened, unpacked, columns, parts)


def _place_records(name: str, table: Table) -> Iterator[PlacedRecord]:
    """Yield the records with their file; `#` and the sheet follow for a list on several sheets."""
    for part, records in table.parts:
        source = name if part is None else f"{name}#{part}"
        for number, cells in records:
            yield source, number, cells


def _needs_spooling(head: bytes) -> bool:
    """Return True for workbooks and Parquet, which are read from their end, and for JSON objects, which are read twice."""
    if head.startswith((_PARQUET, *_WORKBOOKS)):
        return True
    return head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] in (b"", b"{")


def _parse_list(source: Source, text: Text, wanted: Columns, parts: Parts) -> Table:
    """Parse a list by its format; `text` is read for text formats only."""
    # imported here: a CSV list does not need calamine or pyarrow
    if source.head.startswith(_PARQUET):
        from auditor.customers.parquet import read_parquet  # noqa: PLC0415 - see above

        source.stream.seek(0)
        return read_parquet(source.stream, source.label)
    if source.head.startswith(_WORKBOOKS):
        from auditor.customers.workbook import read_workbook  # noqa: PLC0415 - see above

        with source.stream as file:
            file.seek(0)
            return read_workbook(file, wanted, parts, source.label, text.warnings)
    start = text.peek()
    if is_page(start):
        return read_page(text, wanted)
    return read_json(source, text, wanted, parts) if _starts_as_json(start) else read_delimited(text, wanted)


def _add_label(error: CustomerListError, label: str) -> CustomerListError:
    """Return the error with the list's name."""
    return error if label in error.message else CustomerListError(f"{label}: {error.message}", error.hint)


def _read_only_list(source: Source, archive: ZipFile, columns: Columns, parts: Parts) -> CustomerList:
    """Return the one list in an archive; a warning names every other file and why it is not a list."""
    lists: list[CustomerList] = []
    faults: list[CustomerListError] = []
    for member in list_members(archive):
        try:
            extracted = extract_member(archive, member, source.name)
            with closed_on_error(extracted):
                lists.append(CustomerList(extracted, columns, parts))
        except CustomerListError as error:
            faults.append(error)
    if len(lists) != 1:
        for one in lists:
            one.close()
        raise _archive_error(source, [one.name for one in lists], faults)
    source.close()
    lists[0].warnings.extend(f"not read: {error.message}" for error in faults)
    return lists[0]


def _archive_error(source: Source, lists: list[str], faults: list[CustomerListError]) -> CustomerListError:
    label = source.label
    if lists:
        members = [name.removeprefix(f"{source.name}#") for name in lists]
        return CustomerListError(
            f"{label} is an archive with {len(lists)} lists: {quote_all(members)}",
            "unpack it, and name the lists to audit one by one",
        )
    if not faults:
        return CustomerListError(f"{label} is an archive without a file in it; {EXPECTED}")
    if len(faults) == 1:
        return faults[0]
    return CustomerListError(
        f"{label} is an archive with {len(faults)} files, none of them a list: {faults[0].message}", faults[0].hint
    )
