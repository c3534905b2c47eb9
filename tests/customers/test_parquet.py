"""Tests of `auditor.customers.parquet`."""

import io
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from list_support import ONE, TWO, ids_in, open_list, refusal

from auditor.core.model import Customer, Row
from auditor.customers import Columns, Format, read


def _file(columns: dict[str, Any]) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


def test_columns_and_rows(tmp_path: Path) -> None:
    """The schema gives the columns, the roles are found, and an item is a row."""
    path = tmp_path / "list"
    path.write_bytes(_file({"TenantId": [ONE, "x"], "Company name": ["Amber", None], "Tags": ["", "a"]}))
    found = read(str(path))
    assert (found.format, found.columns) == (Format.PARQUET, Columns("TenantId", "Company name"))
    rows = list(found)
    assert rows[0] == Customer(ONE, Row(str(path), 1, "Amber", None, None, {"Tags": ""}))
    assert (ids_in(rows), rows[1].row.source_row, rows[1].row.company_name) == ([ONE, "x"], 2, None)


def test_values_as_text() -> None:
    """Every type comes out as text; a missing value is blank."""
    values: dict[str, Any] = {
        "id": [ONE],
        "text": ["007"],
        "int": [7],
        "float": pa.array([7.0]),
        "bool": [True],
        "date": [date(2024, 5, 1)],
        "moment": pa.array([datetime(2024, 5, 1, 3, 4, 5, tzinfo=UTC)], pa.timestamp("us", "UTC")),
        "decimal": [Decimal("1.50")],
        "list": [["a", "ü"]],
        "struct": [{"a": 1}],
        "bytes": pa.array([b"ok"], pa.binary()),
        "broken": pa.array([b"\xff"], pa.binary()),
        "none": pa.array([None], pa.null()),
        "category": pa.array(["x"]).dictionary_encode(),
        "missing": pa.array([None], pa.string()),
    }
    other = next(iter(open_list(_file(values)))).row.other
    assert other == {
        "text": "007",
        "int": "7",
        "float": "7",
        "bool": "true",
        "date": "2024-05-01",
        "moment": "2024-05-01 03:04:05.000000Z",
        "decimal": "1.50",
        "list": '["a", "ü"]',
        "struct": '{"a": 1}',
        "bytes": "ok",
        "broken": "\ufffd",
        "none": "",
        "category": "x",
        "missing": "",
    }


def test_ids_as_uuids() -> None:
    """A column of the UUID type is a column of ids."""
    ids = pa.ExtensionArray.from_storage(
        pa.uuid(), pa.array([uuid.UUID(ONE).bytes, uuid.UUID(TWO).bytes], pa.binary(16))
    )
    assert ids_in(list(open_list(_file({"Tenant": ids})))) == [ONE, TWO]


def test_many_batches() -> None:
    """A file longer than a batch comes out whole, numbered, and from standard input too."""
    many = 10_000
    data = _file({"id": [f"5d31b3a8-1f0c-4c0e-9a57-{n:012x}" for n in range(1, many + 1)], "n": range(1, many + 1)})
    rows = list(open_list(data))
    assert [(row.row.source_row, row.row.other["n"]) for row in rows] == [(n, str(n)) for n in range(1, many + 1)]


def test_damaged_files() -> None:
    """A truncated or damaged file is refused, even if the damage shows only while it is read."""
    data = _file({"id": [ONE] * 20_000, "n": range(20_000)})
    assert "(Parquet) cannot be read" in refusal(data[:-100]).message
    assert "(Parquet) cannot be read" in refusal(b"PAR1").message
    spoiled = data[:200] + bytes(400) + data[600:]
    assert "(Parquet) cannot be read" in refusal(spoiled).message


def test_no_id_column() -> None:
    """The message names what the file has."""
    assert '(Parquet) has no id column; found "a", "b"' in refusal(_file({"a": ["x"], "b": [1]})).message


def test_no_rows() -> None:
    """A file with columns and no rows is refused."""
    assert "has no rows" in refusal(_file({"id": pa.array([], pa.string())})).message


