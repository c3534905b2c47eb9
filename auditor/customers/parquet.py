"""Parquet files. Arrow casts values to text; a missing value is blank; one batch is held at a time.

A time or date beyond the years that Arrow can write becomes Arrow's text `<value out of range: N>`, because Python has no
type for it.
"""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auditor.customers.messages import format_reason
from auditor.customers.table import Format, Record, Table, take_sample, unique_names
from auditor.errors import CustomerListError

_BATCH = 4096
_UNWRITABLE = (
    pa.ArrowException, ArithmeticError, ValueError, TypeError, LookupError, NotImplementedError, RecursionError,
)  # fmt: skip
_FAULTS = (pa.ArrowException, OSError, UnicodeDecodeError)


def read_parquet(file: BinaryIO, label: str) -> Table:
    """Parse a Parquet file; `file` stays open until its records are read.

    Raises:
        CustomerListError: damaged or encrypted; also while the records are read.
    """
    try:
        parquet = pq.ParquetFile(file)
    except _FAULTS as error:
        raise _damage_error(label, error) from error
    names = unique_names(parquet.schema_arrow.names)
    sample, records = take_sample(_read_records(parquet, names, label))
    return Table(format=Format.PARQUET, names=names, sample=sample, parts=((None, records),))


def _read_records(parquet: pq.ParquetFile, names: tuple[str, ...], label: str) -> Iterator[Record]:
    number = 1
    try:
        for batch in parquet.iter_batches(batch_size=_BATCH):
            columns = [_read_column(column, name, label) for name, column in zip(names, batch.columns, strict=True)]
            for cells in zip(*columns, strict=True):
                yield number, dict(zip(names, cells, strict=True))
                number += 1
    except _FAULTS as error:
        raise _damage_error(label, error) from error


def _read_column(column: "pa.Array[Any]", name: str, label: str) -> list[str]:
    """Return a column's values as text; a type with values that neither Arrow nor Python can write is an error."""
    try:
        return ["" if value is None else value for value in format_values(column)]
    except _UNWRITABLE as error:
        raise CustomerListError(
            f'{label} (Parquet): column "{name}" of type {column.type} cannot be read as text ({format_reason(error)})',
            "export the list without that column, or with the column as text",
        ) from error


def _damage_error(label: str, error: Exception) -> CustomerListError:
    return CustomerListError(f"{label} (Parquet) cannot be read: {format_reason(error)}", "export the list again")


def format_values(column: "pa.Array[Any]") -> list[str | None]:
    """Return the values of a column as text; None for a missing one.

    Raises:
        ArrowException, ArithmeticError, ValueError, TypeError: the type has values that cannot be written.
    """
    kind = column.type
    if isinstance(kind, pa.UuidType):  # Arrow would cast the bytes to letters if they are valid text
        return [None if value is None else str(value) for value in column.to_pylist()]
    if isinstance(kind, pa.BaseExtensionType):
        return format_values(column.storage)
    if pa.types.is_dictionary(kind):
        return format_values(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return [json.dumps(_to_json(value), ensure_ascii=False) if value.is_valid else None for value in column]
    return _format_simple(column)


def _format_simple(column: "pa.Array[Any]") -> list[str | None]:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return _format_moments(column)
    try:
        return _to_list(column.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # raw bytes, and types that only later versions cast
        return [_format_object(value) for value in column.to_pylist()]


def _format_moments(column: "pa.Array[Any]") -> list[str | None]:
    """Return times with a time zone as text; in UTC if this machine does not know the zone."""
    plain = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    try:
        zoned = column.cast(pa.string())
    except pa.ArrowInvalid:
        zoned = pc.binary_join_element_wise(plain, "Z", "")
    # out of range, Arrow writes a wrong time with a zone, and `<value out of range>` without one
    return _to_list(pc.if_else(pc.starts_with(plain, "<"), plain, zoned))


def _to_json(value: "pa.Scalar[Any]") -> Any:
    """Return a value of lists and structures whose innermost values are JSON values or text."""
    kind = value.type
    if not value.is_valid:
        return None
    if pa.types.is_map(kind):
        return [[_to_json(pair["key"]), _to_json(pair["value"])] for pair in value.values]
    if pa.types.is_struct(kind):
        return {field.name: _to_json(value[at]) for at, field in enumerate(kind)}
    if pa.types.is_nested(kind):
        return [_to_json(item) for item in value.values]
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return value.as_py()
    return format_values(pa.array([value], kind))[0]


def _to_list(column: "pa.Array[Any]") -> list[str | None]:
    values: list[str | None] = column.to_pylist()
    return values


def _format_object(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)
