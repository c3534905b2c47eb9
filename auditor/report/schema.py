"""The declared schema of `results`. Rule: names, order and types are never inferred; later versions only add columns.

The fixed columns come first, then the customer lists' own other columns as text. A list's column whose name is taken
(letter case aside, because spreadsheets, DuckDB and Spark do not tell `Status` from `status`) is prefixed `input.`.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
from msgspec import inspect

from auditor.core.model import Reason, Verdict

SCHEMA_VERSION = 2
"""Carried in the Parquet metadata as `schema_version`, and in summary.json and manifest.json. Version 1 had no `raw_id`, and the
text of an invalid id in `customer_id`; its summary.json had no `list_warnings`.
"""
MANIFEST = "manifest.json"

TIME = pa.timestamp("us", "UTC")
WORD = pa.dictionary(pa.int32(), pa.string())
TEXT = pd.ArrowDtype(pa.string())

FIXED = (
    pa.field("customer_id", pa.string()),
    pa.field("company_name", pa.string()),
    pa.field("domain", pa.string()),
    pa.field("verdict", WORD, nullable=False),
    pa.field("status", WORD),
    pa.field("reason", WORD, nullable=False),
    pa.field("last_update", TIME),
    pa.field("last_update_raw", pa.string()),
    pa.field("days_in_status", pa.int32()),
    pa.field("checked_at", TIME),
    pa.field("attempts", pa.int16(), nullable=False),
    pa.field("http_status", pa.int16()),
    pa.field("error_code", pa.string()),
    pa.field("error_name", pa.string()),
    pa.field("error_message", pa.string()),
    pa.field("request_id", pa.string()),
    pa.field("correlation_id", pa.string()),
    pa.field("owner", pa.string()),
    pa.field("source_file", pa.string(), nullable=False),
    pa.field("source_row", pa.int64(), nullable=False),
    pa.field("raw_id", pa.string()),
)
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "customer_id": "Customer tenant id: a lower-case GUID with dashes. Null where the id is no GUID.",
        "company_name": "From the list, else from the partner's own customer list. Null where neither has it.",
        "domain": "From the list, else from the partner's own customer list. Null where neither has it.",
        "verdict": "`eligible`, `blocked` or `undetermined`. It follows from `reason`.",
        "status": "What the API said: in the documentation's spelling where it classifies the status, else the text as received; "
        "`NoStatus` for 404 with code 600074. Null where there was no answer with a status.",
        "reason": "Why the row has its verdict.",
        "last_update": "When Microsoft last changed the status. Null where the answer has no such time, or none that can be read.",
        "last_update_raw": "The same time, as received. Null where the answer has none.",
        "days_in_status": "Whole days from `last_update` to `checked_at`. Null where one of the two is.",
        "checked_at": "When the deciding answer arrived, or the last request failed. Null where the customer was not asked for.",
        "attempts": "Requests sent for this customer; 0 for a reused answer and for a customer who was not asked for.",
        "http_status": "HTTP status of the deciding answer. Null where there was no complete answer.",
        "error_code": "Error code in the body of the deciding answer, as text. Null where it has none.",
        "error_name": "Name of the error in the body. Null where it has none.",
        "error_message": "Error message in the body, or of the network; cut at 300 characters. Null where there is none.",
        "request_id": "`MS-RequestId` of the answer, else as sent; for a support case. Null where no request was sent.",
        "correlation_id": "`MS-CorrelationId` of the answer, else as sent; for a support case. Null where no request was sent.",
        "owner": "Account manager. Null where the list has no such column, or the cell is empty.",
        "source_file": "Name of the list as the user gave it; `-` is standard input. The name of a sheet, or of a file in an "
        "archive, follows after `#`.",
        "source_row": "Number of the row in that file, counted from 1.",
        "raw_id": "The text in the id column, as found. Null where the id is a GUID.",
    }
)
"""What each fixed column means, and when it is null."""
ADDED_IN = MappingProxyType({"raw_id": 2})
"""Schema version that added a column; the others are as old as version 1."""

NUMBER = ".number"
"""The end of the name of a column of numbers: `Monthly revenue.number`."""

REASON_WORDS = pd.CategoricalDtype([reason.value for reason in Reason])
VERDICT_WORDS = pd.CategoricalDtype([verdict.value for verdict in Verdict])


def fixed(version: int = SCHEMA_VERSION) -> tuple[pa.Field, ...]:
    """The fixed columns of a schema version."""
    known = [field for field in FIXED if ADDED_IN.get(field.name, 1) <= version]
    # version 1 had the text of an invalid id in `customer_id`
    return (known[0].with_nullable(version > 1), *known[1:])


def columns(*names: str, nullable: bool = True) -> list[pa.Field]:
    """Some of the fixed columns, as another table has them."""
    by_name = {field.name: field for field in FIXED}
    return [by_name[name].with_nullable(nullable) for name in names]


_ARROW_TYPES: dict[type, pa.DataType] = {
    inspect.BoolType: pa.bool_(),
    inspect.DateTimeType: TIME,
    inspect.EnumType: pa.string(),
    inspect.IntType: pa.int64(),
    inspect.StrType: pa.string(),
}


def line_schema(record: type[msgspec.Struct], names: Iterable[str], **other_types: pa.DataType) -> pa.Schema:
    """Fields of a kind of line of rows.jsonl or journal.jsonl, from its declaration in `journal`.

    Args:
        record: declares the line.
        names: of the fields, in the order wanted.
        other_types: fields that do not get the usual type of what they hold (int64 for a number).
    """
    found: dict[str, pa.DataType | None] = {}
    for field in inspect.type_info(record).fields:  # type: ignore[attr-defined] # of a struct, it has fields
        # `X | None` is a union with one type that is not None
        kind = field.type.types[0] if isinstance(field.type, inspect.UnionType) else field.type
        found[field.name] = _ARROW_TYPES.get(type(kind))
    found |= other_types
    return pa.schema([pa.field(name, found[name]) for name in names])


def own_names(columns: Iterable[str], version: int = SCHEMA_VERSION) -> dict[str, str]:
    """The lists' own columns -> their names in the report, in order."""
    taken = {field.name for field in fixed(version)}
    names: dict[str, str] = {}
    for column in columns:
        name = column
        while name.casefold() in taken:
            name = f"input.{name}"
        taken.add(name.casefold())
        names[column] = name
    return names


