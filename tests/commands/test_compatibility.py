"""What docs/compatibility.md says: runs that auditor 0.1 stored, and runs that a later version may store.

`stored_by_0_1` is the reports folder of auditor 0.1.0 over one list: a complete run, one with all formats that is compared with
it, and one that `--limit 2` ended early.
"""

import csv
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from auditor import journal
from auditor.cli import main
from auditor.journal.records import encode
from auditor.report.history import store
from auditor.simulator import (
    AnswerOptions,
    IdentityOptions,
    Simulator,
    SimulatorOptions,
    ThrottleOptions,
    serve_in_thread,
)

ROOT = Path(__file__).parents[2]
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
FIRST, SECOND, STOPPED = "20261130T110428Z", "20261130T110429Z", "20261130T110431Z"
ALL = (FIRST, SECOND, STOPPED)
Line = dict[str, Any]


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of what 0.1 stored, as the reports folder."""
    shutil.copytree(Path(__file__).parent / "stored_by_0_1", tmp_path / "reports")
    monkeypatch.chdir(tmp_path)
    return Path("reports")


def _records(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def _rewrite_header(run: Path, **changes: Any) -> None:
    """Write the journal's header again, both times, with its checksum."""
    lines: list[Line] = [json.loads(line) for line in (run / journal.JOURNAL).read_bytes().splitlines()]
    for line in lines:
        del line["crc"]
    lines[:2] = [line | changes for line in lines[:2]]
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, lines)))


@contextmanager
def _serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A service for the customers of the stored runs."""
    options = SimulatorOptions(
        announces=False,
        tls=False,
        identity=IdentityOptions(enabled=False),
        throttle=ThrottleOptions(windows=()),
        answers=AnswerOptions(weights={"allowed": 1}, overrides={IDS[0]: "not_allowed"}),
    )
    with serve_in_thread(options) as simulator:
        monkeypatch.setenv("AUDITOR_API_URL", simulator.api_url)
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", simulator.mint_token())
        monkeypatch.setenv("AUDITOR_FORMAT", "csv")
        yield simulator


def _audit(reports: Path, *options: str) -> Path:
    """A new run over a list of the same name: its folder."""
    rows = [f"{one},Company {n}" for n, one in enumerate(IDS)]
    Path("list.csv").write_text("\n".join(["Microsoft ID,Company name", *rows]), encoding="utf-8")
    assert main(["run", "list.csv", "--rate", "0", "--customer-list", "never", "--quiet", *options]) == 0
    (new,) = (path for path in reports.glob("2*") if path.name not in ALL)
    return new


def test_the_stored_runs_are_those_of_auditor_0_1(reports: Path) -> None:
    """Nothing in them was written by a later version."""
    for name in ALL:
        header = journal.read_header(reports / name)
        assert (header.auditor, header.schema_version) == ("0.1.0", 1)
        assert json.loads((reports / name / "manifest.json").read_bytes())["schema_version"] == 1
    assert {path.suffix for path in (reports / SECOND).iterdir()} >= {".csv", ".html", ".jsonl", ".parquet", ".xlsx"}


@pytest.mark.parametrize("name", ALL)
def test_verify_checks_a_run_of_0_1(reports: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file against manifest and journal, with the columns of version 1; nothing byte for byte, and it says so."""
    assert main(["verify", name]) == 0
    said = capsys.readouterr().out
    assert "each of 6 rows is in them once" in said
    assert "were not compared byte for byte: another version of auditor started this run" in said
    results = reports / name / "results.csv"
    results.write_bytes(results.read_bytes().replace(b"blocked", b"allowed"))
    assert main(["verify", name]) == 3
    assert "results.csv" in capsys.readouterr().err


@pytest.mark.parametrize("name", ALL)
def test_report_renders_a_run_of_0_1_with_the_columns_of_this_version(reports: Path, name: str) -> None:
    """Verdicts and reasons stay; the text of an invalid id moves to raw_id; rows and answers are not touched."""
    run = reports / name
    before = _records(run / "results.csv")
    sources = {file: (run / file).read_bytes() for file in ("rows.jsonl", "journal.jsonl")}
    code = 3 if name == STOPPED else 0
    assert main(["report", name, "--quiet"]) == code
    assert {file: (run / file).read_bytes() for file in sources} == sources
    after = _records(run / "results.csv")
    facts = ("verdict", "reason", "status", "checked_at", "owner", "source_row", "company_name")
    assert [[row[fact] for fact in facts] for row in after] == [[row[fact] for fact in facts] for row in before]
    (invalid,) = (row for row in after if row["reason"] == "invalid_id")
    assert (invalid["customer_id"], invalid["raw_id"]) == ("", "to follow")
    assert json.loads((run / "summary.json").read_bytes())["schema_version"] == 2
    assert main(["verify", name, "--quiet"]) == 0


