"""Parquet. Rule: a value becomes text as Arrow casts it, a missing one is blank, and one batch is held at a time."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from auditor.customers.grid import SAMPLE_ROWS
from auditor.customers.header import unique_names
from auditor.customers.parquet_texts import texts
from auditor.customers.table import Format, Record, Table
from auditor.errors import CustomerListError

_BATCH = 4096
_UNWRITABLE = (
    pa.ArrowException,
    ArithmeticError,
    ValueError,
    TypeError,
    LookupError,
    NotImplementedError,
    RecursionError,
)
_FAULTS = (pa.ArrowException, OSError, UnicodeDecodeError)


def read_parquet(file: BinaryIO, label: str) -> Table:
    """Take a Parquet file apart; `file` stays open until its records are read.

    Raises:
        CustomerListError: damaged or encrypted; also while the records are read.
    """
    try:
        parquet = pq.ParquetFile(file)
    except _FAULTS as error:
        raise _damaged(label, error) from error
    names = unique_names(parquet.schema_arrow.names)
    records = _records(parquet, names, label)
    first = list(islice(records, SAMPLE_ROWS))
    # The sample is copied: whoever reads the records takes their cells out.
    sample = [dict(cells) for _, cells in first]
    return Table(format=Format.PARQUET, names=names, sample=sample, records=chain(first, records))


def _records(parquet: pq.ParquetFile, names: tuple[str, ...], label: str) -> Iterator[Record]:
    number = 1
    try:
        for batch in parquet.iter_batches(batch_size=_BATCH):
            columns = [_texts(column, name, label) for name, column in zip(names, batch.columns, strict=True)]
            for cells in zip(*columns, strict=True):
                yield number, dict(zip(names, cells, strict=True))
                number += 1
    except _FAULTS as error:
        raise _damaged(label, error) from error


def _texts(column: "pa.Array[Any]", name: str, label: str) -> list[str]:
    """A column's values as text.

    Raises:
        CustomerListError: its type has values that neither Arrow nor Python can write.
    """
    try:
        return ["" if value is None else value for value in texts(column)]
    except _UNWRITABLE as error:
        why = " ".join(str(error).split())[:200]
        raise CustomerListError(
            f'{label} (Parquet): column "{name}" of type {column.type} cannot be read as text ({why})',
            "export the list without that column, or with the column as text",
        ) from error


def _damaged(label: str, error: Exception) -> CustomerListError:
    return CustomerListError(
        f"{label} (Parquet) cannot be read: {' '.join(str(error).split())[:200]}", "export the list again"
    )