_FAR = 2**62
_UNITS = ("s", "ms", "us", "ns")


def _far(kind: Any) -> Any:
    """A value of a type at the end of its range."""
    return pa.array([_FAR], pa.int64()).cast(kind)


_COLUMNS = [
    *(
        _far(pa.timestamp(unit, zone))
        for unit in _UNITS[1:]
        for zone in (None, "UTC", "Europe/Oslo", "+05:30", "No/Where")
    ),
    *(pa.array([_FAR], pa.duration(unit)) for unit in _UNITS),
    pa.array([2**31 - 1], pa.int32()).cast(pa.date32()),
    pa.array([-(2**31)], pa.int32()).cast(pa.date32()),
    pa.array([86_400_000 * 10**8], pa.int64()).cast(pa.date64()),
    pa.array([2**31 - 1], pa.int32()).view(pa.time32("s")),
    pa.array([_FAR], pa.int64()).view(pa.time64("ns")),
    pa.array([Decimal("1.25")], pa.decimal256(76, 70)),
    pa.array([2**31 - 1], pa.int32()).cast(pa.date32()).dictionary_encode(),
    pa.array([[_FAR]], pa.list_(pa.int64())).cast(pa.list_(pa.timestamp("ms"))),
    pa.array([[_FAR]], pa.large_list(pa.int64())).cast(pa.large_list(pa.timestamp("ms", "UTC"))),
    pa.FixedSizeListArray.from_arrays(_far(pa.timestamp("us")), 1),
    pa.array([[1]], pa.list_view(pa.int64())),
    pa.StructArray.from_arrays([pa.array([_FAR], pa.duration("s")), pa.array([b"\xff"])], ["a", "b"]),
    pa.MapArray.from_arrays(pa.array([0, 1]), pa.array(["k"]), _far(pa.timestamp("ms"))),
    pa.array(["x"], pa.large_string()),
    pa.array(["x"], pa.string_view()),
    pa.array([b"x"], pa.binary_view()),
    pa.array([b"\xff"], pa.large_binary()),
    pa.array([b"abcd"], pa.binary(4)),
    pa.array([1.5], pa.float16()),
    pa.array([float("nan")]),
    pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}"])),
    pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1], pa.int8())),
]


@pytest.mark.parametrize("column", _COLUMNS, ids=[f"{n} {column.type}" for n, column in enumerate(_COLUMNS)])
def test_every_type_becomes_text(column: Any) -> None:
    """Values of every type, up to the end of its range, become text; a missing one is blank."""
    missing = pa.nulls(1, column.type)
    rows = list(open_list(_file({"id": [ONE, TWO], "x": pa.chunked_array([column, missing])})))
    assert ids_in(rows) == [ONE, TWO]
    assert [bool(row.row.other["x"]) for row in rows] == [True, False]


def test_timestamps_out_of_range() -> None:
    """A time out of Arrow's range is shown as its number; a time in an unknown zone is in UTC."""
    kinds = {zone: pa.array([0, _FAR]).cast(pa.timestamp("us", zone)) for zone in ("Europe/Oslo", "No/Where")}
    rows = list(open_list(_file({"id": [ONE, TWO], **kinds})))
    assert rows[0].row.other == {
        "Europe/Oslo": "1970-01-01 01:00:00.000000+0100",
        "No/Where": "1970-01-01 00:00:00.000000Z",
    }
    assert set(rows[1].row.other.values()) == {f"<value out of range: {_FAR}>"}


def test_uuids_whose_bytes_are_letters() -> None:
    """The bytes of a UUID are never taken for text."""
    ids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0123456789abcdef"], pa.binary(16)))
    assert ids_in(list(open_list(_file({"Tenant": ids})))) == ["30313233-3435-3637-3839-616263646566"]


def test_invalid_utf_8_is_refused() -> None:
    """A text column whose bytes are none is refused by its name and type."""
    broken = pa.array([b"\xff"]).view(pa.string())
    error = refusal(_file({"id": [ONE], "Name": broken}))
    assert 'standard input (Parquet): column "Name" of type string cannot be read as text' in error.message
    assert error.hint
