"""`results` read back, for whoever checks them. Rule: no code of the writers; a split must have its records to the letter."""

import csv
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

import pyarrow.parquet

from auditor.errors import IncompleteError
from auditor.report import csv as csv_files
from auditor.report import parquet


class Record(NamedTuple):
    """What the ledger needs of one record of `results`; null is the empty text."""

    customer_id: str
    verdict: str
    reason: str
    status: str
    owner: str


def records(run: Path) -> Generator[Record]:
    """The records of results.csv, or of results.parquet where there is no CSV, in their order.

    Raises:
        IncompleteError: a split does not have the records of its verdict.
        OSError, ValueError, csv.Error: a file is missing or damaged.
    """
    return _csv_records(run) if (run / csv_files.RESULTS).exists() else _parquet_records(run)


def _csv_records(run: Path) -> Generator[Record]:
    """The records of results.csv, each of them met in the split of its verdict too, to the letter."""
    with ExitStack() as stack:
        stack.enter_context(_long_fields())
        taken: list[str] = []
        results = csv.reader(_noted(stack.enter_context(opened(run / csv_files.RESULTS)), taken), strict=True)
        splits = {str(v): stack.enter_context(opened(run / name)) for v, name in csv_files.SPLITS.items()}
        header = next(results, [])
        for verdict, split in splits.items():
            if [next(split, None) for _ in taken] != taken:
                raise IncompleteError(f"{verdict}.csv: other columns than in results.csv")
        places = [header.index(name) for name in Record._fields]
        taken.clear()
        for number, cells in enumerate(results, 1):
            record = Record(*[cells[place] for place in places])
            split = splits[record.verdict]
            for line in taken:
                if next(split, None) != line:
                    raise IncompleteError(f"{record.verdict}.csv: record {number} of results.csv is not in its place")
            taken.clear()
            yield record
        for verdict, split in splits.items():
            if next(split, None) is not None:
                raise IncompleteError(f"{verdict}.csv: holds more records than results.csv has of them")


def opened(path: Path) -> TextIO:
    """A CSV file as the csv module wants it."""
    return path.open(encoding="utf-8", newline="")


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


def _parquet_records(run: Path) -> Generator[Record]:
    with pyarrow.parquet.ParquetFile(run / parquet.RESULTS) as file:
        for batch in file.iter_batches(columns=list(Record._fields)):
            columns = [batch[name].to_pylist() for name in Record._fields]
            for values in zip(*columns, strict=True):
                yield Record(*(value or "" for value in values))
