"""CSV and Parquet files read back: every cell a text as results.csv has it, or None for null, whichever file it is from."""

import csv
import io
import json
import re
import sys
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.model import Verdict
from auditor.core.results import Ledger, add_up
from auditor.errors import IncompleteError
from auditor.report.tables import csv as csv_tables
from auditor.report.tables import summary
from auditor.report.verify.cells import Cells, records_of

_FIELD = re.compile(r'(?:"[^"]*(?:""[^"]*)*"|[^",\r\n]*)[,\n]')
_BATCH = 1 << 13
"""Records of a file that are in memory at a time."""
_BLOCK = 1 << 18
"""Bytes of results.csv that are parsed at a time."""
_join = pc.binary_join_element_wise


def read_csv(path: Path) -> Generator[Cells]:
    """The header of a CSV file and its records.

    Raises:
        OSError, ValueError, csv.Error: the file is missing or damaged.
    """
    with _long_fields(), path.open(encoding="utf-8", newline="") as file:
        yield from (cells for cells, _ in _cells(file, path.name))


def read_results_csv(run: Path, wanted: pa.Table, schema: pa.Schema) -> Generator[pa.Table]:
    """The records of results.csv, some at a time; the files by verdict must have the same lines.

    As long as the file has the expected bytes, its records are the expected ones, and nothing is parsed.

    Args:
        run: the run's folder.
        wanted: texts, which the file should have.
        schema: of `results`; numbers are not quoted.

    Yields:
        Tables of texts, the first of which has no record.

    Raises:
        IncompleteError: a file by verdict has others.
        OSError, ValueError, KeyError, csv.Error: a file is missing or damaged.
    """
    with ExitStack() as stack:
        stack.enter_context(_long_fields())
        results = stack.enter_context((run / csv_tables.RESULTS).open("rb"))
        splits = {str(v): stack.enter_context((run / name).open("rb")) for v, name in csv_tables.SPLITS.items()}
        header = _read_block(results, 0)
        for verdict, split in splits.items():
            if split.read(len(header)) != header:
                raise IncompleteError(f"{verdict}.csv: other columns than in {csv_tables.RESULTS}")
        names = [str(name) for cells, _ in _read_records(header) for name in cells]
        yield pa.table([pa.array([], pa.string())] * len(names), names)
        verdict_at, count = names.index("verdict"), 0
        for table, lines in _read_tables(results, header, wanted, schema):
            _check_splits(splits, table.column(verdict_at), lines, count)
            count += len(lines)
            yield table
        for verdict, split in splits.items():
            if split.read(1):
                raise IncompleteError(f"{verdict}.csv: holds more records than {csv_tables.RESULTS} has of them")


def _read_tables(
    file: BinaryIO, header: bytes, wanted: pa.Table, schema: pa.Schema
) -> Iterator[tuple[pa.Table, pa.Array]]:
    """Yield (some records, the bytes of each)."""
    doubled = double_quotes(wanted)
    for start in range(0, len(wanted), _BATCH):
        right, place = wanted.slice(start, _BATCH), file.tell()
        lines = expected_lines(doubled.slice(start, _BATCH), schema)
        content = _content(lines)
        if file.read(len(content)) != content:
            file.seek(place)
            break
        yield right, lines
    while block := _read_block(file, _BLOCK):
        cells, records = zip(*islice(_read_records(header + block), 1, None), strict=True)
        columns = zip(*cells, strict=True)
        table = pa.table([pa.array(column, pa.string()) for column in columns], wanted.column_names)
        yield table, pa.array(records, pa.binary())


def double_quotes(cells: pa.Table) -> pa.Table:
    """The same texts, each quote in them twice. Most columns have none, which numpy finds out ten times as fast as Arrow."""
    columns = [
        pc.replace_substring(column, '"', '""') if any(map(_may_hold_quotes, column.chunks)) else column
        for column in cells.columns
    ]
    return pa.table(columns, cells.column_names)


def _may_hold_quotes(texts: pa.Array) -> bool:
    content = texts.buffers()[-1]  # of all texts, without what is between them
    return content is not None and ord('"') in np.frombuffer(content, np.uint8)


