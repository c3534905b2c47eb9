"""`resume` where asking again is not the cure: undetermined rows are allowed, or do not change."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 5)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--format", "csv"]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator that answers for one customer with an unreadable page."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, overrides={IDS[3]: "ok_html"}))


def _run() -> Path:
    return max(path.parent for path in Path("reports").glob("2*/journal.jsonl"))


def test_rows_that_no_try_will_change_are_allowed_afterwards(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command that the run names: no sign-in, no request; the run is complete then, and every check follows it."""
    Path("list.txt").write_text("\n".join([*IDS[:3], "no-guid"]), encoding="ascii")
    assert main(RUN) == 3
    run, asked = _run(), len(simulator.log.api)
    command = f"auditor resume {run} --max-undetermined 1"
    assert command in capsys.readouterr().err
    monkeypatch.delenv("AUDITOR_ACCESS_TOKEN")
    assert main([*command.split()[1:], "--quiet"]) == 0
    assert len(simulator.log.api) == asked
    assert Path("reports/latest").resolve() == run.resolve()
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    assert (summary["complete"], summary["max_undetermined"]) == (True, 1)
    assert main(["verify", "latest", "--quiet"]) == 0
    assert main(["report", "latest", "--quiet"]) == 0


def test_the_last_word_on_undetermined_rows_counts(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """More than once it may be said; but what a complete run allows is not taken back."""
    assert simulator.api_url
    Path("list.txt").write_text("\n".join([*IDS[:2], "no-guid", "none-either"]), encoding="ascii")
    assert main([*RUN, "--quiet"]) == 3
    assert main(["resume", "--max-undetermined", "1", "--quiet"]) == 3
    assert journal.read_facts(_run()).max_undetermined == 1
    assert main(["verify", str(_run()), "--quiet"]) == 0
    assert main(["resume", "--max-undetermined", "2", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["resume", "latest", "--max-undetermined", "1", "--quiet"]) == 2
    assert "fewer cannot be set now" in capsys.readouterr().err
    assert journal.read_facts(_run()).max_undetermined == 2
    assert main(["verify", "latest", "--quiet"]) == 0


def test_resume_does_not_go_round_in_a_circle(simulator: Simulator, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a session changed nothing, the advice is another one than to resume again; and what it says works."""
    assert simulator.api_url
    Path("list.txt").write_text("\n".join([*IDS, "no-guid"]), encoding="ascii")
    assert main(RUN) == 3
    said = capsys.readouterr().err
    assert "1 may be answered on a further try (resume)" in said
    for tries in (2, 3):
        assert main(["resume"]) == 3
        out, said = capsys.readouterr()
        assert "in all sessions of the run together" in out
        assert f"1 unchanged after {tries} tries: open a support case with the request ids in" in said
        assert "further try" not in said
        assert "no final answer" not in said
    assert f"or allow them: auditor resume {_run()} --max-undetermined 2\n" in said
    assert main(["resume", str(_run()), "--max-undetermined", "2", "--quiet"]) == 0
