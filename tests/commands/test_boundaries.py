"""Nothing is lost: the program dies, or is refused, at every step that settles something on the disk."""

import csv
import errno
import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import journal, report
from auditor.errors import IncompleteError
from auditor.runs.baseline import source_of
from auditor.runs.find import find_run
from auditor.runs.unfinished import newest_incomplete
from auditor.simulator import AnswerOptions, Simulator
from program_support import run_program
from serving_support import serving

pytestmark = pytest.mark.skipif(os.name != "posix", reason="forks")

WORKERS = 3
IDS = [f"{n:08x}-1111-4222-8333-444444444444" for n in range(1, 25)]
KINDS = {"allowed": 5, "under_review": 2, "no_account_status": 2, "no_relationship": 1, "error_once:not_allowed": 1}
TIMING = {"checked_at", "request_id", "correlation_id", "days_in_status", "attempts"}
OPTIONS = [
    *("--rate", "0", "--concurrency", str(WORKERS), "--quiet", "--json"),
    *("--customer-list", "never", "--max-undetermined", "99", "--format", "csv"),
]
EVERY = pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.system)])
"""The quick suite dies at each fourth step, the system tests at each step."""


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulator]:
    """A simulator, a list for it, and a journal that is forced to the disk every few lines."""
    monkeypatch.setenv("AUDITOR_SYNC_LINES", "5")
    yield from serving(monkeypatch, tmp_path, [*IDS, IDS[3], "no id"], AnswerOptions(weights=KINDS))


DYING = """
import os, signal

counted = os.open("steps", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
steps = 0

def counting(real):
    def step(*args, **kwargs):
        global steps
        steps += 1
        os.write(counted, b".")
        if steps == {at} and {errno}:
            raise OSError({errno}, os.strerror({errno}))
        if steps == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return step

for name in ("fsync", "fdatasync", "replace", "symlink", "unlink", "mkdir"):
    setattr(os, name, counting(getattr(os, name)))
"""
"""Counts the steps of a process in a file: the calls that force something to the disk or change a folder, between which nothing
of the files is settled. The process dies at one of them, or that one fails.
"""


def call(*argv: str, at: int = 0, errno: int = 0) -> tuple[int, int]:
    """Runs the program, which dies before the step `at` or is refused it: (exit code, steps)."""
    code = run_program(*argv, before=DYING.format(at=at, errno=errno)).returncode
    return code, Path("steps").stat().st_size


def _folder(reports: str) -> Path | None:
    """The run folder whose journal says what it is about."""
    for path in sorted(Path(reports).glob(f"*/{journal.JOURNAL}"), reverse=True):
        if not path.parent.is_symlink():
            try:
                journal.read_header(path.parent)
            except IncompleteError:
                continue
            return path.parent
    return None


def _results(reports: str) -> list[dict[str, str]]:
    """Without what depends on the time."""
    with (find_run("latest", reports) / "results.csv").open(encoding="utf-8", newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMING} for row in csv.DictReader(file)]


def _final(reports: str) -> set[str]:
    folder = _folder(reports)
    done = journal.finally_answered(folder, len(IDS) + 2) if folder else ()
    return {one for row, one in enumerate(IDS) if row in done}


@EVERY
def test_killed_before_every_step(simulator: Simulator, every: int) -> None:
    """Kill -9 before each sync, rename and the like, until a run comes through: then `resume` gives the reports of an
    uninterrupted run, asks nobody again whose answer was final, and of the others only who was in flight.
    """
    code, steps = call("run", "list.txt", *OPTIONS, "--reports", "whole")
    assert code == 0
    assert steps > 30
    whole = _results("whole")
    for at in range(1, steps + 1, every):
        reports, before = f"killed-{at}", len(simulator.log.api)
        code, _ = call("run", "list.txt", *OPTIONS, "--reports", reports, at=at)
        assert code == -signal.SIGKILL
        asked, final = Counter(r.customer_id for r in simulator.log.api[before:]), _final(reports)
        assert len({*asked} - final) <= WORKERS
        again = len(simulator.log.api)
        command = ["resume", "--json"] if _folder(reports) else ["run", "list.txt", *OPTIONS]
        assert call(*command, "--reports", reports)[0] == 0
        assert not {r.customer_id for r in simulator.log.api[again:]} & final
        assert _results(reports) == whole
        assert report.verify_run(source_of(find_run("latest", reports))).complete
        assert newest_incomplete(Path(reports)) is None


@EVERY
def test_refused_at_every_step(simulator: Simulator, every: int) -> None:
    """A full disk at any step ends in a sentence and a code that says what to do; doing it finishes the run, and asks
    nobody again whose answer was final.
    """
    whole = None
    for at in range(1, 200, every):
        reports = f"full-{at}"
        code, steps = call("run", "list.txt", *OPTIONS, "--reports", reports, at=at, errno=errno.ENOSPC)
        if steps < at:
            break
        final, folder, asked = _final(reports), _folder(reports), len(simulator.log.api)
        assert code in {0, 2, 6, 7}
        if code == 7:
            assert folder is not None
            assert call("report", str(folder), "--json")[0] == 0
            assert len(simulator.log.api) == asked
        elif code:
            command = ["resume", "--json"] if folder else ["run", "list.txt", *OPTIONS]
            assert call(*command, "--reports", reports)[0] == 0
        assert not {r.customer_id for r in simulator.log.api[asked:]} & final
        whole = whole or _results(reports)
        assert _results(reports) == whole
        assert report.verify_run(source_of(find_run("latest", reports))).complete
    assert at > 30