def expected_lines(doubled: pa.Table, schema: pa.Schema) -> pa.Array:
    """The lines of results.csv for texts as of `double_quotes`: every text in quotes, numbers as they are, nothing for null."""
    shown: list[pa.ChunkedArray] = []
    kinds = (
        "number" if pa.types.is_integer(field.type) else "nullable" if column.null_count else "text"
        for column, field in zip(doubled.columns, schema, strict=True)
    )
    for kind, pairs in groupby(zip(kinds, doubled.columns, strict=True), itemgetter(0)):
        columns = [column for _, column in pairs]
        if kind == "text":  # neighbours get what is between them at once
            columns = [_join(*columns, '","')]
        shown += columns if kind == "number" else (_join('"', column, '"', "") for column in columns)
    last = _join(shown.pop(), "\n", "", null_handling="replace")
    return _join(*shown, last, ",", null_handling="replace").cast(pa.binary()).combine_chunks()


def _content(lines: pa.Array) -> bytes:
    """All lines together."""
    found: bytes = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines), b"")[0].as_py()
    return found


def _check_splits(splits: Mapping[str, BinaryIO], verdicts: pa.ChunkedArray, lines: pa.Array, before: int) -> None:
    """Compare some records of results.csv with what comes next in the files by verdict."""
    for verdict, split in splits.items():
        is_mine = pc.equal(verdicts, verdict)
        mine = lines.filter(is_mine.combine_chunks())
        right, place = _content(mine), split.tell()
        if split.read(len(right)) == right:
            continue
        split.seek(place)
        wrong = next(n for n, record in enumerate(mine.to_pylist()) if split.read(len(record)) != record)
        number = before + 1 + pc.indices_nonzero(is_mine)[wrong].as_py()
        raise IncompleteError(f"{verdict}.csv: record {number} of {csv_tables.RESULTS} is not in its place")


def read_batches(path: Path, without: Collection[str] = ()) -> Generator[pa.Table]:
    """The records of a Parquet file, some at a time, of the file's own types.

    Args:
        path: of the file.
        without: names of columns to leave out.

    Yields:
        Tables, the first of which has no record.

    Raises:
        OSError, ValueError: the file is missing or damaged.
    """
    with pyarrow.parquet.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name not in without]
        yield file.schema_arrow.empty_table().select(names)
        for batch in file.iter_batches(_BATCH, columns=names, use_threads=False):
            yield pa.Table.from_batches([batch])


def check_numbers(path: Path, numbers: Mapping[str, str]) -> None:
    """Compare the columns of numbers with the texts that they are read from.

    Args:
        path: of results.parquet.
        numbers: column of texts -> its column of numbers.

    Raises:
        IncompleteError: a number is another one than its text.
        OSError, ValueError: the file is missing or damaged.
    """
    for name, numbered in numbers.items():
        pairs = pyarrow.parquet.read_table(path, columns=[name, numbered]).group_by([name, numbered])
        counts = pairs.aggregate([([], "count_all")])
        texts, found, rows = (counts[one].to_pylist() for one in (name, numbered, "count_all"))
        of_all = add_up(name, (("", Verdict.BLOCKED, text, count) for text, count in zip(texts, rows, strict=True)))
        read = next(one.number for one in of_all if one.verdict is Verdict.BLOCKED)
        for text, number in zip(texts, found, strict=True):
            right = read(text or "")
            wanted = None if right is None else float(right)
            _agree(number == wanted, f"{path.name}, {numbered}: {number!r} for {text!r}, where it must be {wanted!r}")


def read_parquet(path: Path) -> Generator[Cells]:
    """The column names of a Parquet file and its records; raises as `read_batches`."""
    for number, table in enumerate(read_batches(path)):
        if not number:
            yield tuple(table.column_names)
        yield from records_of(table)


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lets a field be as long as the list had it; the csv module stops at 131,072 characters of its own."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read_block(file: BinaryIO, size: int) -> bytes:
    """Read whole records, of about this many bytes together. Where a record ends, the number of quotes is even."""
    pieces = [file.read(size) + file.readline()]
    is_open = pieces[0].count(b'"') % 2
    while is_open and (line := file.readline()):
        pieces.append(line)
        is_open ^= line.count(b'"') % 2
    return b"".join(pieces)


