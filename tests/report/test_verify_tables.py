"""Written files come back as they were: null is null, the empty text is the empty text."""

import csv as csv_module
import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import TEXTS

from auditor.report.tables import csv
from auditor.report.verify.tables import _read_records, double_quotes, expected_lines, read_csv, read_parquet
from conftest import many_examples

RECORDS = st.lists(st.tuples(*[st.none() | TEXTS] * 3), max_size=6)
NAMES = ["a", "b", 'c"d']


@many_examples()
@given(RECORDS)
def test_texts_come_back_from_both_formats(records: list[tuple[str | None, ...]]) -> None:
    """Quotes, commas, line ends of every kind, NUL, blanks, and nothing."""
    columns = [[record[place] for record in records] for place in range(3)]
    table = pa.table({name: pa.array(column, pa.string()) for name, column in zip(NAMES, columns, strict=True)})
    body = io.BytesIO()
    pyarrow.csv.write_csv(table, body, csv._OPTIONS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(csv.line(table.schema.names) + body.getvalue())
        pyarrow.parquet.write_table(table, Path(folder) / "results.parquet")
        for found in (read_csv(path), read_parquet(Path(folder) / "results.parquet")):
            assert list(found) == [tuple(NAMES), *records]


def test_types_come_back_as_the_texts_of_the_csv(tmp_path: Path) -> None:
    """Times with six digits and `Z`, whole numbers, words of a dictionary; null for each."""
    moment = datetime(2021, 7, 14, 18, 2, tzinfo=UTC)
    table = pa.table(
        {
            "time": pa.array([moment, None], pa.timestamp("us", "UTC")),
            "number": pa.array([32767, None], pa.int16()),
            "word": pa.array(["x", None]).dictionary_encode(),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "results.parquet")
    _, *records = read_parquet(tmp_path / "results.parquet")
    assert records == [("2021-07-14T18:02:00.000000Z", "32767", "x"), (None, None, None)]


@pytest.mark.parametrize(
    "content", ["a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n"1,2\n', 'a,b\n"1"x,2\n', "a,b\n\n", 'a,b\n1,""']
)
def test_what_is_no_csv_of_ours_is_an_error(tmp_path: Path, content: str) -> None:
    """Cells too many or too few, quotes that do not close, a line that does not end."""
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises((ValueError, csv_module.Error)):
        list(read_csv(tmp_path / "a.csv"))


@many_examples()
@given(RECORDS, st.lists(st.none() | st.integers(-99, 99), min_size=6, max_size=6))
def test_the_expected_lines_are_the_cells_and_what_the_program_writes(
    records: list[tuple[str | None, ...]], numbers: list[int | None]
) -> None:
    """To the byte, so that a file which is as it should be is not parsed."""
    schema = pa.schema([*((name, pa.string()) for name in NAMES), ("number", pa.int32())])
    columns = [[record[place] for record in records] for place in range(3)] + [numbers[: len(records)]]
    table = pa.table([pa.array(column, one.type) for column, one in zip(columns, schema, strict=True)], schema)
    body = io.BytesIO()
    pyarrow.csv.write_csv(table, body, csv._OPTIONS)
    texts = table.set_column(3, "number", table["number"].cast(pa.string()))
    lines = expected_lines(double_quotes(texts), schema).to_pylist()
    assert b"".join(lines) == body.getvalue()
    _, *found = _read_records(csv.line(schema.names) + body.getvalue())
    assert found == [*zip(map(tuple, zip(*texts.to_pydict().values(), strict=True)), lines, strict=True)]
