"""A week is rehearsed against `auditor simulate`: nights that compare with each other, and what goes wrong in one of them."""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from auditor import journal
from auditor.cli import main
from auditor.runs.find import LATEST_SIMULATED, latest_run_id
from program_support import Program

RUN = ["run", "--rate", "0", "--max-undetermined", "12", "--fail-on", "newly-blocked", "--attempts", "2", "--quiet"]
RUN += ["--format", "csv"]
REPORTS = Path("reports")


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@contextmanager
def _night(monkeypatch: pytest.MonkeyPatch, *options: str, port: int = 0) -> Iterator[int]:
    """A simulator in a process of its own, with what it prints in the environment; gives its port."""
    command = ["simulate", "--http", "--rate", "0", "--json", "--quiet", "--port", str(port)]
    with Program(*command, *options) as process:
        facts: dict[str, Any] = json.loads(process.stdout.readline())
        for name, value in facts.items():
            monkeypatch.setenv(name, value)
        try:
            yield int(facts["AUDITOR_API_URL"].rpartition(":")[2])
        finally:
            process.terminate()


def _latest() -> Path:
    return REPORTS / latest_run_id(REPORTS, LATEST_SIMULATED)


def _changes(run: Path) -> list[tuple[str, str]]:
    with (run / "changes.csv").open(encoding="utf-8", newline="") as file:
        return [(row["change"], row["customer_id"]) for row in csv.DictReader(file)]


def test_three_nights(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The first is the baseline; in the second three customers are newly blocked; the third ends early and is resumed.

    No real run is displaced: `latest` and the history do not know of it.
    """
    options = ("--customers", "40", "--seed", "5")
    with _night(monkeypatch, *options) as port:
        assert main(RUN) == 0
    first = _latest()
    with _night(monkeypatch, *options, "--newly-blocked", "3", port=port):
        assert main(RUN) == 10
    second = _latest()
    assert second != first
    changes = _changes(second)
    assert [change for change, _ in changes].count("newly_blocked") == 3
    capsys.readouterr()
    with _night(
        monkeypatch, *options, "--newly-blocked", "4", "--outage-after", "21", "--outage-seconds", "999", port=port
    ):
        # a run waits for the service to come back, up to its deadline
        assert main([*RUN, "--attempts", "1", "--deadline", "2s"]) == 6
    assert "not finished" not in capsys.readouterr().err
    assert _latest() == second
    with _night(monkeypatch, *options, "--newly-blocked", "4", port=port):
        assert main(["resume", "--quiet"]) == 10
    third = _latest()
    assert third not in (first, second)
    baselines = [journal.read_facts(run).baseline for run in (second, third)]
    assert [one.run_id for one in baselines if one] == [first.name, second.name]
    (newly,) = [one for change, one in _changes(third) if change == "newly_blocked"]
    assert ("newly_blocked", newly) not in changes
    assert main(["verify", "latest-simulated", "--quiet"]) == 0
    capsys.readouterr()
    assert main(["report", "latest"]) == 2
    assert f"next: type latest-simulated for the simulated run {third.name}, or name the run" in capsys.readouterr().err
    assert main(["resume", "--quiet"]) == 0
    assert not (REPORTS / "latest").exists()
    assert not (REPORTS / "history").exists()


def test_a_simulated_baseline_may_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `compare` takes two simulated runs, so does `--baseline`: by run-id, and as latest-simulated."""
    options = ("--customers", "20", "--seed", "5")
    names = []
    with _night(monkeypatch, *options) as port:
        for _ in range(2):
            assert main([*RUN]) == 0
            names.append(_latest().name)
    with _night(monkeypatch, *options, "--newly-blocked", "2", port=port):
        for wanted, name in ((names[0], names[0]), ("latest-simulated", None)):
            expected = name or _latest().name
            assert main([*RUN, "--baseline", wanted]) == (10 if name else 0)
            baseline = journal.read_facts(_latest()).baseline
            assert baseline is not None
            assert baseline.run_id == expected
    assert main(["runs", "prune", "--keep-monthly", "1", "--json"]) == 0
    assert _latest().is_dir()


def test_an_ended_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """From a certain request on no token serves: exit 4, and the next night's simulator takes the resumed run."""
    options = ("--customers", "20", "--seed", "5")
    with _night(monkeypatch, *options, "--end-sign-in-after", "8") as port:
        assert main([*RUN]) == 4
    with _night(monkeypatch, *options, port=port):
        assert main(["resume", "--quiet"]) == 0


def test_customers_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """So that one's own list is rehearsed; more newly blocked than there are allowed is refused, and so is no list."""
    rows = [f"{n:08x}-1111-4222-8333-444444444444,Company {n}" for n in range(1, 7)]
    Path("own.csv").write_text("\n".join(["Microsoft ID,Company name", *rows]), encoding="utf-8")
    with _night(monkeypatch, "--customers", "own.csv", "--newly-blocked", "1", "--seed", "2"):
        assert main(["run", "own.csv", *RUN[1:]]) == 0
    counts = json.loads((_latest() / "summary.json").read_bytes())["ledger"]["customers"]
    assert (counts["listed"], counts["blocked"] >= 1) == (6, True)
    for options, words in (
        (["--customers", "own.csv", "--newly-blocked", "99"], "99 customers cannot become blocked"),
        (["--customers", "nowhere.csv"], "nowhere.csv"),
    ):
        capsys.readouterr()
        assert main(["simulate", *options]) == 2
        assert words in capsys.readouterr().err
