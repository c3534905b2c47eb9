"""results.parquet: the declared schema, and values that keep what CSV cannot."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from hypothesis import given
from hypothesis import strategies as st
from report_support import TEXTS, answer, new_run, passing_run, row

TIME = pa.timestamp("us", "UTC")
WORD = pa.dictionary(pa.int32(), pa.string())
CONTRACT = {
    "customer_id": pa.string(),
    "company_name": pa.string(),
    "domain": pa.string(),
    "verdict": WORD,
    "status": WORD,
    "reason": WORD,
    "last_update": TIME,
    "last_update_raw": pa.string(),
    "days_in_status": pa.int32(),
    "checked_at": TIME,
    "attempts": pa.int16(),
    "http_status": pa.int16(),
    "error_code": pa.string(),
    "error_name": pa.string(),
    "error_message": pa.string(),
    "request_id": pa.string(),
    "correlation_id": pa.string(),
    "owner": pa.string(),
    "source_file": pa.string(),
    "source_row": pa.int64(),
    "raw_id": pa.string(),
}


def test_the_schema_is_the_published_one(tmp_path: Path) -> None:
    """Names, order and types as published, then the list's own columns as text; the version in the metadata."""
    run = new_run(tmp_path / "r", [row(1, other={"Tags": "x", "Status": "y"})], [answer(0, 1)])
    run.render(["parquet"])
    schema = pyarrow.parquet.read_schema(run.path / "results.parquet")
    assert dict(zip(schema.names, schema.types, strict=True)) == {
        **CONTRACT,
        "Tags": pa.string(),
        "input.Status": pa.string(),
    }
    assert schema.names[: len(CONTRACT)] == list(CONTRACT)
    assert schema.metadata == {b"schema_version": b"2"}


def test_the_schema_does_not_depend_on_the_data(tmp_path: Path) -> None:
    """A run with every field filled and one with none have the same schema."""
    filled = answer(0, 1, last_update_raw="2021-07-14T18:02:00", http_status=200, error_code="1", error_name="n")
    full = new_run(tmp_path / "full", [row(1, company_name="c", domain="d", owner="o")], [filled])
    bare = new_run(tmp_path / "bare", [row("?")], [])
    full.render(["parquet"])
    bare.render(["parquet"])
    assert full.table().schema.equals(bare.table().schema, check_metadata=True)


@given(st.lists(st.none() | st.dictionaries(st.sampled_from(["a", "b", 'Ünï, "cod"']), TEXTS), min_size=1, max_size=9))
def test_missing_and_empty_are_told_apart(others: list[dict[str, str] | None]) -> None:
    """A column that a line lacks is null, an empty text stays one, whatever the other lines have."""
    rows = [row(1) if other is None else row(1, other=other) for other in others]
    with passing_run(rows, []) as run:
        run.render(["parquet"])
        columns = run.facts.columns
        found = [{name: record[name] for name in columns} for record in run.typed()]
    assert found == [{name: (other or {}).get(name) for name in columns} for other in others]


def test_pandas_reads_categoricals_and_aware_times(tmp_path: Path) -> None:
    """What a reader in pandas gets: categories for the words, times in UTC."""
    run = new_run(tmp_path / "r", [row(1)], [answer(0, 1)])
    run.render(["parquet"])
    frame = pd.read_parquet(run.path / "results.parquet")
    assert isinstance(frame["verdict"].dtype, pd.CategoricalDtype)
    assert frame["checked_at"][0] == pd.Timestamp("2026-11-22T11:59:58.25Z")
