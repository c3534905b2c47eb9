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
from auditor.report.verify.tables import _read_any, _read_simple, read_csv, read_parquet
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


LINES = st.lists(
    st.lists(
        st.sampled_from(
            ["", '""', "x", '"x"', '"x', '"x"y', 'x"y"', '"a,b"', '"a\nb"', '"a""b"', '"a"",b"', "\r", "\ufeff", '"\0"']
        ),
        min_size=2,
        max_size=2,
    ),
    min_size=1,
    max_size=4,
)


@many_examples()
@given(LINES, st.sampled_from(["\n", "\r\n", "\n\n", ""]))
def test_what_is_read_quickly_is_what_a_strict_reader_reads(lines: list[list[str]], end: str) -> None:
    """Or it is not read quickly: stray quotes, line ends of other kinds, a byte-order mark, empty lines."""
    block = "".join(",".join(cells) + end for cells in lines).encode()
    found = _read_simple(block, ["a", "b"])
    if found is not None:
        assert found == _read_any(b"a,b\n", block, ["a", "b"])


def test_what_the_program_writes_is_read_quickly() -> None:
    """Words, empty texts, nulls, numbers and commas."""
    found = _read_simple('"é, x",7\n"",\n,"z"\n'.encode(), ["a", "b"])
    assert found is not None
    assert (found[0].to_pylist(), found[1]) == (
        [{"a": "é, x", "b": "7"}, {"a": "", "b": None}, {"a": None, "b": "z"}],
        ['"é, x",7\n'.encode(), b'"",\n', b',"z"\n'],
    )
