"""The command that a message names works as it stands: operators paste it."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.core.text import shell_quote
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 9)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--format", "csv", "--quiet"]
HARD = """it's "the" $HOME of a `report`"""
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="typed for a POSIX shell")


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator whose customers are all allowed."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}))


def _run(reports: str) -> Path:
    return max(path.parent for path in Path(reports).glob("2*/journal.jsonl"))


def _commands(told: str) -> list[list[str]]:
    """What stands behind `next: auditor` on lines of its own, as a shell would part it."""
    return [shlex.split(line.split("next: auditor ", 1)[1]) for line in told.splitlines() if "next: auditor " in line]


def test_the_command_to_resume_is_pasted_whole(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever stands in the path: nothing of the line is left out, nothing is added, and the run is finished by it."""
    assert simulator.api_url
    assert main([*RUN, "--reports", HARD, "--limit", "3"]) == 3
    told = capsys.readouterr().err
    assert "5 customers have no final answer yet\n" in told
    assert _commands(told) == [["resume", str(_run(HARD))]]
    assert main([*_commands(told)[0], "--quiet"]) == 0


def test_what_was_asked_and_what_is_left_do_not_contradict(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Customers that were asked in vain are counted as asked, and as without a final answer; never as still to be asked."""
    answers = AnswerOptions(weights={"allowed": 1}, overrides={IDS[0]: "error_lasting", IDS[5]: "ok_html"})
    for served in serving(monkeypatch, tmp_path, IDS, answers):
        assert served.api_url
        assert main([*RUN[:-1], "--attempts", "2"]) == 3
        told = capsys.readouterr().err
        assert (
            "\n8 of 8 customers asked, 2 of them without a final answer: 0 blocked, 6 eligible, 2 not verified\n"
            in told
        )
        assert "\n  2 customers have no final answer yet\n" in told
        assert "to be asked" not in told


def test_a_run_that_ended_after_its_last_answer_says_that_nobody_is_left(
    simulator: Simulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the summary too: every customer was asked, so it does not say that some were not."""
    assert simulator.api_url
    assert main([*RUN, "--reports", "killed"]) == 0
    path = _run("killed") / journal.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b'"kind":"end"' not in line))
    assert main(["report", str(_run("killed")), "--format", "csv", "--quiet"]) == 3
    assert "every customer has a final answer, but the run did not finish\n" in capsys.readouterr().err
    note = json.loads((_run("killed") / "summary.json").read_text(encoding="utf-8"))["note"]
    assert note == "INCOMPLETE: the run did not finish (the run ended without a word)"


def test_a_run_that_left_customers_out_counts_them(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The note of the reports has the number that the message on the terminal has."""
    assert simulator.api_url
    assert main([*RUN, "--reports", "cut", "--limit", "3"]) == 3
    assert "  5 customers have no final answer yet\n" in capsys.readouterr().err
    note = json.loads((_run("cut") / "summary.json").read_text(encoding="utf-8"))["note"]
    assert note.startswith("INCOMPLETE: the run did not finish: 5 customers were not asked (only the first 3 of 8 ")


def test_the_command_to_report_is_pasted_whole(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The same where a report cannot be written."""
    assert simulator.api_url
    assert main([*RUN, "--reports", HARD]) == 0
    (_run(HARD) / "results.csv").unlink()
    (_run(HARD) / "results.csv").mkdir()
    assert main(["report", str(_run(HARD)), "--format", "csv", "--quiet"]) == 7
    assert f"fix the cause, then: auditor report {shell_quote(_run(HARD))}\n" in capsys.readouterr().err
    assert shlex.split(shell_quote(_run(HARD))) == [str(_run(HARD))]


def test_killed_after_the_last_answer(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A run without a recorded end says how to finish it, also where no customer is left to ask for."""
    assert main([*RUN, "--reports", "killed"]) == 0
    path = _run("killed") / journal.JOURNAL
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: next(n for n, line in enumerate(lines) if b'"kind":"end"' in line)]))
    capsys.readouterr()
    assert main(["report", str(_run("killed")), "--format", "csv", "--quiet"]) == 3
    told = capsys.readouterr().err
    assert _commands(told) == [["resume", str(_run("killed"))]]
    asked = len(simulator.log.api)
    assert main([*_commands(told)[0], "--quiet"]) == 0
    assert len(simulator.log.api) == asked
