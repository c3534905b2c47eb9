"""Properties of `auditor.customers.parquet`."""

import io
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from list_support import ONE, TWO, ids_in, opened, refusal

from auditor.core.rows import Customer, Row
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
    other = next(iter(opened(_file(values)))).row.other
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
    assert ids_in(list(opened(_file({"Tenant": ids})))) == [ONE, TWO]


def test_many_batches() -> None:
    """A file longer than a batch comes out whole, numbered, and from standard input too."""
    many = 10_000
    data = _file({"id": [f"5d31b3a8-1f0c-4c0e-9a57-{n:012x}" for n in range(1, many + 1)], "n": range(1, many + 1)})
    rows = list(opened(data))
    assert [(row.row.source_row, row.row.other["n"]) for row in rows] == [(n, str(n)) for n in range(1, many + 1)]


def test_damaged_files() -> None:
    """A cut or damaged file is refused, also where the damage shows only while it is read."""
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