def _read_records(content: bytes) -> Iterator[tuple[Cells, bytes]]:
    file = io.StringIO(content.decode(), newline="")
    return ((cells, "".join(lines).encode()) for cells, lines in _cells(file, csv_tables.RESULTS))


def _cells(file: TextIO, name: str) -> Iterator[tuple[Cells, list[str]]]:
    """Yield (cells, the lines that they were read from). The csv module does not tell `""` from nothing; the lines do."""
    taken: list[str] = []
    width = None
    for found in csv.reader(_noted(file, taken), strict=True):
        lines = taken.copy()
        taken.clear()
        cells: list[str | None] = [text or None for text in found]
        record = lines[0] if len(lines) == 1 else "".join(lines)
        if '""' in record:
            fields = _FIELD.findall(record)
            cells = [text if len(field) > 1 else None for text, field in zip(found, fields, strict=True)]
        width = width or len(cells)
        if len(cells) != width:
            raise ValueError(f"{name}: a record of {len(cells)} cells, where the header has {width}")
        yield tuple(cells), lines


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """The lines; each is also put on the list, which the caller empties."""
    for line in lines:
        taken.append(line)
        yield line


def check_summary(run: Path, ledger: Ledger, wanted: Mapping[str, Any]) -> int:
    """Compare the counts of both summaries, grouping by grouping, and the facts that decide how they are read.

    Args:
        run: the run's folder.
        ledger: counted from the records.
        wanted: key of summary.json (`outer.inner` of an inner object) -> what it must say.

    Returns:
        How many records summary.csv has.

    Raises:
        IncompleteError: one of them says something else.
        OSError, ValueError, KeyError, TypeError, csv.Error: a file is missing or damaged.
    """
    document = json.loads((run / summary.JSON).read_bytes())
    for key, value in wanted.items():
        outer, _, inner = key.partition(".")
        found = document[outer][inner] if inner else document[outer]
        _agree(found == value, f"{summary.JSON}, {key}: {found!r}, where {value!r} was counted")
    word = "complete" if wanted["complete"] else "INCOMPLETE"
    first = document["note"].partition(":")[0]
    _agree(first == word, f"{summary.JSON}, first word of the note: {first!r}, where it must be {word!r}")
    for unit, listed in (("rows", ledger.rows), ("customers", ledger.customers)):
        expected = {"listed": listed, **{str(count.verdict): getattr(count, unit) for count in ledger.by_verdict()}}
        found = document["ledger"][unit]
        _agree(found == expected, f"{summary.JSON}: {unit} are {found}, where {expected} were counted")
    header, *lines = read_csv(run / summary.CSV)
    table = [dict(zip(map(str, header), line, strict=True)) for line in lines]
    totals = (table[0]["scope"], table[0]["rows"], table[0]["customers"], table[0]["note"])
    expected_totals = ("run", str(ledger.rows), str(ledger.customers), document["note"])
    _agree(totals == expected_totals, f"{summary.CSV}, scope run: {totals}, where it must be {expected_totals}")
    for scope, key, counts in (
        ("verdict", "verdicts", ledger.by_verdict()),
        ("reason", "reasons", ledger.by_reason()),
        ("status", "statuses", ledger.statuses),
        ("owner", "owners", ledger.owners),
    ):
        counted = _by_keys(map(asdict, counts))
        _agree(_by_keys(document[key]) == counted, f"{summary.JSON}: counts by {scope} are not those of the records")
        in_csv = _by_keys(record for record in table if record["scope"] == scope)
        _agree(in_csv == counted, f"{summary.CSV}: counts by {scope} are not those of the records")
    return len(table)


def _by_keys(counts: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], tuple[int, int]]:
    return {
        tuple(str(count.get(key) or "") for key in ("verdict", "reason", "status", "owner")): (
            int(count["rows"]),
            int(count["customers"]),
        )
        for count in counts
    }


def _agree(held: bool, message: str) -> None:  # noqa: FBT001 - an assertion by another name
    if not held:
        raise IncompleteError(message)
