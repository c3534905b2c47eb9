"""CSV, TSV and plain text, parsed by the csv module. Quotes that do not pair up are an error.

The delimiter is the one under which an id column is found and the header has the most columns. A list without any
delimiter is plain text: one or several ids a line; lines that start with `#` are comments. If lines hold several ids, each
word of them is a row. Reading is strict because an open quote could hide rows.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from auditor.core.ids import normalise_id
from auditor.customers.columns import Columns, assess_table
from auditor.customers.header import GridRow, inspect_grid, read_records
from auditor.customers.id_column import IdEvidence
from auditor.customers.source import Text
from auditor.customers.table import SAMPLE_ROWS, Format, Table
from auditor.errors import CustomerListError

DELIMITERS = (",", ";", "\t", "|")
LONGEST_CELL = 1 << 20
"""Characters. A workbook's cell holds 32,767; the csv module's own limit, 131,072, is low for a column of notes."""

_SAMPLE_SIZE = 1 << 20
_LEAST_IDS = 0.9
"""Minimum share of ids among the words of lines with several ids: a few may be wrong."""

_excel_hint = re.compile(r'"?sep=([,;\t|])"?\s*', re.IGNORECASE).fullmatch
_swallowed_row = re.compile(r"[\r\n]\W{0,3}[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-", re.IGNORECASE).search
_words = re.compile(r"[^\s,;|]+").findall
_delimiter = re.compile(r"[,;|\t]").search


@dataclass(frozen=True, slots=True)
class _Lines:
    """A list's lines, and how they may be read.

    Attributes:
        format: CSV or plain text.
        delimiters: the candidates.
        start: number of the first line.
        sample: the first lines.
        whole: True if the sample has all lines.
        all: every line from the first.
        several: True if lines hold several ids and nothing else.
    """

    format: Format
    delimiters: Sequence[str]
    start: int
    sample: Sequence[str]
    whole: bool
    all: Iterable[str]
    several: bool = False


@dataclass(frozen=True, slots=True)
class _Trial:
    """A delimiter tried on the first lines: the resulting table, its evidence, and the error that ended the trial."""

    delimiter: str
    table: Table
    merit: tuple[bool, int]
    fault: CustomerListError | None


def read_delimited(text: Text, wanted: Columns) -> Table:
    """Parse a CSV, TSV or plain-text list.

    Raises:
        CustomerListError: quotes that do not pair up, or a cell or line that is too long; also while records are read.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    lines = _inspect_lines(text.lines(), wanted)
    best = _choose_delimiter(lines, text.label, wanted)
    text.warnings.extend(best.table.warnings)
    if lines.several:
        text.warnings.append(
            "a line holds several ids: each is taken for a customer of its own; "
            'if the list is a table, choose its column with --id-column "column 1"'
        )
        rows = _split_ids(lines.all)
    else:
        rows = _read_rows(lines.all, best.delimiter, lines.start, text.label)
    delimiter = best.delimiter if lines.format is Format.CSV else None
    return replace(best.table, parts=((None, read_records(rows, best.table)),), delimiter=delimiter)


def _inspect_lines(lines: Iterator[str], wanted: Columns) -> _Lines:
    first, whole = _take_sample(lines)
    hint = _excel_hint(first[0]) if first else None
    if hint:
        return _Lines(Format.CSV, hint.group(1), 2, first[1:], whole, chain(first[1:], lines))
    every = chain(first, lines)
    bare = list(_blank_comments(first))
    filled = [line for line in bare if not line.isspace()] or first
    if not wanted.id and _hold_several_ids(filled):
        return _Lines(Format.TEXT, DELIMITERS[:1], 1, bare, whole, _blank_comments(every), several=True)
    if any(delimiter in line for line in filled for delimiter in DELIMITERS):
        return _Lines(Format.CSV, DELIMITERS, 1, first, whole, every)
    return _Lines(Format.TEXT, DELIMITERS[:1], 1, bare, whole, _blank_comments(every))


