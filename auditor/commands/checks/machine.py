"""This machine: folders, disk, lock, the newest run, the pace."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.commands.checks.subject import Subject
from auditor.commands.fetching import learned
from auditor.commands.lock import holder
from auditor.commands.signing_in import tenant_of
from auditor.commands.standing import is_complete, run_folders
from auditor.core import doctor
from auditor.core.doctor import Result
from auditor.core.plan import MINUTE
from auditor.core.run_facts import RunFacts
from auditor.core.words import typed
from auditor.errors import IncompleteError
from auditor.fetch import state_folder
from auditor.settings import AUTO


def reports(subject: Subject) -> Result:
    """Whether run folders can be made."""
    return _writable(Path(subject.settings.reports), "name another folder with --reports or AUDITOR_REPORTS")


def state(_subject: Subject) -> Result:
    """Whether what is kept between runs can be written."""
    folder = state_folder()
    if folder is None:
        return doctor.warning("this user has no home", "set XDG_STATE_HOME to a folder that may be written to")
    found = _writable(folder, "make it writable, or name another with XDG_STATE_HOME")
    if found.state is doctor.State.FAILED:
        return doctor.warning(found.found, found.next)
    return found


def _writable(folder: Path, then: str) -> Result:
    existing = next((each for each in [folder, *folder.absolute().parents] if each.exists()), folder)
    try:
        if not existing.is_dir():
            return doctor.failed(f"{folder}: {existing} is no folder", then, doctor.SETTINGS)
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return doctor.failed(f"{folder} cannot be written to: {error.strerror}", then, doctor.SETTINGS)
    known = f"the folder {folder} can be written to"
    found = known if existing == folder else f"the folder {folder} is not there yet, and can be made"
    return doctor.ok(found, exists=existing == folder)


def disk(subject: Subject) -> Result:
    """Whether a run has room."""
    folder = Path(subject.settings.reports).absolute()
    existing = next(each for each in [folder, *folder.parents] if each.exists())
    newest = newest_run(subject)
    size = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file()) if newest else 0
    return doctor.disk(shutil.disk_usage(existing).free, size)


def lock(subject: Subject) -> Result:
    """Whether another run is going on."""
    settings = subject.settings
    held = holder(Path(settings.reports), settings.api, tenant_of(settings))
    if held is None:
        return doctor.ok("no other run is going on in this reports folder", held=False)
    return doctor.failed(
        f"another run is going on: {held}", "wait until it has ended, or name another folder", doctor.LOCKED, held=True
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
        return doctor.no_run(len(run_folders(Path(subject.settings.reports))))
    facts = _facts(run)
    if facts is None:
        return doctor.warning(f"{run.name} cannot be read", f"auditor verify {typed(run)} says why", run_id=run.name)
    hours = (datetime.now(UTC) - facts.started_at).total_seconds() / 3600
    age = f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.0f} hours"  # noqa: PLR2004 - where days say enough
    words = f"{run.name}, {age} old, {facts.rows:,} rows"
    known: dict[str, doctor.Fact] = {"run_id": run.name, "age_hours": round(hours, 1), "rows": facts.rows}
    if not _complete(run, facts):
        return doctor.warning(f"{words}: NOT COMPLETE", f"auditor resume {typed(run)}", complete=False, **known)
    return doctor.ok(f"{words}: complete", complete=True, **known)


def _complete(run: Path, facts: RunFacts) -> bool:
    """As the run's own summary says."""
    return facts.finished and is_complete(run)


def pace(subject: Subject) -> Result:
    """How quick the next run may be."""
    run, memory = newest_run(subject), learned(subject.settings)
    facts = _facts(run) if run else None
    known = memory.per_second * MINUTE if memory and memory.per_second < float("inf") else None
    rate = subject.settings.rate
    return doctor.pace(None if rate == AUTO else rate, known, facts.customers if facts else 0)
