"""`-q`: one line that names the result, for a scheduler that mails whatever is printed; `-qq`: nothing where all is well."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never"]


@pytest.fixture(autouse=True)
def _simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator with a blocked customer."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={IDS[3]: "under_review"})
    yield from serving(monkeypatch, tmp_path, IDS, answers)


def test_a_complete_run_prints_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the counts and the file to open; the standard error is empty."""
    assert main([*RUN, "-q"]) == 0
    out, err = capsys.readouterr()
    (run,) = Path("reports").glob("2*")
    assert out == f"Run {run.name}: complete; 1 blocked, 0 not verified, 3 eligible; reports/{run.name}/report.html\n"
    assert err == ""
    assert main([*RUN, "-q", "--fail-on", "blocked"]) == 10
    out, err = capsys.readouterr()
    assert "complete; --fail-on matched: blocked (1 customer); 1 blocked (0 newly), 0 not verified" in out
    assert (out.count("\n"), err) == (1, "")


def test_twice_quiet_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of a complete run, nor where --fail-on matched."""
    assert main([*RUN, "--format", "csv", "-qq"]) == 0
    assert main([*RUN, "--format", "csv", "-q", "-q", "--fail-on", "blocked"]) == 10
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("quiet", ["-q", "-qq"])
def test_any_other_result_is_told_with_its_cause(quiet: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The line, and on the standard error why, and the next command."""
    assert main([*RUN, quiet, "--limit", "2"]) == 3
    out, err = capsys.readouterr()
    (run,) = Path("reports").glob("2*")
    assert re.fullmatch(f"Run {run.name}: NOT COMPLETE; 0 blocked, 2 not verified, 2 eligible; .*\n", out)
    assert "only the first 2 of 4 customers were asked for (--limit)" in err
    assert f"next: auditor resume reports/{run.name}\n" in err
    assert main(["resume", quiet]) == 0
    out, err = capsys.readouterr()
    assert (out.count("\n"), err) == (1 if quiet == "-q" else 0, "")


def test_rows_without_an_id_are_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """They are no customers, and would be missing from its counts."""
    Path("list.txt").write_text("\n".join([*IDS, "no-guid"]), encoding="ascii")
    assert main([*RUN, "-q", "--max-undetermined", "1"]) == 0
    assert "3 eligible; 1 row without a valid id; reports/" in capsys.readouterr().out


def test_a_report_is_named_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    """`report` ends with the reports of a run too."""
    assert main([*RUN, "-qq"]) == 0
    assert main(["report", "latest", "-q"]) == 0
    assert capsys.readouterr().out.startswith("Run 2")
    assert main(["report", "latest", "-qq"]) == 0
    assert capsys.readouterr() == ("", "")


def test_json_is_printed_as_always(capsys: pytest.CaptureFixture[str]) -> None:
    """-q changes nothing in it."""
    assert main([*RUN, "-q", "--json"]) == 0
    assert capsys.readouterr().out.startswith("{")


def test_a_latest_that_stays_is_in_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Who reads `latest` would not see this run."""
    assert main([*RUN, "-q"]) == 0
    Path("other.txt").write_text(IDS[0], encoding="ascii")
    assert main(["run", "other.txt", *RUN[2:], "-q"]) == 0
    assert "; latest not moved; reports/" in capsys.readouterr().out
