"""This machine: folders, disk, lock, the newest run, the pace."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.commands.doctor.context import Subject
from auditor.core import diagnosis
from auditor.core.diagnosis import Result
from auditor.core.run_facts import RunFacts
from auditor.core.text import MINUTE, shell_quote
from auditor.errors import IncompleteError
from auditor.fetch import state_folder
from auditor.runs.api_client import learned
from auditor.runs.credentials import tenant_of
from auditor.runs.find import is_complete, run_folders
from auditor.runs.lock import holder
from auditor.settings import AUTO


def reports(subject: Subject) -> Result:
    """Whether run folders can be made."""
    return _writable(Path(subject.settings.reports), "name another folder with --reports or AUDITOR_REPORTS")


def state(_subject: Subject) -> Result:
    """Whether what is kept between runs can be written."""
    folder = state_folder()
    if folder is None:
        return diagnosis.warning("this user has no home", "set XDG_STATE_HOME to a folder that may be written to")
    found = _writable(folder, "make it writable, or name another with XDG_STATE_HOME")
    if found.state is diagnosis.CheckState.FAILED:
        return diagnosis.warning(found.found, found.next)
    return found


def _writable(folder: Path, then: str) -> Result:
    existing = next((each for each in [folder, *folder.absolute().parents] if each.exists()), folder)
    try:
        if not existing.is_dir():
            return diagnosis.failed(f"{folder}: {existing} is no folder", then, diagnosis.SETTINGS)
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return diagnosis.failed(f"{folder} cannot be written to: {error.strerror}", then, diagnosis.SETTINGS)
    known = f"the folder {folder} can be written to"
    found = known if existing == folder else f"the folder {folder} is not there yet, and can be made"
    return diagnosis.ok(found, exists=existing == folder)


def disk(subject: Subject) -> Result:
    """Whether a run has room."""
    folder = Path(subject.settings.reports).absolute()
    existing = next(each for each in [folder, *folder.parents] if each.exists())
    newest = newest_run(subject)
    size = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file()) if newest else 0
    return diagnosis.disk(shutil.disk_usage(existing).free, size)


def lock(subject: Subject) -> Result:
    """Whether another run is going on."""
    settings = subject.settings
    held = holder(Path(settings.reports), settings.api, tenant_of(settings))
    if held is None:
        return diagnosis.ok("no other run is going on in this reports folder", held=False)
    return diagnosis.failed(
        f"another run is going on: {held}",
        "wait until it has ended, or name another folder",
        diagnosis.LOCKED,
        held=True,
    )


def newest_run(subject: Subject) -> Path | None:
    """The folder of the newest run that was not simulated, or None."""
    runs = run_folders(Path(subject.settings.reports))
    return next((run for run in runs if (facts := _facts(run)) is None or not facts.simulated), None)


def _facts(run: Path) -> RunFacts | None:
    try:
        return journal.read_facts(run)
    except (IncompleteError, OSError):
        return None


def last_run(subject: Subject) -> Result:
    """Whether the newest run came to its end."""
    run = newest_run(subject)
    if run is None:
        return diagnosis.no_run(len(run_folders(Path(subject.settings.reports))))
    facts = _facts(run)
    if facts is None:
        return diagnosis.warning(
            f"{run.name} cannot be read", f"auditor verify {shell_quote(run)} says why", run_id=run.name
        )
    hours = (datetime.now(UTC) - facts.started_at).total_seconds() / 3600
    age = f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.0f} hours"  # noqa: PLR2004 - where days say enough
    words = f"{run.name}, {age} old, {facts.rows:,} rows"
    known: dict[str, diagnosis.Fact] = {"run_id": run.name, "age_hours": round(hours, 1), "rows": facts.rows}
    if not _complete(run, facts):
        return diagnosis.warning(
            f"{words}: NOT COMPLETE", f"auditor resume {shell_quote(run)}", complete=False, **known
        )
    return diagnosis.ok(f"{words}: complete", complete=True, **known)


def _complete(run: Path, facts: RunFacts) -> bool:
    """As the run's own summary says."""
    return facts.finished and is_complete(run)


def pace(subject: Subject) -> Result:
    """How quick the next run may be."""
    run, memory = newest_run(subject), learned(subject.settings)
    facts = _facts(run) if run else None
    known = memory.per_second * MINUTE if memory and memory.per_second < float("inf") else None
    rate = subject.settings.rate
    return diagnosis.pace(None if rate == AUTO else rate, known, facts.customers if facts else 0)
