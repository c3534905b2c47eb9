"""`auditor runs prune`: removes run folders. Rule: the history stays; a folder that is half removed is no run any more."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from auditor import journal
from auditor.commands.runs import Stored, stored
from auditor.core.results import PruneCandidate, runs_to_keep
from auditor.errors import LockHeldError, OutputError
from auditor.runs.find import LATEST_SIMULATED, latest_run_id
from auditor.runs.lock import one_writer_at_a_time, remove_stale_locks

_GOING, _MARK = ".pruned-", ".pruned"


@dataclass(frozen=True, slots=True)
class Pruned:
    """What became of the runs.

    Attributes:
        removed: those that went, or would go, the newest first.
        kept: those that stay, each with the reason.
    """

    removed: tuple[Stored, ...]
    kept: tuple[tuple[Stored, str], ...]


def prune(reports: Path, *, daily: int, monthly: int, dry_run: bool) -> Pruned:
    """Removes the folders of the runs that need not stay (`core.results.retention`), but for those in use.

    Raises:
        SettingsError: there is no such folder.
        OutputError: a folder cannot be removed.
    """
    runs = list(stored(reports))
    reasons = runs_to_keep(map(_candidate, runs), daily=daily, monthly=monthly, latest=latest_run_id(reports))
    reasons.setdefault(latest_run_id(reports, LATEST_SIMULATED), f"{LATEST_SIMULATED} leads to it")
    removed: list[Stored] = []
    for run in runs:
        if run.run_id in reasons:
            continue
        try:
            # a dry run asks for the lock as well, so that it says what would happen
            with one_writer_at_a_time(run.run):
                if not dry_run:
                    _remove(run.run)
        except LockHeldError:
            reasons[run.run_id] = "in use"
            continue
        removed.append(run)
    if not dry_run:
        _clear(reports)
    return Pruned(tuple(removed), tuple((run, reasons[run.run_id]) for run in runs if run.run_id in reasons))


def _candidate(run: Stored) -> PruneCandidate:
    return PruneCandidate(
        run_id=run.run_id,
        started_at=run.order_time,
        list_key=run.list_key,
        complete=run.complete,
        resumable=run.resumable,
        baseline=run.baseline,
        from_the_future=run.from_the_future,
    )


def _remove(run: Path) -> None:
    going = run.with_name(f"{_GOING}{run.name}")
    try:
        # whoever comes after an interruption knows by it that the folder is ours to remove
        (run / _MARK).touch()
        run.rename(going)
        # without it a folder is no run, whatever else of it is left
        (going / journal.JOURNAL).unlink()
        _empty(going)
    except OSError as error:
        raise OutputError(f"{run}: cannot be removed: {error.strerror}", "fix the cause, then prune again") from error


def _empty(going: Path) -> None:
    """Removes a folder, the mark last of all that is in it."""
    for path in going.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _MARK:
            path.unlink()
    (going / _MARK).unlink()
    going.rmdir()


def _clear(reports: Path) -> None:
    """Removes what an interrupted pruning left, and the locks that nobody holds."""
    for left in reports.glob(f"{_GOING}*"):
        if not left.is_symlink() and (left / _MARK).is_file():
            with suppress(OSError):
                _empty(left)
    remove_stale_locks(reports)
