"""When `latest` moves. Rule: what a share or a mail names changes its subject, or loses a file, only when a person says so.

`latest` moves by itself to a newer complete run of the same lists, API and partner that has at least the same formats, or
where it leads to no stored run. `auditor runs latest RUN` moves it to any complete run. Simulated runs have a
`latest-simulated` of their own, under the same rule; the demo's have none.
"""

from dataclasses import dataclass
from pathlib import Path

from auditor import journal
from auditor.core.text import typed
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
    """What becomes of `latest`, or of `latest-simulated`, now that a run is complete.

    Attributes:
        name: which of the two.
        run_id: the run that it leads to now; empty where it leads to no stored run.
        moves: whether it is to lead to the complete run.
        reason: why a newer run does not move it, in words; empty where it moves, and where the run is an older one.
    """

    name: str
    run_id: str
    moves: bool
    reason: str = ""


def decide(run: Path) -> Pointer:
    """Whether `latest` is to lead to a complete stored run.

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
    reason = _other_subject(current, run) or _lost_files(current, run)
    return Pointer(name, run_id, moves=not reason, reason=reason)


def _other_subject(current: Path, run: Path) -> str:
    """Why two runs are not about the same, in words; empty where they are."""
    old, new = identity(current), identity(run)
    if old.places != new.places:
        return f"that run is of {', '.join(old.lists)}, and this one of {', '.join(new.lists)}"
    if old.same == new.same:
        return ""
    if old.api != new.api:
        return f"that run asked {old.api}, and this one {new.api}"
    tenants = (one.tenant or "a partner tenant that is not known" for one in (old, new))
    return "that run was of {}, and this one of {}".format(*tenants)


def _lost_files(current: Path, run: Path) -> str:
    """Which files of the one run the other does not have, in words; empty where it has all."""
    lost = [name for name in _MAIN_FILES.values() if (current / name).is_file() and not (run / name).is_file()]
    return f"that run has {' and '.join(lost)}, and this one has not" if lost else ""


def point(run: str, reports: str) -> tuple[str, str]:
    """Lets `latest` lead to a run because a person says so; a simulated run takes `latest-simulated`.

    Args:
        run: a folder or a run-id.
        reports: where run folders are.

    Returns:
        (the path that leads to the run now, its run-id)

    Raises:
        SettingsError: there is no such run, or it is not one that `latest` may lead to.
        OutputError: it cannot be written.
    """
    from auditor import report

    folder = find_run(run, reports).resolve()
    if not is_stored(folder):
        raise SettingsError(f"{folder} is a copy under another name", "name a run that this lists: auditor runs")
    if not is_complete(folder):
        raise SettingsError(f"{folder} is not complete", f"finish it first: auditor resume {typed(folder)}")
    if journal.read_header(folder).simulated:
        raise SettingsError(f"{folder} is a demo's", "name a run that this lists without `simulated`: auditor runs")
    name = LATEST_SIMULATED if journal.is_simulated(folder) else LATEST
    report.point_latest(folder.parent, folder.name, name)
    return str(folder.parent / name), folder.name
