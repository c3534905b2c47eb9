"""`auditor verify`, from the command line to the exit code."""

import json
import shutil
from pathlib import Path

import pytest

from auditor.cli import main

ID = "1f2e3d4c-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a rendered run without a reachable service: every row is undetermined. Each test has a copy."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_STATE_HOME", str(folder / "state"))
        patch.setenv("AUDITOR_ACCESS_TOKEN", "secret")
        patch.setenv("AUDITOR_API_URL", "http://127.0.0.1:9")
        Path("list.csv").write_text(f"Tenant ID,Name\n{ID},Ada\nno-guid,Bob\n", encoding="utf-8")
        assert main(["run", "list.csv", "--attempts", "1", "--quiet"]) == 6
    return folder


@pytest.fixture
def run(made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The run; nothing that was printed about it is left."""
    shutil.copytree(made, tmp_path, symlinks=True, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    capsys.readouterr()
    return next(Path("reports").glob("2*"))


@pytest.mark.parametrize("by_name", [True, False])
def test_a_run_that_agrees(run: Path, capsys: pytest.CaptureFixture[str], *, by_name: bool) -> None:
    """Exit 0, whatever the run itself came to; what was counted is on standard output."""
    assert main(["verify", run.name if by_name else str(run)]) == 0
    streams = capsys.readouterr()
    assert f"Run {run.name}: 12 files agree, and each of 2 rows" in streams.out
    assert "Ledger: 2 rows = 0 eligible + 0 blocked + 2 undetermined" in streams.out
    assert "NOT COMPLETE" in streams.out
    assert streams.err == ""


def test_json_and_quiet(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints one document, `-q` nothing."""
    assert main(["verify", str(run), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["agrees"], document["complete"], document["run_id"]) == (True, False, run.name)
    assert sorted(document["files"]) == sorted(path.name for path in run.iterdir())
    assert document["rows"] == {"listed": 2, "eligible": 0, "blocked": 0, "undetermined": 2}
    assert document["customers"] == {"listed": 1, "eligible": 0, "blocked": 0, "undetermined": 1}
    assert main(["verify", str(run), "-q"]) == 0
    assert capsys.readouterr().out == ""


def test_a_changed_file(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3, with the file and the command that mends it; and it does mend it."""
    path = run / "undetermined.csv"
    path.write_bytes(path.read_bytes().replace(b"Ada", b"Eve"))
    assert main(["verify", run.name]) == 3
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "auditor: undetermined.csv: SHA-256 is " in streams.err
    assert f"auditor report {run}" in streams.err
    main(["report", run.name])
    assert main(["verify", run.name]) == 0


def test_a_run_that_lost_its_journal(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a run with a file missing, not no run at all; and no rendering can mend it."""
    (run / "journal.jsonl").unlink()
    for name in (run.name, str(run)):
        assert main(["verify", name]) == 3
        streams = capsys.readouterr()
        assert "journal.jsonl: No such file" in streams.err
        assert "auditor report" not in streams.err


def test_no_such_run(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2."""
    assert main(["verify", "latest"]) == 2
    assert main(["verify", str(run.parent)]) == 2
    assert "no such run" in capsys.readouterr().err


def test_a_stray_file_is_a_finding_for_verify_and_none_for_report(run: Path) -> None:
    """What a person keeps in the folder does not make a rendering fail."""
    (run / "blocked.xlsx").write_text("saved from a spreadsheet", encoding="utf-8")
    assert main(["verify", run.name]) == 3
    assert main(["report", run.name]) == 6  # nothing answered
    assert json.loads((run / "manifest.json").read_bytes())["run_id"] == run.name
