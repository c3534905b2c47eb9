"""CSV, TSV and plain text. Rule: a record is what the csv module says it is; quotes that do not pair up are an error.

The delimiter is the one under which an id column is found and the header has the most columns. A list without any
delimiter is plain text: an id a line, or several, and lines that start with `#` are comments. An open quote could swallow
rows unseen, hence the strict reading.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from auditor.customers.columns import Columns, has_id_column
from auditor.customers.grid import GridRow, looked_at, records_below
from auditor.customers.header import Header
from auditor.customers.id_lines import hold_several, split_ids
from auditor.customers.table import Format, Table
from auditor.customers.text import Text
from auditor.errors import CustomerListError

DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 1 << 20
"""Characters. A workbook's cell holds 32,767; the csv module's own limit, 131,072, is low for a column of notes."""

_SAMPLE_LINES = 500
_SAMPLE_SIZE = 1 << 20
_excel_hint = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE).fullmatch
_swallowed = re.compile(r"[\r\n]\W{0,3}[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", re.IGNORECASE).search


@dataclass(frozen=True, slots=True)
class _Lines:
    """A list's lines, and how they may be meant.

    Attributes:
        format: CSV or plain text.
        delimiters: to be tried.
        start: number of the first line.
        first: lines to look at.
        whole: True where those are all.
        all: every line from the first.
        several: True where lines hold several ids and nothing else.
    """

    format: Format
    delimiters: Sequence[str]
    start: int
    first: Sequence[str]
    whole: bool
    all: Iterable[str]
    several: bool = False


@dataclass(frozen=True, slots=True)
class _Guess:
    """A delimiter tried on the first lines, and the fault that ended the trial, if one did."""

    delimiter: str
    header: Header
    table: Table
    merit: tuple[bool, int]
    fault: CustomerListError | None


def read_delimited(text: Text, wanted: Columns) -> Table:
    """Take a CSV, TSV or plain-text list apart.

    Raises:
        CustomerListError: quotes that do not pair up, or a cell or line of absurd length; also while records are read.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    lines = _prepared(text.lines(), wanted)
    best = _best_guess(lines, text.label, wanted)
    text.warnings.extend(best.header.warnings)
    if lines.several:
        text.warnings.append(
            "a line holds several ids: each is taken for a customer of its own; "
            'if the list is a table, choose its column with --id-column "column 1"'
        )
        return best.table.giving(records_below(split_ids(lines.all), best.header))
    rows = _rows(lines.all, best.delimiter, lines.start, text)
    delimiter = best.delimiter if lines.format is Format.CSV else None
    return best.table.giving(records_below(rows, best.header), delimiter=delimiter)


def _prepared(lines: Iterator[str], wanted: Columns) -> _Lines:
    first, whole = _first_lines(lines)
    hint = _excel_hint(first[0]) if first else None
    if hint:
        return _Lines(Format.CSV, hint.group(1), 2, first[1:], whole, chain(first[1:], lines))
    every = chain(first, lines)
    bare = list(_uncommented(first))
    telling = [line for line in bare if not line.isspace()] or first
    if not wanted.id and hold_several(telling):
        return _Lines(Format.TEXT, DELIMITERS[:1], 1, bare, whole, _uncommented(every), several=True)
    if any(delimiter in line for line in telling for delimiter in DELIMITERS):
        return _Lines(Format.CSV, DELIMITERS, 1, first, whole, every)
    return _Lines(Format.TEXT, DELIMITERS[:1], 1, bare, whole, _uncommented(every))


def _first_lines(lines: Iterator[str]) -> tuple[list[str], bool]:
    """Lines to know a list by (blank ones are not counted), and whether they are all."""
    taken: list[str] = []
    filled = size = 0
    for line in lines:
        taken.append(line)
        filled += not line.isspace()
        size += len(line)
        if filled >= _SAMPLE_LINES or size > _SAMPLE_SIZE:
            return taken, False
    return taken, True


def _uncommented(lines: Iterable[str]) -> Iterator[str]:
    """A comment becomes a blank line, so that lines keep their numbers."""
    return ("\n" if line.lstrip().startswith("#") else line for line in lines)


def _best_guess(lines: _Lines, label: str, wanted: Columns) -> _Guess:
    """By the delimiter that makes most sense; one that makes a list of which nothing is to be made does not count."""
    guesses: list[_Guess] = []
    refused: list[CustomerListError] = []
    for delimiter in lines.delimiters:
        try:
            guesses.append(_guess(lines, delimiter, label, wanted))
        except CustomerListError as error:
            refused.append(error)
    best = max(guesses, key=lambda guess: guess.merit, default=None)
    if best is None or (refused and (not best.merit[0] or len(best.table.names) == 1)):
        # a delimiter that divides nothing must not hide a header that another one finds
        raise refused[0]
    if best.fault and not best.merit[0]:
        raise best.fault
    return best


def _guess(lines: _Lines, delimiter: str, label: str, wanted: Columns) -> _Guess:
    grid, fault = (list(split_ids(lines.first)), None) if lines.several else _grid(lines, delimiter, label)
    header, table = looked_at(grid, wanted.id, lines.format)
    return _Guess(delimiter, header, table, (has_id_column(table, wanted), len(table.names)), fault)


def _grid(lines: _Lines, delimiter: str, label: str) -> tuple[list[GridRow], CustomerListError | None]:
    """The first rows by a delimiter, and the fault that ended them, if one did."""
    grid: list[GridRow] = []
    number = lines.start
    reader = csv.reader(lines.first, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            grid.append((number, cells))
            number = lines.start + reader.line_num
    except csv.Error as error:
        # The last record may go on below the sample; then it is no fault.
        if lines.whole or reader.line_num < len(lines.first):
            return grid, _broken(label, number, error)
    return grid, None


def _rows(lines: Iterable[str], delimiter: str, start: int, text: Text) -> Iterator[GridRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = start
    try:
        for cells in reader:
            yield number, cells
            after = start + reader.line_num
            if after > number + 1 and any(map(_swallowed, cells)):
                raise CustomerListError(
                    f"{text.label}: the row in line {number} holds further rows in one cell",
                    "close the quote that is open there, or take the ids out of that cell",
                )
            number = after
    except csv.Error as error:
        raise _broken(text.label, number, error) from None


def _broken(label: str, number: int, error: csv.Error) -> CustomerListError:
    if "field limit" in str(error):
        found = f"a cell of the row in line {number} is longer than {LONGEST_CELL:,} characters"
    else:
        found = f"the quotes in the row in line {number} do not pair up ({error})"
    return CustomerListError(f"{label}: {found}", 'close every quoted cell, and double a quote inside one ("")')
