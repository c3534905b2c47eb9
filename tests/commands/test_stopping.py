"""Real processes that are stopped, killed and kept out: under load, at once, and two at a time."""

import csv
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal
from auditor.cli import main
from auditor.simulator import AnswerOptions, Simulator
from program_support import Program, run_program
from serving_support import serving

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")

IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 1001)]
RUN = ["run", "list.txt", "--rate", "0", "--customer-list", "never", "--format", "csv"]


def _serving(monkeypatch: pytest.MonkeyPatch, folder: Path, seconds: float) -> Iterator[Simulator]:
    yield from serving(
        monkeypatch, folder, IDS, AnswerOptions(weights={"allowed": 3, "under_review": 1}, latency_seconds=seconds)
    )


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator whose answers take a moment."""
    yield from _serving(monkeypatch, tmp_path, 0.02)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """One whose answers take longer than any test waits."""
    yield from _serving(monkeypatch, tmp_path, 60.0)


def _folder() -> Path:
    return next(path for path in Path("reports").glob("2*") if path.is_dir() and not path.is_symlink())


def test_sigterm_under_load(simulator: Simulator) -> None:
    """With fifty requests in flight: every answer that the server gave is in the journal and in the reports, no other
    is, and `resume` asks for exactly the rest.
    """
    with Program(*RUN, "--concurrency", "50") as process:
        simulator.log.wait_for(400)
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=60)
    assert process.returncode == 143, talk
    assert "auditor resume" in talk
    assert "warning: SIGTERM: nothing more is asked, what is in flight has 30 seconds to arrive" in talk
    assert "another SIGTERM stops at once" in talk
    answered = {record.customer_id for record in simulator.log.api if record.status == 200}
    assert simulator.log.peak_in_flight > 40
    assert 400 <= len(answered) < len(IDS)
    with (_folder() / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["customer_id"] for row in rows if row["reason"] != "not_attempted"} == answered
    assert len(rows) == len(IDS)
    assert main(["resume", "--quiet", "--concurrency", "50"]) == 0
    assert set(simulator.log.attempts().values()) == {1}
    assert len(simulator.log.api) == len(IDS)


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((signal.SIGINT, signal.SIGINT), 130),
        ((signal.SIGTERM, signal.SIGTERM), 143),
        ((signal.SIGINT, signal.SIGTERM), 143),
    ],
)
def test_a_second_signal_stops_at_once(slow: Simulator, numbers: tuple[signal.Signals, ...], code: int) -> None:
    """Requests in flight are not awaited; a message says how to continue, and the journal that it was stopped."""
    with Program(*RUN, "--concurrency", "4") as process:
        process.wait_until(lambda: slow.log.in_flight == 4)
        for number in numbers:
            _send(process, number)
        _, talk = process.communicate(timeout=30)
    assert process.returncode == code, talk
    assert "stopped at once; every received answer is in the journal" in talk
    assert f"next: auditor resume {_folder()}\n" in talk
    assert "Traceback" not in talk
    facts = journal.read_facts(_folder())
    assert (facts.finished, facts.message) == (False, "stopped at once")
    assert not (_folder() / "manifest.json").exists()


def test_sigterm_during_status(slow: Simulator) -> None:
    """What is in flight has a moment; then the ids without an answer say so, and the exit code is the signal's."""
    with Program("status", *IDS[:3], AUDITOR_GRACE="0.2") as process:
        process.wait_until(lambda: slow.log.in_flight == 3)
        process.send_signal(signal.SIGTERM)
        out, talk = process.communicate(timeout=30)
    assert process.returncode == 143, talk
    assert out.count("not_attempted") == 3
    assert "SIGTERM: nothing more is asked" in talk
    assert "stopped early: stopped by SIGTERM" in talk


def _send(process: Program, number: signal.Signals) -> None:
    """Sends a signal, and waits until the process has taken it: two that wait may be one, or come the other way round."""
    process.send_signal(number)
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():  # a system without /proc: one signal after the other is all that can be done
        return
    while process.poll() is None and int(_field(status, "ShdPnd"), 16) & (1 << (number - 1)):
        os.sched_yield()


def _field(status: Path, name: str) -> str:
    try:
        words = status.read_text(encoding="ascii").split()
    except OSError:
        return "0"
    return words[words.index(f"{name}:") + 1]


def test_sigterm_while_the_list_is_read(simulator: Simulator) -> None:
    """Nothing was asked, so nothing is left behind; exit 143 with a sentence."""
    with Program("run", "-", *RUN[2:]) as process:
        process.stdin.write("\n".join(IDS * 20) + "\n")
        process.stdin.flush()
        process.wait_until(lambda: list(Path().glob("reports/*/rows.jsonl")))
        process.send_signal(signal.SIGTERM)
        _, talk = process.communicate(timeout=30)
    assert process.returncode == 143, talk
    assert "stopped at once" in talk
    assert not list(Path().glob("reports/*/*.jsonl"))
    assert simulator.log.api == ()


def test_two_processes_and_a_dead_one(slow: Simulator) -> None:
    """While one run asks, another for the partner is refused with exit 11 and told who it is; so are `resume` and
    `report`, which would work on the same folder. A process that was killed holds nothing.
    """
    with Program(*RUN) as process:
        process.wait_until(lambda: slow.log.in_flight)
        for command in (RUN, ["resume", _folder().name], ["report", _folder().name]):
            refused = run_program(*command)
            assert refused.returncode == 11, refused.stderr
            assert f"process {process.pid} on " in refused.stderr
            assert "next: wait until it has ended" in refused.stderr
        process.kill()
        process.wait()
    assert main(["report", _folder().name, "--quiet", "--format", "csv"]) == 3
    summary = json.loads((_folder() / "summary.json").read_text(encoding="utf-8"))
    assert summary["message"] == "the run ended without a word"
