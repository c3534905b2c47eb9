"""The history as a DataFrame: every record once, filters, older files, damaged files."""

import json
import os
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow.parquet
import pytest
from nights_support import copied, made
from report_support import BOTH, Run, guid

from auditor import report
from auditor.core.model import Reason
from auditor.errors import CustomerListError, IncompleteError
from auditor.journal.records import encode
from auditor.report import read_history

BLOCKED, FREE, LOST = (Reason.UNDER_REVIEW, 0), (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)
COLUMNS = {
    "run_id": "category",
    "started_at": "timestamp[us, tz=UTC][pyarrow]",
    "api": "category",
    "validation_type": "category",
    "customer_id": "string[pyarrow]",
    "company_name": "string[pyarrow]",
    "owner": "string[pyarrow]",
    "verdict": "category",
    "status": "category",
    "reason": "category",
    "last_update": "timestamp[us, tz=UTC][pyarrow]",
    "checked_at": "timestamp[us, tz=UTC][pyarrow]",
    "partner_tenant": "string[pyarrow]",
    "list": "category",
    "complete": "bool[pyarrow]",
    "run_date": "date32[day][pyarrow]",
}
CONTOSO, FABRIKAM = "c0000000-1111-4222-8333-444444444444", "f0000000-1111-4222-8333-444444444444"


def of_partner(run: Run, tenant: str) -> None:
    """Write the run's file of the history again, as a run for this partner."""
    with report.history_file(run.path.parent, run.facts, tenant) as history:
        assert history
        report.render(run.stored, BOTH, history)
        history.publish()


def without_partner(file: Path) -> None:
    """Store the file as an earlier version did."""
    table = pyarrow.parquet.ParquetFile(file).read().drop_columns(["partner_tenant", "list", "complete"])
    pyarrow.parquet.write_table(table.replace_schema_metadata({"schema_version": "2"}), file)


def name_tenant(run: Path, tenant: str) -> None:
    """Let the run's journal say which partner it asked for."""
    first, *rest = (run / "journal.jsonl").read_bytes().splitlines(keepends=True)
    header = json.loads(first)
    del header["crc"]
    (run / "journal.jsonl").write_bytes(encode(header | {"settings": {"tenant_id": tenant}}) + b"".join(rest))


