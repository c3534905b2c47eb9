"""The limit holds over a kill: what a session that was killed has sent counts for the next one."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from program_support import Program
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 101)]
LIMIT = 60
RUN = [
    "run",
    "list.txt",
    "--rate",
    str(LIMIT),
    "--burst",
    "--customer-list",
    "never",
    "--concurrency",
    "4",
    "--quiet",
    "--format",
    "csv",
]


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator that counts, and never throttles."""
    yield from serving(monkeypatch, tmp_path, IDS, AnswerOptions(weights={"allowed": 1}, latency_seconds=0.002))


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("again", [["resume"], RUN])
@pytest.mark.parametrize("kills", [1, 3])
def test_no_window_holds_more_than_the_limit_after_a_kill(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, again: list[str], kills: int
) -> None:
    """Killed with most of the quota spent, resumed or begun anew at once: every window of a minute stays within the limit."""
    arguments = RUN
    for kill in range(1, kills + 1):
        with Program(*arguments) as process:
            simulator.log.wait_for(45 * kill // kills)
            process.send_signal(signal.SIGKILL)
        arguments = again
    monkeypatch.setenv("AUDITOR_DEADLINE", "1s")
    assert main([*again, "--quiet"]) == 6
    assert 45 <= simulator.log.busiest(60.0) <= LIMIT
