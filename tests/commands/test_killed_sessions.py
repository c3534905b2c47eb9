"""The limit holds over a kill: what a session that was killed has sent counts for the next one."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.journal.lines import encode
from auditor.journal.recent import Since, recent_requests
from auditor.simulator import AnswerOptions, Simulator
from program_support import Program
from serving_support import serving

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 101)]
LIMIT = 60
RUN = ["run", "list.txt", "--rate", str(LIMIT), "--burst", "--customer-list", "never", "--concurrency", "4", "--quiet"]
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


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


def _written(run: Path, *documents: dict[str, object]) -> Path:
    run.mkdir(exist_ok=True)
    (run / journal.JOURNAL).write_bytes(b"".join(map(encode, documents)))
    os.utime(run / journal.JOURNAL, (NOW.timestamp(), NOW.timestamp()))
    return run


def _answer(ago: float, attempts: int = 1) -> dict[str, object]:
    return {"kind": "answer", "row": 0, "attempts": attempts, "checked_at": NOW - timedelta(seconds=ago)}


SESSION = {"kind": "session", "started_at": NOW - timedelta(seconds=90)}
END = {"kind": "end", "finished_at": NOW - timedelta(seconds=20)}


def test_attempts_count_and_what_is_older_than_the_window_does_not(tmp_path: Path) -> None:
    """For each worker as many requests are in flight as any customer lately took."""
    run = _written(tmp_path / "run", SESSION, _answer(70), _answer(59, 3), _answer(30), _answer(30))
    assert recent_requests(run, Since(NOW, 60.0), 4) == [(59.0, 3), (30.0, 2), (0.0, 12)]


def test_a_clock_that_was_put_back_makes_answers_count_as_new(tmp_path: Path) -> None:
    """An answer from the future cannot be older than the window."""
    run = _written(tmp_path / "run", SESSION, _answer(-3600), _answer(10))
    assert recent_requests(run, Since(NOW, 60.0), 1) == [(10.0, 1), (0.0, 2)]


def test_a_session_that_told_the_next_one_is_not_counted_twice(tmp_path: Path) -> None:
    """Only where the rate store was written after its end; a later session that was killed counts by itself."""
    run = _written(tmp_path / "run", SESSION, _answer(40), END, SESSION, _answer(5))
    told = Since(NOW, 60.0, NOW - timedelta(seconds=19))
    assert recent_requests(run, told, 1) == [(5.0, 1), (0.0, 1)]
    untold = Since(NOW, 60.0, NOW - timedelta(seconds=21))
    assert recent_requests(run, untold, 1) == [(40.0, 1), (5.0, 1), (0.0, 2)]
    ended = _written(tmp_path / "ended", SESSION, _answer(40), END)
    assert recent_requests(ended, told, 1) == []


def test_damage_and_a_missing_journal_are_nothing(tmp_path: Path) -> None:
    """Nothing here ever ends a run."""
    assert recent_requests(tmp_path / "none", Since(NOW, 60.0), 1) == []
    run = _written(tmp_path / "run", SESSION, _answer(5))
    (run / journal.JOURNAL).write_bytes((run / journal.JOURNAL).read_bytes()[:-9])
    os.utime(run / journal.JOURNAL, (NOW.timestamp(), NOW.timestamp()))
    assert recent_requests(run, Since(NOW, 60.0), 1) == [(0.0, 1)]
