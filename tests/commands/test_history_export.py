"""`auditor history export --delta` into a folder, read back by pandas and DuckDB."""

import json
import shutil
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from nights_support import made
from report_support import Run, guid

from auditor import read_history
from auditor.cli import main
from auditor.core.model import Reason
from program_support import Program
from publish_support import s3_process

FREE, LOST, JANUARY = (Reason.ALLOWED, 0), (Reason.THROTTLED, 0), (Reason.UNDER_REVIEW, 0)
NIGHT, NEXT = "20261122T120000Z", "20261123T120000Z"
ORDER = ["started_at", "customer_id"]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of three customers, and a run of two; each test has a copy."""
    reports = tmp_path_factory.mktemp("nights") / "reports"
    first = made(reports, 0, {1: JANUARY, 2: FREE, 3: LOST})
    made(reports, 1, {1: FREE, 2: FREE}, first)
    return first


@pytest.fixture
def night(nights: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The first of them, in ./reports."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(nights.path.parent, "reports")
    return replace(nights, path=Path("reports") / nights.path.name)


def export(*options: str) -> int:
    """Exports; returns the exit code."""
    return main(["history", "export", "--delta", "table", *options])


def records() -> list[dict[str, Any]]:
    """What the table holds, in order."""
    found: list[dict[str, Any]] = (
        pa.table(DeltaTable("table").to_pyarrow_table()).sort_by([(name, "ascending") for name in ORDER]).to_pylist()
    )
    return found


@pytest.mark.usefixtures("night")
def test_what_other_programs_read() -> None:
    """Pandas and DuckDB find the records of `auditor.read_history`."""
    assert export("-q") == 0
    wanted = read_history("reports").astype(object)
    found = DeltaTable("table").to_pandas().sort_values(ORDER, ignore_index=True)
    columns = ["run_id", "customer_id", "verdict", "status", "reason", "owner", "company_name"]
    assert found[columns].fillna("").values.tolist() == wanted[columns].fillna("").values.tolist()
    assert list(found.columns) == list(wanted.columns)
    query = "select run_date, count(*) from history where verdict = 'eligible' group by 1 order by 1"
    with duckdb.connect() as connection:
        connection.register("history", DeltaTable("table").to_pyarrow_dataset())
        counted = connection.execute(query).fetchall()
    assert [(str(day), count) for day, count in counted] == [("2026-11-22", 1), ("2026-11-23", 2)]


@pytest.mark.usefixtures("night")
def test_one_transaction_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The table is created by the first, and each run adds a version; an export without news adds none."""
    assert export() == 0
    assert capsys.readouterr().out == "2 runs (5 records) written to table; 0 unchanged\n"
    assert DeltaTable("table").version() == 2
    assert export("--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"table": "table", "written": [], "unchanged": 2, "rows": 0}
    assert DeltaTable("table").version() == 2


def test_a_run_that_is_rendered_again_is_replaced(night: Run, capsys: pytest.CaptureFixture[str]) -> None:
    """In one transaction; the other runs are not touched."""
    assert export("-q") == 0
    before = records()
    made(Path("reports"), 0, {1: JANUARY, 2: FREE, 3: FREE, 4: LOST})
    assert export() == 0
    assert "1 run (4 records) written" in capsys.readouterr().out
    assert DeltaTable("table").version() == 3
    after = records()
    assert [one for one in after if one["run_id"] == NEXT] == [one for one in before if one["run_id"] == NEXT]
    assert [(one["customer_id"], one["verdict"]) for one in after if one["run_id"] == NIGHT] == [
        *((guid(1), "blocked"), (guid(2), "eligible"), (guid(3), "eligible"), (guid(4), "undetermined")),
    ]
    assert night.path.name == NIGHT


@pytest.mark.usefixtures("night")
def test_runs_of_two_folders_share_a_table(tmp_path: Path) -> None:
    """Also if they have the same id: a run of another partner stays."""
    from auditor import report  # noqa: PLC0415 - the history of a partner who is known

    for folder, partner in (("a", "a.example"), ("b", "b'.example")):
        run = made(tmp_path / folder, 0, {1: JANUARY})
        with report.history_file(tmp_path / folder, run.facts, partner) as history:
            assert history
            report.render(run.stored, ("csv",), history)
            history.publish()
        assert export("--reports", folder, "-q") == 0
    made(tmp_path / "a", 0, {1: FREE, 2: FREE})
    assert export("--reports", "b", "-q") == 0
    assert sorted(one["partner_tenant"] for one in records()) == ["a.example", "b'.example"]


@pytest.mark.usefixtures("night")
def test_rows_deleted_on_purpose_stay_deleted() -> None:
    """The table says what was written, not what is in it."""
    assert export("-q") == 0
    DeltaTable("table").delete(f"customer_id = '{guid(1)}'")
    assert export("-q") == 0
    assert {one["customer_id"] for one in records()} == {guid(2), guid(3)}


@pytest.mark.usefixtures("night")
def test_two_exports_at_once() -> None:
    """Both end well, and every record is there once."""
    for day in range(2, 8):
        made(Path("reports"), day, {1: FREE, 2: JANUARY})
    commands = ("history", "export", "--delta", "table", "--json")
    with Program(*commands) as one, Program(*commands) as other:
        ends = [(*exporter.communicate(), exporter.returncode) for exporter in (one, other)]
    assert [end[2] for end in ends] == [0, 0], ends
    found = records()
    assert len(found) == len({(one["run_id"], one["customer_id"]) for one in found}) == 17


@pytest.mark.usefixtures("night")
def test_a_table_that_another_export_creates_just_now() -> None:
    """Its log has no file yet."""
    Path("table", "_delta_log").mkdir(parents=True)
    assert export() == 0
    assert len(records()) == 5


@pytest.mark.usefixtures("night")
def test_a_table_of_another_schema(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 and one sentence; nothing is written."""
    write_deltalake("table", pa.table({"run_id": ["x"], "customer_id": [7]}))
    assert export() == 2
    said = capsys.readouterr().err
    assert "auditor: table: a Delta table with another schema (columns that differ: api, checked_at" in said
    assert DeltaTable("table").version() == 0


@pytest.mark.usefixtures("night")
@pytest.mark.parametrize("folder", ["reports/history", "reports"])
def test_a_folder_with_other_files(capsys: pytest.CaptureFixture[str], folder: str) -> None:
    """Above all the history itself: exit 2, nothing is written."""
    before = sorted(Path("reports").rglob("*"))
    assert main(["history", "export", "--delta", folder]) == 2
    assert f"auditor: {folder}: a folder with other files, and no Delta table" in capsys.readouterr().err
    assert sorted(Path("reports").rglob("*")) == before


@pytest.mark.usefixtures("night")
@pytest.mark.parametrize("url", ["s3://key:marked@bucket/table", "abfss://c@a.example/t?sig=marked"])
def test_an_address_with_credentials(capsys: pytest.CaptureFixture[str], url: str) -> None:
    """Exit 2; they are not shown."""
    assert main(["history", "export", "--delta", url]) == 2
    streams = capsys.readouterr()
    assert "--delta: the address must not hold credentials" in streams.err
    assert "marked" not in streams.err + streams.out


@pytest.mark.usefixtures("night")
def test_a_store_that_is_not_there(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit 7 and the command that tries again."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in ("AWS_ALLOW_HTTP", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("AWS_MAX_RETRIES", "0")
    assert main(["history", "export", "--delta", "s3://bucket/table"]) == 7
    said = capsys.readouterr().err
    assert said.startswith("auditor: s3://bucket/table: the Delta table cannot be written: ")
    assert "next: the history is safe; then again: auditor history export --delta s3://bucket/table" in said


@pytest.mark.usefixtures("night")
def test_a_table_in_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two exports at the same time; every record is there once."""
    for day in range(2, 8):
        made(Path("reports"), day, {1: FREE, 2: JANUARY})
    with s3_process(monkeypatch) as store:
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        commands = ("history", "export", "--delta", store.url, "--json")
        with Program(*commands) as one, Program(*commands) as other:
            ends = [(*exporter.communicate(), exporter.returncode) for exporter in (one, other)]
        assert [end[2] for end in ends] == [0, 0], ends
        found = DeltaTable(store.url).to_pandas()
        assert len(found) == len(found.drop_duplicates(["run_id", "customer_id"])) == 17
        version = DeltaTable(store.url).version()
        assert main([*commands[:-1], "-q"]) == 0
        assert DeltaTable(store.url).version() == version


@pytest.mark.usefixtures("night")
def test_a_store_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM ends the export once the request has used up its time."""
    limits = "from auditor.export import delta; delta._LIMITS.update(timeout='1s', retry_timeout='1s')"
    for name in ("AWS_ALLOW_HTTP", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "true")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        command = ("history", "export", "--delta", "s3://bucket/table")
        with Program(*command, before=limits, AWS_ENDPOINT_URL=address) as exporter:
            connection, _ = silent.accept()
            exporter.terminate()
            _, said = exporter.communicate(timeout=30)
            connection.close()
    assert exporter.returncode == 143, said


@pytest.mark.usefixtures("night")
def test_a_damaged_file_of_the_history(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3; the message names it."""
    next(Path("reports/history").rglob(f"{NIGHT}.parquet")).write_bytes(b"PAR1")
    assert export() == 3
    assert f"{NIGHT}.parquet: not a readable file of the history" in capsys.readouterr().err


def test_no_such_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    monkeypatch.chdir(tmp_path)
    assert export("--reports", "nowhere") == 2
    assert "nowhere: there is no such folder" in capsys.readouterr().err


@pytest.mark.usefixtures("night")
def test_without_deltalake(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names what to install."""
    monkeypatch.delitem(sys.modules, "auditor.export.delta", raising=False)
    monkeypatch.setitem(sys.modules, "deltalake", None)
    assert export() == 2
    assert 'pip install "partner-center-auditor[delta]"' in capsys.readouterr().err
