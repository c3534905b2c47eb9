"""Audit one partner: a child process `auditor run`, started again where that can help. Runs in a thread of a worker.

The worker only supervises; lock, pacing, sign-in and journal are the child's. So it does not matter which worker supervises, or how
often it dies: the next child finishes the run from its journal.
"""

import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from auditor.core.results import FAILED, INCOMPLETE
from auditor.errors import LockHeldError, StoppedEarlyError
from auditor.fleet.results import INTERRUPTED, TERMINATED, PartnerResult
from auditor.fleet.rounds import PartnerFolder, can_resume, describe_complete_run, describe_run

LOG = "auditor.log"
"""A partner's log, in its folder."""
_KILLED_MOST, _RESUMED_MOST = 3, 2
"""How often a child is started again that was killed, or that ended early."""
_LOCK_WAITS, _LOCK_SECONDS = 120, 5.0
"""How often, and after how many seconds, a child is started again where another run holds the partner's lock."""
_OUTAGE_SECONDS = 60.0
"""Pause before a run is resumed that an outage ended."""

_USER = str(os.getuid()) if hasattr(os, "getuid") else "all"
"""For the name of a folder that is this user's; in a container, the user may have no name."""

Counts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PartnerTask:
    """What a worker needs to audit a partner. Names and paths only: secrets are in files that the child reads.

    Attributes:
        name: of the partner.
        round_id: of the round.
        started_at: when the round started.
        folder: the working folder, from which relative paths in the file of partners start.
        config: absolute path of the file of partners.
        reports: absolute path of the fleet's reports folder.
        lists: absolute paths of the partner's customer lists; empty for its own list.
        within: seconds; an unfinished run from before the round is finished where it is younger.
        renderings: how many children of one machine may render their reports at the same time.
        version: of auditor, which the worker must have as well.
    """

    name: str
    round_id: str
    started_at: datetime
    folder: str
    config: str
    reports: str
    lists: tuple[str, ...]
    within: float
    renderings: int
    version: str

    @property
    def partner_folder(self) -> PartnerFolder:
        """Where the partner's runs are."""
        return PartnerFolder(Path(self.reports, self.name), tuple(map(Path, self.lists)))

    def command(self) -> list[str]:
        """The command line of the child."""
        reports = Path(self.reports, self.name)
        # a run of this round is finished in any case, however long it takes
        within = max(self.within, (datetime.now(UTC) - self.started_at).total_seconds())
        fleet = hashlib.sha256(self.reports.encode()).hexdigest()[:12]
        # on a disk of the worker's machine: its memory is what the slots share
        slots = Path(tempfile.gettempdir()) / f"auditor-renderings-{_USER}-{fleet}"
        options = {
            "--config": self.config,
            "--profile": self.name,
            "--reports": reports,
            "--log-file": reports / LOG,
            "--continue-within": f"{math.ceil(within)}s",
            "--rendering-slots": f"{slots}:{self.renderings}",
        }
        given = [str(each) for option in options.items() for each in option]
        # -P: Python does not import from the working folder, which may hold a rich.py of the user's own
        return [sys.executable, "-P", "-m", "auditor", "run", "--continue", "--supervised", "-q", *given]


@dataclass(slots=True)
class _RoundState:
    """What this worker process does in one round.

    Attributes:
        stopped: set when the round is to end.
        inputs: standard inputs of the children; a child stops when its own is closed.
    """

    stopped: threading.Event = field(default_factory=threading.Event)
    inputs: set[IO[str]] = field(default_factory=set)


_rounds: defaultdict[str, _RoundState] = defaultdict(_RoundState)
_lock = threading.Lock()


def stop_round(round_id: str) -> None:
    """Stop the children of a round in this process: nothing more is asked, what is in flight may finish. Starts no further one."""
    with _lock:
        state = _rounds[round_id]
        state.stopped.set()
        for stream in state.inputs:
            _close(stream)


def _close(stream: IO[str]) -> None:
    with suppress(OSError):
        stream.close()


def audit_partner(task: PartnerTask, tell: Callable[[Counts], None], is_wanted: Callable[[], bool]) -> PartnerResult:
    """Audit a partner; return at once where it has a complete run in this round.

    Args:
        task: what to do.
        tell: receives the child's counts, about every second.
        is_wanted: False once nobody waits for the result any more; the child then stops.
    """
    folder = task.partner_folder
    tries: dict[str, int] = defaultdict(int)
    with _lock:
        state = _rounds[task.round_id]
    while True:
        if complete := folder.complete_run(task.started_at):
            return describe_complete_run(task.name, complete)
        if state.stopped.is_set() or not is_wanted():
            return describe_run(task.name, folder.run_of(task.started_at), TERMINATED, "stopped before it had ended")
        code, reason = _run_child(task, state, tell, is_wanted)
        run = folder.run_of(task.started_at)
        kind, most, pause = _retry_rule(code, run, is_stopped=state.stopped.is_set())
        tries[kind] += 1
        if tries[kind] > most:
            if code < 0:
                code, reason = (
                    StoppedEarlyError.exit_code,
                    f"its process was killed by signal {-code}, {tries[kind]} times",
                )
            return describe_run(task.name, run, code, reason)
        tell({"state": reason or kind})
        state.stopped.wait(pause)


def _retry_rule(code: int, run: Path | None, *, is_stopped: bool) -> tuple[str, int, float]:
    """Whether the child is started again: (why, how often at most, seconds before)."""
    if is_stopped:
        return "stopped", 0, 0.0
    if code == LockHeldError.exit_code:
        return "waiting for another run of this partner", _LOCK_WAITS, _LOCK_SECONDS
    if code < 0 or code in (INTERRUPTED, TERMINATED):
        return "killed", _KILLED_MOST, 1.0
    if code in (INCOMPLETE, StoppedEarlyError.exit_code) and run is not None and can_resume(run):
        return "ended early", _RESUMED_MOST, _OUTAGE_SECONDS if code == StoppedEarlyError.exit_code else 0.0
    return "ended", 0, 0.0


def _run_child(
    task: PartnerTask, state: _RoundState, tell: Callable[[Counts], None], is_wanted: Callable[[], bool]
) -> tuple[int, str]:
    """Run the child to its end: (its exit code, why it ended so)."""
    try:
        Path(task.reports, task.name).mkdir(parents=True, exist_ok=True)
        child = subprocess.Popen(  # noqa: S603 - our own program
            task.command(),
            cwd=task.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return FAILED, f"its process cannot be started: {error}"
    with child, _stopped_with(state, child.stdin):
        reason = ""
        for line in child.stderr or ():
            if line.startswith("{"):
                tell(_read_counts(line))
            elif line.startswith("auditor: "):
                reason = line.removeprefix("auditor: ").strip()
            if not is_wanted() and child.stdin:
                _close(child.stdin)
    return child.returncode, reason


@contextmanager
def _stopped_with(state: _RoundState, stream: IO[str] | None) -> Iterator[None]:
    """Close a child's standard input when its round is stopped."""
    if stream is None:
        raise ValueError("a child needs a standard input")
    with _lock:
        state.inputs.add(stream)
        if state.stopped.is_set():
            _close(stream)
    try:
        yield
    finally:
        with _lock:
            state.inputs.discard(stream)


def _read_counts(line: str) -> Counts:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {**found, "state": "asking" if found.get("asked") != found.get("to_ask") else "writing the reports"}