def _take_sample(lines: Iterator[str]) -> tuple[list[str], bool]:
    """Return the first lines (not counting blank ones), and True if the list has no others."""
    taken: list[str] = []
    filled = size = 0
    for line in lines:
        taken.append(line)
        filled += not line.isspace()
        size += len(line)
        if filled >= SAMPLE_ROWS or size > _SAMPLE_SIZE:
            return taken, False
    return taken, True


def _blank_comments(lines: Iterable[str]) -> Iterator[str]:
    """Replace each comment by a blank line, so that lines keep their numbers."""
    return ("\n" if line.lstrip().startswith("#") else line for line in lines)


def _hold_several_ids(lines: Iterable[str]) -> bool:
    """Return True if lines hold several ids, and none looks like a row of a table."""
    words = ids = most = 0
    for line in lines:
        parts = _words(line)
        found = sum(normalise_id(part) is not None for part in parts)
        if found == 0 or found == len(parts) == 1:
            # a title, or a line with a wrong id; with columns it is the header or a row of a table
            if found == 0 and _delimiter(line.strip(" ,;|\t\r\n")):
                return False
            continue
        words += len(parts)
        ids += found
        most = max(most, found)
    return most > 1 and ids >= _LEAST_IDS * words


def _split_ids(lines: Iterable[str]) -> Iterator[GridRow]:
    """Yield each word of a line with several ids as a row, and any other line as a whole."""
    for number, line in enumerate(lines, 1):
        parts = _words(line)
        several = len(parts) > 1 and any(map(normalise_id, parts))
        for part in parts if several else [line.rstrip("\r\n")]:
            yield number, [part]


def _choose_delimiter(lines: _Lines, label: str, wanted: Columns) -> _Trial:
    """Return the trial of the delimiter with the best list. If there is none, the error of a delimiter is raised."""
    trials: list[_Trial] = []
    refused: list[CustomerListError] = []
    for delimiter in lines.delimiters:
        try:
            trials.append(_try_delimiter(lines, delimiter, label, wanted))
        except CustomerListError as error:
            refused.append(error)
    best = max(trials, key=lambda trial: trial.merit, default=None)
    if best is None or (refused and (not best.merit[0] or len(best.table.names) == 1)):
        # a delimiter that does not occur must not hide a header that another one finds
        raise refused[0]
    if best.fault and not best.merit[0]:
        raise best.fault
    return best


def _try_delimiter(lines: _Lines, delimiter: str, label: str, wanted: Columns) -> _Trial:
    if lines.several:
        rows, fault = list(_split_ids(lines.sample)), None
    else:
        rows, fault = _read_sample(lines, delimiter, label)
    table = inspect_grid(rows, wanted.id, lines.format)
    return _Trial(delimiter, table, (assess_table(table, wanted) > IdEvidence.NONE, len(table.names)), fault)


def _read_sample(lines: _Lines, delimiter: str, label: str) -> tuple[list[GridRow], CustomerListError | None]:
    """Return the first rows with a delimiter, and the error that ended the reading, if any."""
    rows: list[GridRow] = []
    number = lines.start
    reader = csv.reader(lines.sample, delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            rows.append((number, cells))
            number = lines.start + reader.line_num
    except csv.Error as error:
        # The last record may continue after the sample; then it is not an error.
        if lines.whole or reader.line_num < len(lines.sample):
            return rows, _row_error(label, number, error)
    return rows, None


def _read_rows(lines: Iterable[str], delimiter: str, start: int, label: str) -> Iterator[GridRow]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = start
    try:
        for cells in reader:
            yield number, cells
            after = start + reader.line_num
            if after > number + 1 and any(map(_swallowed_row, cells)):
                raise CustomerListError(
                    f"{label}: the row in line {number} holds further rows in one cell",
                    "close the quote that is open there, or take the ids out of that cell",
                )
            number = after
    except csv.Error as error:
        raise _row_error(label, number, error) from None


def _row_error(label: str, number: int, error: csv.Error) -> CustomerListError:
    if "field limit" in str(error):
        found = f"a cell of the row in line {number} is longer than {LONGEST_CELL:,} characters"
    else:
        found = f"the quotes in the row in line {number} do not pair up ({error})"
    return CustomerListError(f"{label}: {found}", 'close every quoted cell, and double a quote inside one ("")')
