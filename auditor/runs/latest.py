"""Choose one of the stored runs: the one that `latest` points to, and the one that `resume` takes without RUN.

A link to `latest` in a mail keeps its subject and its files, unless the user moves `latest` to another run.

`latest` moves by itself to a newer complete run of the same lists, API and partner that has at least the same formats, or
where it points to no stored run. It never moves to a run of a selection of the list. `auditor runs latest RUN` moves it to any complete run. Simulated runs have a
`latest-simulated` of their own, under the same rule; the demo's have none. `latest` is moved last: a run whose `latest` was
not moved yet can be resumed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor import journal
from auditor.core.run_facts import RunFacts
from auditor.core.text import shell_quote
from auditor.errors import IncompleteError, SettingsError
from auditor.runs.find import (
    LATEST,
    LATEST_SIMULATED,
    find_run,
    identity,
    is_complete,
    is_from_the_future,
    is_stored,
    latest_run_id,
    order_time,
    run_folders,
)

_MAIN_FILES = ("results.parquet", "results.csv", "audit.xlsx", "report.html")
"""The main file of each format."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Whether `latest`, or `latest-simulated`, moves to a complete run.

    Attributes:
        name: which of the two.
        run_id: the run that it points to now; empty where it points to no stored run.
        moves: whether it moves to the complete run.
        reason: why it does not move to a newer run; empty where it moves, and where the run is older.
    """

    name: str
    run_id: str
    moves: bool
    reason: str = ""


def decide_latest(run: Path) -> Pointer:
    """Decide whether `latest` moves to a complete stored run.

    Raises:
        IncompleteError, OSError: its journal cannot be read.
    """
    name = LATEST_SIMULATED if journal.is_simulated(run) else LATEST
    run_id = latest_run_id(run.parent, name)
    if selection := journal.read_header(run).selection:
        return Pointer(name, run_id, moves=False, reason=f"this run asked for a selection only ({selection})")
    if is_from_the_future(run):
        return Pointer(name, run_id, moves=False, reason="this run says that it began in the future")
    if run_id in ("", run.name):
        return Pointer(name, run_id, moves=True)
    current = run.parent / run_id
    if not is_from_the_future(current) and order_time(run) < order_time(current):
        return Pointer(name, run_id, moves=False)
    reason = _subject_change(current, run) or _missing_files(current, run)
    return Pointer(name, run_id, moves=not reason, reason=reason)


def _subject_change(current: Path, run: Path) -> str:
    """Why two runs have different subjects; empty where they have the same."""
    old, new = identity(current), identity(run)
    if old.list_paths != new.list_paths:
        return f"that run is of {', '.join(old.lists)}, and this one of {', '.join(new.lists)}"
    if old.comparison_key == new.comparison_key:
        return ""
    if old.api != new.api:
        return f"that run asked {old.api}, and this one {new.api}"
    tenants = (one.tenant or "a partner tenant that is not known" for one in (old, new))
    return "that run was of {}, and this one of {}".format(*tenants)


def _missing_files(current: Path, run: Path) -> str:
    """Which files of the current run the new one lacks; empty where it has all."""
    lost = [name for name in _MAIN_FILES if (current / name).is_file() and not (run / name).is_file()]
    return f"that run has {' and '.join(lost)}, and this one has not" if lost else ""


def move_latest(run: str, reports: str) -> tuple[str, str]:
    """Point `latest` to a run, as the user asks; a simulated run gets `latest-simulated`.

    Args:
        run: a folder or a run-id.
        reports: where run folders are.

    Returns:
        (path of the pointer, run-id)

    Raises:
        SettingsError: there is no such run, or `latest` must not point to it.
        OutputError: it cannot be written.
    """
    from auditor import report

    folder = find_run(run, reports).resolve()
    if not is_stored(folder):
        raise SettingsError(f"{folder} is a copy under another name", "name a run that this lists: auditor runs")
    if not is_complete(folder):
        raise SettingsError(f"{folder} is not complete", f"finish it first: auditor resume {shell_quote(folder)}")
    if journal.read_header(folder).simulated:
        raise SettingsError(f"{folder} is a demo's", "name a run that this lists without `simulated`: auditor runs")
    if selection := journal.read_header(folder).selection:
        raise SettingsError(
            f"{folder} asked for a selection only ({selection})", "name a run of the whole list: auditor runs"
        )
    name = LATEST_SIMULATED if journal.is_simulated(folder) else LATEST
    report.point_latest(folder.parent, folder.name, name)
    return str(folder.parent / name), folder.name


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that `resume` can finish.

    Attributes:
        run: the folder.
        header: of its journal.
        newer: a newer complete run over the same list; None where there is none.
    """

    run: Path
    header: journal.Header
    newer: Path | None


def find_to_resume(reports: Path, api: str) -> Unfinished | None:
    """Find the run that `resume` takes without RUN: the newest one without a newer complete run of its list, else the newest.

    Args:
        reports: the folder of the runs.
        api: the API's URL in the settings; simulated runs against another URL are left out, for that simulator is gone.
    """
    found = [one for one in _find_unfinished(reports) if one.header.api == api or not journal.is_simulated(one.run)]
    return next((one for one in found if one.newer is None), found[0] if found else None)


def find_same_list(reports: Path, facts: RunFacts) -> Path | None:
    """Find the newest run of the same list against the same API with customers left to ask; None where there is none.

    Args:
        reports: the folder of the runs.
        facts: of the new run, which is itself left out.
    """
    wanted = (facts.list_digest, facts.api, facts.validation_type)
    for one in _find_unfinished(reports):
        is_same = (one.header.list_digest, one.header.api, one.header.type) == wanted
        if is_same and one.newer is None and one.run.name != facts.run_id and _has_pending(one.run):
            return one.run
    return None


def _has_pending(run: Path) -> bool:
    """True where `resume` would send a request."""
    try:
        facts = journal.read_facts(run)
        return not facts.finished or len(journal.finally_answered(run, facts.rows)) < facts.customers
    except (IncompleteError, OSError):
        return False


def _find_unfinished(reports: Path) -> Iterator[Unfinished]:
    """Yield the runs that can be resumed, newest first; only the start of each journal is read."""
    complete: dict[tuple[object, ...], Path] = {}
    for run in run_folders(reports):
        try:
            header, same = journal.read_header(run), identity(run).comparison_key
            is_complete_run = is_complete(run)
            finished = is_complete_run and not _has_latest_to_move(run)
        except (IncompleteError, OSError):
            # this version cannot resume it
            continue
        if not finished and not header.simulated:
            yield Unfinished(run, header, complete.get(same))
        if is_complete_run and not is_from_the_future(run):
            complete.setdefault(same, run)


def is_finished(run: Path) -> bool:
    """True where a run is complete, and moved `latest` where it should.

    Raises:
        IncompleteError, OSError: its journal cannot be read.
    """
    return is_complete(run) and not _has_latest_to_move(run)


def _has_latest_to_move(run: Path) -> bool:
    """True where a complete run was interrupted before it moved `latest`.

    A `latest` that was set after the run was complete stays: `auditor runs latest` or a later run set it.
    """
    pointer = decide_latest(run)
    if not pointer.moves or pointer.run_id == run.name:
        return False
    latest = run.parent / pointer.name
    completed = (run / "manifest.json").stat().st_mtime_ns
    return not (pointer.run_id and latest.lstat().st_mtime_ns >= completed)