def test_compare_reads_runs_of_0_1(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With each other, and with one that was rendered again by this version."""
    for _ in range(2):
        assert main(["compare", FIRST, SECOND, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(one["change"], one["customer_id"]) for one in found["changes"] if one["change"] != "not_compared"] == [
            ("newly_blocked", IDS[0])
        ]
        assert main(["report", str(reports / FIRST), "--quiet"]) == 0
        capsys.readouterr()


def test_a_new_run_takes_baseline_and_history_from_0_1(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And `resume` finishes a run of 0.1: who has an answer is not asked again, and `runs` lists all of them."""
    with _serving(monkeypatch) as simulator:
        for name in ALL:
            _rewrite_header(reports / name, api=simulator.api_url)
            assert main(["report", name, "--quiet"]) == (3 if name == STOPPED else 0)
        assert main(["resume", STOPPED, "--quiet", "--max-undetermined", "5"]) == 0
        asked = [request.path.split("/")[3] for request in simulator.log.api]
        assert sorted(asked) == IDS[2:]
        new = _audit(reports)
    summary = json.loads((new / "summary.json").read_bytes())
    assert summary["changes"]["baseline"] == STOPPED
    before = pyarrow.parquet.read_table(new / "before.parquet").to_pylist()
    assert {line["customer_id"]: line["past_verdict"] for line in before}[IDS[0]] == "blocked"
    assert {line["customer_id"]: line["times_blocked"] for line in before}[IDS[0]] == 1


def test_a_new_run_reuses_answers_of_0_1(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of eligible customers, as of any other run."""
    shutil.rmtree(reports / SECOND)
    shutil.rmtree(reports / STOPPED)
    with _serving(monkeypatch) as simulator:
        _rewrite_header(reports / FIRST, api=simulator.api_url)
        new = _audit(reports, "--reuse", "9999d")
    lines = [json.loads(line) for line in (new / journal.JOURNAL).read_bytes().splitlines()]
    assert {line["customer_id"] for line in lines if line.get("reused_from") == FIRST} >= {IDS[0], IDS[3]}


def test_history_of_0_1_has_the_columns_that_this_version_reads(reports: Path) -> None:
    """Its columns come first, in the same order and with the same types: later versions only add."""
    for path in reports.glob("history/*/*.parquet"):
        found = pyarrow.parquet.read_schema(path)
        known = [store.RECORDS.field(name) for name in found.names]
        assert [(field.name, field.type) for field in found] == [(field.name, field.type) for field in known]
        assert store.RECORDS.names[: len(found)] == found.names


@pytest.mark.parametrize("command", [["report"], ["verify"], ["resume"], ["compare", FIRST]])
def test_a_journal_of_a_later_version_is_refused(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    """Exit code 3; the message has its schema version, the ones that are known, and the version of auditor to use."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "t")
    _rewrite_header(reports / SECOND, schema_version=4, auditor="7.8.9", added_later=True)
    content = (reports / SECOND / journal.JOURNAL).read_bytes()
    assert main([*command, SECOND]) == 3
    said = " ".join(capsys.readouterr().err.split())
    assert "schema version 4, where schema version 3 or an earlier one was expected" in said
    assert "use auditor 7.8.9, which wrote it, or audit the list again" in said
    assert (reports / SECOND / journal.JOURNAL).read_bytes() == content


def test_a_run_of_a_later_version_is_not_in_the_way(
    reports: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`runs` leaves it out; a new run does not compare with it, and reuses no answer that is as old or older."""
    with _serving(monkeypatch) as simulator:
        for name in ALL:
            later = {"schema_version": 4, "auditor": "7.8.9"} if name == SECOND else {}
            _rewrite_header(reports / name, api=simulator.api_url, **later)
        assert main(["runs", "--json"]) == 0
        assert [one["run_id"] for one in json.loads(capsys.readouterr().out)] == [STOPPED, FIRST]
        assert main(["report", FIRST, "--quiet"]) == 0
        new = _audit(reports, "--reuse", "9999d")
    assert json.loads((new / "summary.json").read_bytes())["changes"]["baseline"] == FIRST
    assert b"reused_from" not in (new / journal.JOURNAL).read_bytes()
    assert "none from before it, is reused" in capsys.readouterr().err


def test_a_manifest_of_a_later_version_is_refused(reports: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`verify` does not judge what it does not know."""
    path = reports / FIRST / "manifest.json"
    path.write_text(path.read_text("utf-8").replace('"schema_version": 1', '"schema_version": 3'), encoding="utf-8")
    assert main(["verify", FIRST]) == 3
    said = capsys.readouterr().err
    assert "schema version 3, where 2 or less was expected" in said
    assert "use the version of auditor that wrote it" in said


def test_the_supported_versions_of_python_are_the_declared_ones() -> None:
    """docs/compatibility.md says what pyproject.toml says."""
    text = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    declared = re.findall(r"Python :: (3\.\d+)\"", (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"Python {', '.join(declared[:-1])} and {declared[-1]}" in text
