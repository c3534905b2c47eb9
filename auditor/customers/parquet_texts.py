"""Parquet's values as text. Rule: Arrow writes what it can; what Python has no type for is never made a Python value.

A moment or a date beyond the years that Arrow can write becomes `<value out of range: N>`, as Arrow says it.
"""

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def texts(column: "pa.Array[Any]") -> list[str | None]:
    """The values of a column; None for a missing one.

    Raises:
        ArrowException, ArithmeticError, ValueError, TypeError: the type has values that cannot be written.
    """
    kind = column.type
    if isinstance(kind, pa.UuidType):  # Arrow would take the bytes for letters, where they can be
        return [None if value is None else str(value) for value in column.to_pylist()]
    if isinstance(kind, pa.BaseExtensionType):
        return texts(column.storage)
    if pa.types.is_dictionary(kind):
        return texts(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return [None if not value.is_valid else _json(_plain(value)) for value in column]
    return _simple(column)


def _simple(column: "pa.Array[Any]") -> list[str | None]:
    if pa.types.is_timestamp(column.type) and column.type.tz is not None:
        return _moments(column)
    try:
        return _list(column.cast(pa.string()))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # raw bytes, and what only later versions write
        return [_text(value) for value in column.to_pylist()]


def _moments(column: "pa.Array[Any]") -> list[str | None]:
    """Moments with a time zone. In a zone that this machine does not know they are written in UTC."""
    plain = column.cast(pa.timestamp(column.type.unit)).cast(pa.string())
    try:
        zoned = column.cast(pa.string())
    except pa.ArrowInvalid:
        zoned = pc.binary_join_element_wise(plain, "Z", "")
    # beyond its years Arrow writes nonsense with a zone, and says so without one
    return _list(pc.if_else(pc.starts_with(plain, "<"), plain, zoned))


def _plain(value: "pa.Scalar[Any]") -> Any:
    """A value of lists and structures whose innermost values JSON knows, or are text."""
    kind = value.type
    if not value.is_valid:
        return None
    if pa.types.is_map(kind):
        return [[_plain(pair["key"]), _plain(pair["value"])] for pair in value.values]
    if pa.types.is_struct(kind):
        return {field.name: _plain(value[at]) for at, field in enumerate(kind)}
    if pa.types.is_nested(kind):
        return [_plain(item) for item in value.values]
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return value.as_py()
    return texts(pa.array([value], kind))[0]


def _list(column: "pa.Array[Any]") -> list[str | None]:
    values: list[str | None] = column.to_pylist()
    return values


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)
