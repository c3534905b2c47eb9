"""`read_stretches`: files in the history that are not ours are named and left out, and never end a run."""

import os
import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from nights_support import copied
from report_support import NOON, Run, answer, new_run, row

from auditor.report.history.earlier import read_stretches
from auditor.report.records import read_customers

THEN = NOON - timedelta(days=1)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """An earlier run, in which one customer was blocked."""
    folder = tmp_path_factory.mktemp("earlier") / "old"
    return new_run(folder, [row(1)], [answer(0, 1, "not_allowed")], started_at=THEN, finished_at=THEN).recorded()


@pytest.fixture
def history(earlier: Run, tmp_path: Path) -> Path:
    """Its file in a copy of the history."""
    copied([earlier], tmp_path)
    (file,) = (tmp_path / "history").rglob("*.parquet")
    return file


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A later run over the same list."""
    return new_run(tmp_path / "new", [row(1)], [answer(0)], started_at=NOON, finished_at=NOON)


def _verdict(run: Run) -> tuple[str | None, tuple[str, ...]]:
    """(verdict of the customer's present stretch, names of the files that could not be read)"""
    stretches, unread = read_stretches(run.path.parent / "history", run.facts, read_customers(run.stored))
    verdicts = stretches["past_verdict"].tolist()
    return (verdicts[0] if verdicts else None), unread


def _with(table: Any, name: str, column: Any) -> Any:
    return table.set_column(table.column_names.index(name), name, column)


def _other_types() -> Iterator[tuple[str, Any]]:
    yield "verdict", pa.array([1])
    yield "verdict", pa.array([["blocked"]])
    yield "verdict", pa.array([b"blocked"])
    yield "api", pa.array([5])
    yield "checked_at", pa.array(["yesterday"])
    yield "checked_at", pa.array([1], pa.date32())
    yield "checked_at", pa.array([2**62 + 1], pa.timestamp("ns", "UTC"))
    yield "checked_at", pa.array([400_000_000_000], pa.timestamp("s", "UTC"))
    yield "checked_at", pa.array([-1], pa.timestamp("us", "UTC"))
    yield "started_at", pa.array(["x"])
    yield "customer_id", pa.array([b"x"])
    yield "customer_id", pa.array([1])


@pytest.mark.parametrize(("name", "column"), [*_other_types()], ids=range(12))
def test_a_file_with_other_types_is_told_of_and_left_out(history: Path, run: Run, name: str, column: Any) -> None:
    """What another program left there in a column of another kind, or with a time that cannot be."""
    table = pyarrow.parquet.ParquetFile(history).read()
    pyarrow.parquet.write_table(_with(table, name, column), history)
    assert _verdict(run) == (None, (history.name,))


@pytest.mark.parametrize("change", ["dictionary", "large", "view", "milliseconds", "zone", "columns"])
def test_a_file_that_another_program_wrote_again_still_counts(history: Path, run: Run, change: str) -> None:
    """The same in another form of the same type: what pandas and DuckDB make of it."""
    table = pyarrow.parquet.ParquetFile(history).read()
    ids, times = table["customer_id"], table["checked_at"]
    table = {
        "dictionary": lambda: _with(table, "customer_id", ids.dictionary_encode()),
        "large": lambda: _with(table, "verdict", table["verdict"].cast(pa.string()).cast(pa.large_string())),
        "view": lambda: _with(table, "customer_id", ids.cast(pa.string_view())),
        "milliseconds": lambda: _with(table, "checked_at", times.cast(pa.timestamp("ms", "UTC"), safe=False)),
        "zone": lambda: _with(table, "checked_at", times.cast(pa.timestamp("us", "Europe/Berlin"))),
        "columns": lambda: table.select(list(reversed(table.column_names))).append_column("more", pa.array([1])),
    }[change]()
    pyarrow.parquet.write_table(table, history)
    assert _verdict(run) == ("blocked", ())


def test_what_is_no_parquet_file_is_told_of(history: Path, run: Run) -> None:
    """Rubbish, an empty file, a folder, a pipe, a column twice or not there: each by its name, and the others count."""
    table = pyarrow.parquet.ParquetFile(history).read()
    beside = history.parent
    (beside / "a.parquet").write_bytes(b"xx")
    (beside / "b.parquet").write_bytes(b"")
    (beside / "c.parquet").mkdir()
    os.mkfifo(beside / "d.parquet")
    twice = pa.table([*table.columns, table["verdict"]], names=[*table.column_names, "verdict"])
    pyarrow.parquet.write_table(twice, beside / "e.parquet")
    pyarrow.parquet.write_table(table.drop_columns(["api"]), beside / "f.parquet")
    assert _verdict(run) == ("blocked", tuple(f"{letter}.parquet" for letter in "abcdef"))


def test_a_flipped_byte_never_ends_a_run(history: Path, run: Run) -> None:
    """Wherever it is: the file counts, or it is told of."""
    whole, dice = history.read_bytes(), random.Random(1)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[dice.randrange(len(whole))] = dice.randrange(256)
        history.write_bytes(damaged)
        assert _verdict(run)[1] in ((), (history.name,))


def test_the_run_itself_says_which_file_it_left_out(history: Path, run: Run) -> None:
    """End to end: compared, rendered and verified, with nothing known of the past."""
    history.write_bytes(b"xx")
    assert not (run.compared_with().recorded().path / "before.parquet").exists()