def number_columns(columns: Iterable[str], sums: Iterable[str]) -> dict[str, pa.Field]:
    """The lists' columns that are added up -> their column of numbers, which results.parquet has behind all others.

    A number is null where the text adds nothing to the sum. In a column of several currencies it is without its currency.

    Args:
        columns: the lists' own columns.
        sums: those of them that are added up.
    """
    names = own_names(columns)
    taken = {name.casefold() for name in (*names.values(), *(field.name for field in FIXED))}
    found: dict[str, pa.Field] = {}
    for column in dict.fromkeys(one for one in sums if one in names):
        name = f"{names[column]}{NUMBER}"
        while name.casefold() in taken:
            name += "_"
        taken.add(name.casefold())
        found[column] = pa.field(name, pa.float64())
    return found


def own_columns(count: int) -> list[str]:
    """What the lists' own columns are called in a frame, where a list may have a column of any name."""
    return [f"own.{place}" for place in range(count)]


def results_schema(columns: Iterable[str], version: int = SCHEMA_VERSION) -> pa.Schema:
    """The schema of `results` for lists with these other columns."""
    own = [pa.field(name, pa.string()) for name in own_names(columns, version).values()]
    return pa.schema([*fixed(version), *own], metadata={"schema_version": str(version)})


def to_pandas(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame of Arrow's own types; dictionaries become categoricals."""
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=lambda kind: None if pa.types.is_dictionary(kind) else pd.ArrowDtype(kind)
    )
    return frame


def from_pandas(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """A frame as an Arrow table of exactly this schema; a column that the frame lacks is null."""
    missing = [name for name in schema.names if name not in frame.columns]
    frame = frame.assign(**dict.fromkeys(missing)) if missing else frame
    table = pa.Table.from_pandas(frame[schema.names], schema, preserve_index=False)
    return table.replace_schema_metadata(schema.metadata)


def to_arrow(column: "pd.Series[Any]") -> pa.Array:
    """A column of a frame as one Arrow array."""
    found = pa.array(column)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def as_words(column: "pd.Series[Any]", otherwise: str) -> "pd.Series[Any]":
    """A column of a frame as text, with another text for null."""
    return column.astype(TEXT).fillna(otherwise)
