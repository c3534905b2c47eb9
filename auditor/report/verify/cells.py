"""The cells of a file: each is a text as results.csv has it, or null."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Cells = tuple[str | None, ...]
"""A record of a file."""


def records_of(table: pa.Table) -> Iterator[Cells]:
    """The records of a table."""
    return zip(*map(texts, table.columns), strict=True)


def texts(column: pa.ChunkedArray) -> list[Any]:
    """A column as results.csv would have it; through numpy, which is ten times as fast as `to_pylist`."""
    if pa.types.is_timestamp(column.type):
        times = np.datetime_as_string(column.to_numpy(), unit="us").tolist()
        return [None if time == "NaT" else f"{time}Z" for time in times]
    found: list[Any] = pc.cast(column, pa.string()).to_numpy().tolist()
    return found


def codes(column: pa.ChunkedArray) -> "np.ndarray[Any, Any]":
    """A number for each text."""
    indices = column.combine_chunks().dictionary_encode().indices
    found: np.ndarray[Any, Any] = indices.cast(pa.int64()).fill_null(-1).to_numpy()
    return found
