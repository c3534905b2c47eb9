"""A run whose answers turn out to be a simulator's, end to end. Rule held: made-up answers never pass for real ones."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.core.run_facts import FORMATS
from auditor.simulator import AnswerOptions, Simulator, SimulatorOptions, ThrottleOptions, serve_in_thread

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 6)]


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ids.txt").write_text("\n".join(IDS) + "\n", encoding="utf-8")


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator that says so with each reply, and a token for it in the environment."""
    yield from _served(monkeypatch, announces=True)


def _served(monkeypatch: pytest.MonkeyPatch, *, announces: bool, port: int = 0) -> Iterator[Simulator]:
    options = SimulatorOptions(
        answers=AnswerOptions(weights={"allowed": 1}),
        throttle=ThrottleOptions(windows=()),
        announces=announces,
        api_port=port,
    )
    with serve_in_thread(options) as served:
        monkeypatch.setenv("AUDITOR_API_URL", served.api_url)
        monkeypatch.setenv("AUDITOR_CA_BUNDLE", str(served.ca_file))
        monkeypatch.setenv("AUDITOR_ACCESS_TOKEN", served.mint_token())
        monkeypatch.setenv("AUDITOR_FORMAT", "csv")
        yield served


def _runs() -> list[Path]:
    return sorted(path.parent for path in Path("reports").glob("*/journal.jsonl") if not path.parent.is_symlink())


@pytest.mark.usefixtures("simulator")
def test_a_run_against_a_simulator_is_a_simulated_one(capsys: pytest.CaptureFixture[str]) -> None:
    """Its summary says so, the checks agree, `latest` does not lead to it and the history does not know it."""
    assert main(["run", "ids.txt", "--rate", "0", "--format", ",".join(FORMATS)]) == 0
    [run] = _runs()
    assert json.loads((run / "summary.json").read_bytes())["simulated"] is True
    assert (journal.is_simulated(run), journal.read_facts(run).simulated) == (True, True)
    assert not Path("reports/latest").exists()
    assert not list(Path("reports").glob("history/*"))
    assert "no real customer was asked for" in capsys.readouterr().out
    assert main(["verify", str(run)]) == 0


@pytest.mark.usefixtures("simulator")
def test_a_simulated_run_may_be_resumed() -> None:
    """Only a demo cannot be: its simulator is gone."""
    assert main(["run", "ids.txt", "--rate", "0", "--limit", "2"]) == 3
    [run] = _runs()
    assert main(["resume"]) == 0
    facts = journal.read_facts(run)
    assert (facts.finished, facts.simulated) == (True, True)


def test_nothing_of_a_simulated_run_gets_into_a_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is reused from it, and it is no baseline, wherever the real service has the same address."""
    before = _served(monkeypatch, announces=True)
    port = int(next(before).api_url.rpartition(":")[2])
    assert main(["run", "ids.txt", "--rate", "0"]) == 0
    assert not list(before)
    after = _served(monkeypatch, announces=False, port=port)
    next(after)
    assert main(["run", "ids.txt", "--rate", "0", "--reuse", "1d"]) == 0
    assert main(["run", "ids.txt", "--rate", "0", "--baseline", _runs()[0].name]) == 0
    assert not list(after)
    real, named = _runs()[1:]
    # that a service on this machine is a simulator, or is none, shows with its first reply only
    facts = journal.read_facts(named)
    assert facts.baseline is not None
    assert (facts.baseline.run_id, "one of them is simulated" in facts.baseline.note) == ("", True)
    assert journal.read_facts(real).requests["sent"] == len(IDS)
    assert journal.read_header(real).settings["baseline"]["run_id"] == ""
    assert Path("reports/latest").resolve().name == named.name


def test_a_run_that_turns_out_simulated_is_compared_with_no_real_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first reply says what the run is; until then there are two baselines to choose from, and no simulated run is one."""
    before = _served(monkeypatch, announces=False)
    port = int(next(before).api_url.rpartition(":")[2])
    assert main(["run", "ids.txt", "--rate", "0"]) == 0
    assert not list(before)
    after = _served(monkeypatch, announces=True, port=port)
    next(after)
    assert main(["run", "ids.txt", "--rate", "0"]) == 0
    assert not list(after)
    facts = journal.read_facts(_runs()[1])
    assert facts.baseline is not None
    assert (facts.baseline.run_id, facts.simulated) == ("", True)
    assert "no earlier complete run over the same list" in facts.baseline.note


@pytest.mark.usefixtures("simulator")
def test_what_no_try_will_change_is_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    """No message tells the user to resume for a row without an id, or to open a file that does not exist."""
    with Path("ids.txt").open("a", encoding="utf-8") as file:
        file.write("no-guid\n")
    assert main(["run", "ids.txt", "--rate", "0", "--format", "xlsx"]) == 3
    said = capsys.readouterr().err
    assert "1 row is undetermined; the limit is 0 (--max-undetermined)." in said
    (run,) = (path.parent for path in Path("reports").glob("*/journal.jsonl"))
    assert (
        "1 will not change: look at the reports and correct the ids in the list, "
        f"or allow them: auditor resume {run} --max-undetermined 1\n"
    ) in said
    assert "next: see" not in said
    assert "further try" not in said


@pytest.mark.usefixtures("simulator")
def test_whoever_was_never_asked_is_still_to_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """`resume` asks for no customer that was not asked for."""
    assert main(["run", "ids.txt", "--rate", "0", "--limit", "2"]) == 3
    assert "3 customers have no final answer yet" in capsys.readouterr().err
