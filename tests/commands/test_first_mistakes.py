"""What a newcomer gets wrong first, end to end. Rule held: the exit code and the words say what to mend."""

import json
from pathlib import Path

import pytest

from auditor import report
from auditor.cli import main
from auditor.errors import IncompleteError

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 4)]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [f"{one},Company {n}" for n, one in enumerate(IDS)]
    Path("list.csv").write_text("Microsoft ID,Company name\n" + "\n".join(lines) + "\n", encoding="utf-8")


def test_a_service_that_is_not_there_ends_a_short_run_with_6(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three customers are too few for the breaker; the reports are made all the same."""
    monkeypatch.setenv("AUDITOR_API_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "of-somebody")
    assert main(["run", "list.csv", "--attempts", "1", "--rate", "0"]) == 6
    said = capsys.readouterr().err
    assert "nothing at https://127.0.0.1:1 answered (last: " in said
    assert "next: auditor doctor" in said
    [run] = [path.parent for path in Path("reports").glob("*/journal.jsonl")]
    assert json.loads((run / "summary.json").read_bytes())["cause"] == "service"


def test_a_column_without_ids_is_a_mistake_in_a_dry_run_too(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said with the column that holds them."""
    assert main(["run", "list.csv", "--id-column", "Company name", "--dry-run"]) == 5
    said = capsys.readouterr().err
    assert "column 'Company name' holds no customer id; did you mean 'Microsoft ID'?" in said


def test_a_list_without_one_id_begins_no_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Likewise where the column was found by its header."""
    monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", "of-somebody")
    Path("bad.csv").write_text("Microsoft ID,Company name\nnone,One\nabc,Two\n", encoding="utf-8")
    assert main(["run", "bad.csv"]) == 5
    assert "column 'Microsoft ID' holds no customer id" in capsys.readouterr().err
    assert not list(Path("reports").glob("*/journal.jsonl"))
    assert main(["run", "list.csv", "--id-column", "Company name"]) == 5
    assert "did you mean 'Microsoft ID'?" in capsys.readouterr().err


def test_reports_that_fail_their_check_are_a_failed_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is auditor's own defect, which no resume mends: 7, with what disagrees and the next command."""
    assert main(["demo", "--format", "csv"]) == 0
    [run] = [path.parent for path in Path("reports").glob("*/journal.jsonl")]

    def disagrees(*_args: object, **_more: object) -> None:
        raise IncompleteError("results.csv, row 3: another status")

    monkeypatch.setattr(report, "verify", disagrees)
    assert main(["report", str(run)]) == 7
    said = capsys.readouterr().err
    assert (
        "results.csv, row 3: another status; this is a defect of auditor, please report it; the answers are safe"
        in said
    )
    assert f"next: auditor verify {run}" in said