def days(frame: pd.DataFrame) -> list[tuple[int, str]]:
    """(day of the run, last digit of the customer's id) of each record."""
    return [(started.day, who[-1]) for started, who in zip(frame["started_at"], frame["customer_id"], strict=True)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Three nights: 22 to 24 November, at noon."""
    nights = [(1, {2: FREE, 1: BLOCKED}), (0, {1: FREE, 2: LOST}), (2, {3: BLOCKED})]
    folder = tmp_path_factory.mktemp("three")
    return [made(folder, day, known) for day, known in nights]


@pytest.fixture
def reports(three: list[Run], tmp_path: Path) -> Path:
    """A copy of them."""
    return copied(three, tmp_path)[0].path.parent


def test_every_record_once_in_order(reports: Path) -> None:
    """Ordered by the start of the run, then by customer, with the declared types; the day in UTC is a column."""
    found = read_history(reports)
    assert days(found) == [(22, "1"), (22, "2"), (23, "1"), (23, "2"), (24, "3")]
    assert {name: str(kind) for name, kind in found.dtypes.items()} == COLUMNS
    assert found["verdict"].to_list() == ["eligible", "undetermined", "blocked", "eligible", "blocked"]
    assert found["run_date"].to_list() == [date(2026, 11, day) for day in (22, 22, 23, 23, 24)]
    assert found["checked_at"].notna().all()


@pytest.mark.parametrize("folder", ["", "history", "history/run_date=2026-11-22"])
def test_no_history_has_the_same_columns(tmp_path: Path, folder: str) -> None:
    """An empty frame, so that a program needs no special case."""
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    found = read_history(tmp_path)
    assert found.empty
    assert {name: str(kind) for name, kind in found.dtypes.items()} == COLUMNS


def test_customers_in_any_spelling(reports: Path) -> None:
    """As a customer list may have them; what is no id is refused, never silently left out."""
    assert days(read_history(reports, customers=f"{{{guid(1).upper()}}}")) == [(22, "1"), (23, "1")]
    assert days(read_history(reports, customers=(guid(n) for n in (3, 2)))) == [(22, "2"), (23, "2"), (24, "3")]
    assert read_history(reports, customers=[]).empty
    with pytest.raises(CustomerListError, match="contoso: no customer tenant id"):
        read_history(reports, customers=[guid(1), "contoso"])


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        (date(2026, 11, 23), None, {23, 24}),
        (None, date(2026, 11, 23), {22, 23}),
        (date(2026, 11, 23), date(2026, 11, 23), {23}),
        (datetime(2026, 11, 23, 12, 0, 0, 1, tzinfo=UTC), None, {24}),
        (None, datetime(2026, 11, 23, 12, 0, tzinfo=UTC), {22, 23}),
        (None, datetime(2026, 11, 23, 12, 0), {22, 23}),  # noqa: DTZ001 - it is taken as UTC
        (datetime(2026, 11, 23, 13, 0, tzinfo=timezone(timedelta(hours=1))), None, {23, 24}),
        (pd.Timestamp("2026-11-23", tz="UTC"), pd.Timestamp("2026-11-24", tz="UTC"), {23}),
        (date(2027, 1, 1), None, set()),
    ],
)
def test_days_and_times(reports: Path, since: date | None, until: date | None, expected: set[int]) -> None:
    """A date is a day in UTC; both ends are part of it."""
    assert {day for day, _ in days(read_history(reports, since=since, until=until))} == expected


def test_the_partner(tmp_path: Path) -> None:
    """Two partners audit the same customer in one folder; letter case does not matter."""
    of_partner(made(tmp_path, 0, {1: FREE}), CONTOSO)
    of_partner(made(tmp_path, 1, {1: BLOCKED}), FABRIKAM)
    made(tmp_path, 2, {1: FREE})
    found = read_history(tmp_path)
    assert found["partner_tenant"].fillna("").to_list() == [CONTOSO, FABRIKAM, ""]
    assert days(read_history(tmp_path, partner=FABRIKAM.upper())) == [(23, "1")]
    assert read_history(tmp_path, partner=guid(9)).empty


def test_files_of_earlier_versions_take_the_partner_from_the_runs_folder(tmp_path: Path) -> None:
    """Where that is gone, the partner is not known, and matches none."""
    runs = [made(tmp_path, day, {1: FREE}) for day in range(3)]
    for file in (tmp_path / "history").rglob("*.parquet"):
        without_partner(file)
    name_tenant(runs[0].path, CONTOSO)
    name_tenant(runs[1].path, FABRIKAM)
    (runs[1].path / "journal.jsonl").unlink()
    assert read_history(tmp_path)["partner_tenant"].fillna("").to_list() == [CONTOSO, "", ""]
    assert days(read_history(tmp_path, partner=CONTOSO)) == [(22, "1")]


def test_a_later_run_reads_files_of_earlier_versions(tmp_path: Path) -> None:
    """What changed since when does not depend on who wrote the history."""
    first = made(tmp_path, 0, {1: BLOCKED})
    for file in (tmp_path / "history").rglob("*.parquet"):
        without_partner(file)
    made(tmp_path, 1, {1: FREE})
    assert made(tmp_path, 2, {1: BLOCKED}, first).records("results.csv")
    assert pyarrow.parquet.read_table(tmp_path / "20261124T120000Z" / "before.parquet")[
        "times_blocked"
    ].to_pylist() == [1]


def test_a_history_that_another_program_rewrote(reports: Path) -> None:
    """One file for all nights, plain texts, columns in another order and one more: the same records."""
    before = read_history(reports)
    history = reports / "history"
    everything = duckdb.read_parquet(f"{history}/**/*.parquet", hive_partitioning=True)
    everything.project("1 as more, *").order("customer_id").write_parquet(f"{reports}/all.parquet")
    for path in history.rglob("*.parquet"):
        path.unlink()
    (reports / "all.parquet").rename(history / "run_date=2026-11-22" / "all.parquet")
    pd.testing.assert_frame_equal(read_history(reports), before, check_categorical=False)


def cut(file: Path) -> None:
    """A copy that was interrupted."""
    file.write_bytes(file.read_bytes()[:-100])


def without_verdict(file: Path) -> None:
    """A column that every reader relies on is missing."""
    pyarrow.parquet.write_table(pyarrow.parquet.ParquetFile(file).read().drop_columns("verdict"), file)


def with_other_times(file: Path) -> None:
    """Times as texts that are no times."""
    table = pyarrow.parquet.ParquetFile(file).read()
    place = table.schema.get_field_index("started_at")
    pyarrow.parquet.write_table(table.set_column(place, "started_at", table["customer_id"]), file)


def as_pipe(file: Path) -> None:
    """A named pipe, which would block a reader."""
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize("damage", [cut, without_verdict, with_other_times, as_pipe])
def test_a_damaged_file_is_named_with_the_cure(reports: Path, damage: Any) -> None:
    """Never records without it: a customer that it has as blocked would look as if it never was."""
    file = reports / "history" / "run_date=2026-11-23" / "20261123T120000Z.parquet"
    damage(file)
    with pytest.raises(IncompleteError) as caught:
        read_history(reports)
    assert str(file) in caught.value.message
    assert f"auditor report {reports / file.stem}" in caught.value.hint


def test_the_columns_of_a_file(tmp_path: Path) -> None:
    """Later versions add columns at the end; the version says that they are there."""
    of_partner(made(tmp_path, 0, {1: FREE}), CONTOSO)
    (file,) = (tmp_path / "history").rglob("*.parquet")
    table = pyarrow.parquet.ParquetFile(file).read()
    assert table.schema.names == [name for name in COLUMNS if name != "run_date"]
    assert table.schema.metadata[b"schema_version"] == b"4"
    assert table["partner_tenant"].to_pylist() == [CONTOSO]


def test_the_list_and_whether_the_run_is_complete(tmp_path: Path) -> None:
    """Null in files of earlier versions."""
    old = made(tmp_path, 0, {1: FREE})
    (file,) = (tmp_path / "history").rglob("*.parquet")
    without_partner(file)
    made(tmp_path, 1, {1: FREE}, lists=("a.csv", "b.csv"))
    made(tmp_path, 2, {1: LOST}, lists=("a.csv",))
    found = read_history(tmp_path)[["list", "complete"]].astype(object)
    assert found.where(found.notna(), None).to_numpy().tolist() == [
        [None, None],
        ["a.csv; b.csv", True],
        ["a.csv", False],
    ]
    assert old.path.exists()


def test_customers_that_were_not_asked_for_are_not_in_the_history(tmp_path: Path) -> None:
    """As `--limit` leaves them."""
    made(tmp_path, 0, {1: FREE, 2: (Reason.NOT_ATTEMPTED, 0), 3: LOST})
    assert days(read_history(tmp_path)) == [(22, "1"), (22, "3")]
