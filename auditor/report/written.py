"""Written files read back, for whoever checks them. Rule: no code of the writers; a split must have its records to the letter.

Every cell is a text as results.csv has it, or None for null, whichever file it comes from, so that files are compared
by comparing texts.
"""

import csv
import re
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.errors import IncompleteError
from auditor.report import csv as csv_files
from auditor.report import parquet

Cells = tuple[str | None, ...]
"""A record of a file."""

_FIELD = re.compile(r'(?:"[^"]*(?:""[^"]*)*"|[^",\r\n]*)[,\n]')
_BATCH = 4096


class Record(NamedTuple):
    """What the ledger needs of one record of `results`; null is the empty text."""

    customer_id: str
    raw_id: str
    verdict: str
    reason: str
    status: str
    owner: str
    checked_at: str


def records(run: Path) -> Generator[Record]:
    """The records of results.csv, or of results.parquet where there is no CSV, in their order.

    Raises:
        IncompleteError: a split does not have the records of its verdict.
        OSError, ValueError, csv.Error: a file is missing or damaged.
    """
    cells = csv_results(run) if (run / csv_files.RESULTS).exists() else parquet_results(run)
    pick = picker(next(cells, ()))
    yield from map(pick, cells)


def picker(header: Sequence[str | None]) -> Callable[[Cells], Record]:
    """What makes a `Record` of the cells of a file with this header.

    Raises:
        ValueError: the header lacks a name.
    """
    pick = itemgetter(*(header.index(name) for name in Record._fields))
    return lambda cells: Record(*[text or "" for text in pick(cells)])


def csv_results(run: Path) -> Generator[Cells]:
    """The header of results.csv and its records, each of them met in the split of its verdict too, to the letter.

    Raises:
        IncompleteError: a split has other records.
        OSError, ValueError, csv.Error: a file is missing or damaged.
    """
    with ExitStack() as stack:
        stack.enter_context(_long_fields())
        results = _cells(stack.enter_context(opened(run / csv_files.RESULTS)))
        splits = {str(v): stack.enter_context(opened(run / name)) for v, name in csv_files.SPLITS.items()}
        header, lines = next(results, ((), []))
        for verdict, split in splits.items():
            if [next(split, None) for _ in lines] != lines:
                raise IncompleteError(f"{verdict}.csv: other columns than in results.csv")
        yield header
        verdict_at = header.index("verdict")
        for number, (cells, lines) in enumerate(results, 1):
            verdict = cells[verdict_at] or ""
            split = splits[verdict]
            for line in lines:
                if next(split, None) != line:
                    raise IncompleteError(f"{verdict}.csv: record {number} of results.csv is not in its place")
            yield cells
        for verdict, split in splits.items():
            if next(split, None) is not None:
                raise IncompleteError(f"{verdict}.csv: holds more records than results.csv has of them")


def csv_file(path: Path) -> Generator[Cells]:
    """The header and the records of any other CSV file.

    Raises:
        OSError, ValueError, csv.Error: the file is missing or damaged.
    """
    with _long_fields(), opened(path) as file:
        yield from (cells for cells, _ in _cells(file))


def opened(path: Path) -> TextIO:
    """A CSV file as the csv module wants it."""
    return path.open(encoding="utf-8", newline="")


def _cells(file: TextIO) -> Iterator[tuple[Cells, list[str]]]:
    """(cells, the lines that they were read from). The csv module does not tell `""` from nothing; the lines do."""
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
            raise ValueError(f"{Path(file.name).name}: a record of {len(cells)} cells, where the header has {width}")
        yield tuple(cells), lines


def _noted(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """The lines, each also put on the list: what one record of a CSV file was read from."""
    for line in lines:
        taken.append(line)
        yield line


@contextmanager
def _long_fields() -> Iterator[None]:
    """Lets a field be as long as the list had it; the csv module stops at 131,072 characters of its own."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def parquet_results(run: Path) -> Generator[Cells]:
    """The column names of results.parquet and its records.

    Raises:
        OSError, ValueError: the file is missing or damaged.
    """
    yield from parquet_file(run / parquet.RESULTS)


def parquet_file(path: Path) -> Generator[Cells]:
    """The column names of a Parquet file and its records.

    Raises:
        OSError, ValueError: the file is missing or damaged.
    """
    with pyarrow.parquet.ParquetFile(path) as file:
        yield tuple(file.schema_arrow.names)
        for batch in file.iter_batches(_BATCH):
            yield from zip(*map(texts, batch.columns), strict=True)


def texts(column: pa.Array) -> list[Any]:
    """A column as results.csv would have it; through numpy, which is ten times as quick as `to_pylist`."""
    if pa.types.is_timestamp(column.type):
        times = np.datetime_as_string(column.to_numpy(zero_copy_only=False), unit="us").tolist()
        return [None if time == "NaT" else f"{time}Z" for time in times]
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    texts: list[Any] = pc.cast(column, pa.string()).to_numpy(zero_copy_only=False).tolist()
    return texts
