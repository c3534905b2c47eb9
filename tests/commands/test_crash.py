"""Nothing is lost: a real run killed again and again gives what an uninterrupted one gives, and pays for nothing twice."""

import csv
import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from program_support import Program
from serving_support import serving

WORKERS = 3
CUSTOMERS_A_KILL = 23
"""At most 20 requests are sent between two kills, and 3 are in flight."""
KINDS = {
    "allowed": 5,
    "under_review": 2,
    "not_allowed": 1,
    "no_account_status": 2,
    "no_relationship": 1,
    "not_ready": 1,
}
TIMING = {"checked_at", "request_id", "correlation_id", "days_in_status", "attempts"}
OPTIONS = [
    "--rate",
    "0",
    "--concurrency",
    str(WORKERS),
    "--quiet",
    "--customer-list",
    "never",
    "--max-undetermined",
    "999",
]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator whose answers take a moment, and a token for it."""
    yield from serving(monkeypatch, tmp_path, [], AnswerOptions(weights=KINDS, latency_seconds=0.005))


def _results(reports: str) -> list[dict[str, str]]:
    with (_folder(reports) / "results.csv").open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMING} for row in csv.DictReader(file)]


def _folder(reports: str) -> Path:
    return next(path for path in Path(reports).iterdir() if (path / journal.JOURNAL).exists() and not path.is_symlink())


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=pytest.mark.system)])
def test_killed_again_and_again(served: Simulator, kills: int) -> None:
    """After each kill -9 no customer with a final answer is asked again; at most what was in flight is; and the end is
    the same as without a kill.
    """
    simulator, generator = served, random.Random(20261122)
    ids = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, kills * CUSTOMERS_A_KILL + 1)]
    Path("list.txt").write_text("\n".join(ids), encoding="ascii")
    assert main(["run", "list.txt", *OPTIONS, "--reports", "whole"]) == 0
    start = len(simulator.log.api)
    command = ["run", "list.txt", *OPTIONS, "--reports", "killed"]
    final: set[str] = set()
    for _ in range(kills):
        before = len(simulator.log.api)
        with Program(*command) as process:
            simulator.log.wait_for(before + generator.randint(1, 20))
            process.send_signal(signal.SIGKILL)
        asked = {record.customer_id for record in simulator.log.api[before:]}
        assert not asked & final
        done = journal.finally_answered(_folder("killed"), len(ids))
        final = {one for row, one in enumerate(ids) if row in done}
        command = ["resume", "--reports", "killed", "--quiet"]
    assert main(["resume", "--reports", "killed", "--quiet"]) == 0
    assert _results("killed") == _results("whole")
    assert len(simulator.log.api) - start - len(ids) <= kills * WORKERS
