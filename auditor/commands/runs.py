"""`auditor runs` and `auditor runs prune`: list the stored runs, and remove old ones. history/ keeps their results.

Listing reads the start of each journal, manifest.json and summary.json, so that a thousand runs are listed in less than a second.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from auditor import journal
from auditor.core.results import PruneCandidate, runs_to_keep
from auditor.errors import IncompleteError, LockHeldError, OutputError, SettingsError
from auditor.runs.baseline import choice_of
from auditor.runs.find import (
    LATEST_SIMULATED,
    identity,
    is_from_the_future,
    latest_run_id,
    order_time,
    run_folders,
    summary_of,
)
from auditor.runs.lock import one_writer_at_a_time, remove_stale_locks
from auditor.runs.notes import has_unread_notes

_REMOVED_PREFIX, _REMOVED_MARK = ".pruned-", ".pruned"
"""Of a folder that is being removed: its prefix, and the file in it that proves it."""


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A stored run in a list of runs. Only the start of its journal and its summary were read.

    Attributes:
        path: its folder.
        started_at: when it began; aware, UTC.
        order_time: the time by which runs are ordered: `started_at`, unless the clock was behind.
        api: base URL of the API that was asked.
        lists: names of its customer lists.
        list_key: equal for two runs over the same list, of the same API and partner (`RunIdentity.comparison_key`).
        simulated: True where the answers are simulated.
        resumable: True where `resume` can continue it: not a demo, whose simulator is gone.
        complete: True where its own reports say so; False where it has none.
        rendered: True where it has reports that belong to its rows and its journal.
        from_the_future: True where it began in the future, by a wrong clock.
        customers: number of distinct customer ids in its lists.
        counts: number of customers by verdict; empty where it has no reports.
        baseline: run-id of its baseline run; empty where there is none.
        bytes: size of its files together; of a run with reports, of the manifest and of those that it lists.
        selection: the options that select rows; empty where the whole list was asked for.
    """

    path: Path
    started_at: datetime
    order_time: datetime
    api: str
    lists: tuple[str, ...]
    list_key: tuple[object, ...]
    simulated: bool
    resumable: bool
    complete: bool
    rendered: bool
    from_the_future: bool
    customers: int
    counts: dict[str, int]
    baseline: str
    bytes: int
    selection: str = ""

    @property
    def run_id(self) -> str:
        """The run-id."""
        return self.path.name


def list_runs(reports: Path) -> Iterator[ListedRun]:
    """Yield the runs, newest first; a folder whose journal has no readable header is left out.

    Raises:
        SettingsError: there is no such folder.
    """
    if not reports.is_dir():
        raise SettingsError(f"{reports}: there is no such folder", "name the folder of the runs (--reports)")
    for run in run_folders(reports):
        with suppress(IncompleteError, OSError):
            yield _describe_run(run)


def _describe_run(run: Path) -> ListedRun:
    header, summary, asked = journal.read_header(run), summary_of(run), identity(run)
    counts = summary.ledger.customers if summary else {}
    return ListedRun(
        path=run,
        started_at=header.started_at,
        order_time=order_time(run),
        api=header.api,
        lists=header.lists,
        list_key=asked.comparison_key,
        simulated=asked.simulated,
        resumable=not header.simulated,
        complete=summary is not None and summary.complete,
        rendered=summary is not None,
        from_the_future=is_from_the_future(run),
        customers=header.customers,
        counts={name: count for name, count in counts.items() if name != "listed"},
        baseline=(choice_of(header.settings, simulated=asked.simulated) or {}).get("run_id", ""),
        bytes=summary.bytes if summary else sum(path.stat().st_size for path in run.rglob("*") if path.is_file()),
        selection=header.selection or "",
    )


def prune(
    reports: Path, *, daily: int, monthly: int, dry_run: bool
) -> tuple[list[ListedRun], list[tuple[ListedRun, str]]]:
    """Remove the folders of the runs that need not stay (`core.results.retention`), except those in use.

    Returns:
        (runs that were removed, or would be; (run, reason) of those that stay), newest first.

    Raises:
        SettingsError: there is no such folder.
        OutputError: a folder cannot be removed.
    """
    runs = list(list_runs(reports))
    reasons = runs_to_keep(map(_candidate, runs), daily=daily, monthly=monthly, latest=latest_run_id(reports))
    reasons.setdefault(latest_run_id(reports, LATEST_SIMULATED), f"{LATEST_SIMULATED} points to it")
    removed: list[ListedRun] = []
    for run in runs:
        if run.run_id in reasons:
            continue
        try:
            # a dry run takes the lock as well, so that it shows what would happen
            with one_writer_at_a_time(run.path):
                if has_unread_notes(run.path):
                    reasons[run.run_id] = "somebody typed into its workbooks, and no later run has read it"
                    continue
                if not dry_run:
                    _remove(run.path)
        except LockHeldError:
            reasons[run.run_id] = "in use"
            continue
        removed.append(run)
    if not dry_run:
        _remove_leftovers(reports)
    return removed, [(run, reasons[run.run_id]) for run in runs if run.run_id in reasons]


def _candidate(run: ListedRun) -> PruneCandidate:
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
    """Remove a run folder. Renamed and without its journal it is no run, even where this is interrupted."""
    renamed = run.with_name(f"{_REMOVED_PREFIX}{run.name}")
    try:
        # after an interruption, this file proves that the folder may be removed
        (run / _REMOVED_MARK).touch()
        run.rename(renamed)
        (renamed / journal.JOURNAL).unlink()
        _remove_folder(renamed)
    except OSError as error:
        raise OutputError(f"{run}: cannot be removed: {error.strerror}", "fix the cause, then prune again") from error


def _remove_folder(renamed: Path) -> None:
    """Remove a folder; the mark is the last file in it."""
    for path in renamed.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _REMOVED_MARK:
            path.unlink()
    (renamed / _REMOVED_MARK).unlink()
    renamed.rmdir()


def _remove_leftovers(reports: Path) -> None:
    """Remove folders that an interrupted pruning left, and the files of locks that no process holds."""
    for left in reports.glob(f"{_REMOVED_PREFIX}*"):
        if not left.is_symlink() and (left / _REMOVED_MARK).is_file():
            with suppress(OSError):
                _remove_folder(left)
    remove_stale_locks(reports)
