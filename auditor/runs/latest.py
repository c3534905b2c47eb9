"""Decide whether `latest` moves to a complete run. A link in a mail never changes its subject, or loses a file, unless a person says so.

`latest` moves by itself to a newer complete run of the same lists, API and partner that has at least the same formats, or
where it points to no stored run. `auditor runs latest RUN` moves it to any complete run. Simulated runs have a
`latest-simulated` of their own, under the same rule; the demo's have none.
"""

from dataclasses import dataclass
from pathlib import Path

from auditor import journal
from auditor.core.text import shell_quote
from auditor.errors import SettingsError
from auditor.runs.baseline import identity
from auditor.runs.find import (
    LATEST,
    LATEST_SIMULATED,
    find_run,
    is_complete,
    is_from_the_future,
    is_stored,
    latest_run_id,
    order_time,
)

_MAIN_FILES = {"parquet": "results.parquet", "csv": "results.csv", "xlsx": "audit.xlsx", "html": "report.html"}
"""Format -> the file that a run with this format has."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Whether `latest`, or `latest-simulated`, moves to a complete run.

    Attributes:
        name: which of the two.
        run_id: the run that it leads to now; empty where it points to no stored run.
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
    lost = [name for name in _MAIN_FILES.values() if (current / name).is_file() and not (run / name).is_file()]
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
    name = LATEST_SIMULATED if journal.is_simulated(folder) else LATEST
    report.point_latest(folder.parent, folder.name, name)
    return str(folder.parent / name), folder.name
