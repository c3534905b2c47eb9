"""Checks of this machine: folders, disk, lock, the newest run, the rate of the next one."""

import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.commands.doctor.context import DoctorContext
from auditor.commands.publish import check_stores
from auditor.core import diagnosis
from auditor.core.diagnosis import Result
from auditor.core.run_facts import RunFacts
from auditor.core.text import MINUTE, shell_quote
from auditor.errors import IncompleteError
from auditor.fetch import state_folder
from auditor.runs.api_client import load_learned_rate
from auditor.runs.credentials import tenant_of
from auditor.runs.find import is_complete, run_folders
from auditor.runs.lock import holder
from auditor.settings import AUTO


def reports(context: DoctorContext) -> Result:
    """Whether run folders can be created."""
    return _check_writable(Path(context.settings.reports), "name another folder with --reports or AUDITOR_REPORTS")


def publish(context: DoctorContext) -> Result:
    """Whether runs can be copied to the object stores of the settings: a small object is written and removed, as before a run.

    Raises:
        SettingsError: a store refuses, or does not exist.
    """
    urls = context.settings.publish
    if not urls:
        return diagnosis.ok("not set: runs stay on this machine")
    if silent := check_stores(urls):
        return diagnosis.warning("; ".join(silent), "check network and endpoint; after the run: auditor publish latest")
    return diagnosis.ok(f"can be written to: {', '.join(urls)}")


def state(_subject: DoctorContext) -> Result:
    """Whether the state folder can be written to."""
    folder = state_folder()
    if folder is None:
        return diagnosis.warning(
            "this user has no home folder", "set XDG_STATE_HOME to a folder that may be written to"
        )
    found = _check_writable(folder, "make it writable, or name another with XDG_STATE_HOME")
    if found.state is diagnosis.CheckState.FAILED:
        return diagnosis.warning(found.found, found.next)
    return found


def _check_writable(folder: Path, then: str) -> Result:
    existing = next((each for each in [folder, *folder.absolute().parents] if each.exists()), folder)
    try:
        if not existing.is_dir():
            return diagnosis.failed(f"{folder}: {existing} is not a folder", then, diagnosis.SETTINGS)
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return diagnosis.failed(f"{folder} cannot be written to: {error.strerror}", then, diagnosis.SETTINGS)
    found = "can be written to" if existing == folder else "does not exist yet, and can be created"
    return diagnosis.ok(f"the folder {folder} {found}", exists=existing == folder)


def disk(context: DoctorContext) -> Result:
    """Whether there is room for a run."""
    folder = Path(context.settings.reports).absolute()
    existing = next(each for each in [folder, *folder.parents] if each.exists())
    newest = _newest_run(context)
    size = sum(path.stat().st_size for path in newest.rglob("*") if path.is_file()) if newest else 0
    return diagnosis.disk(shutil.disk_usage(existing).free, size)


def lock(context: DoctorContext) -> Result:
    """Whether another run is in progress."""
    settings = context.settings
    held = holder(Path(settings.reports), settings.api, tenant_of(settings))
    if held is None:
        return diagnosis.ok("no other run is in progress in this reports folder", held=False)
    return diagnosis.failed(
        f"another run is in progress: {held}",
        "wait until it has ended, or name another folder",
        diagnosis.LOCKED,
        held=True,
    )


def _newest_run(context: DoctorContext) -> Path | None:
    """The folder of the newest run that was not simulated, or None."""
    runs = run_folders(Path(context.settings.reports))
    return next((run for run in runs if (facts := _facts(run)) is None or not facts.simulated), None)


def _facts(run: Path) -> RunFacts | None:
    try:
        return journal.read_facts(run)
    except (IncompleteError, OSError):
        return None


def last_run(context: DoctorContext) -> Result:
    """Whether the newest run is complete."""
    run = _newest_run(context)
    if run is None:
        return diagnosis.no_run(len(run_folders(Path(context.settings.reports))))
    facts = _facts(run)
    if facts is None:
        return diagnosis.warning(
            f"{run.name} cannot be read", f"auditor verify {shell_quote(run)} says why", run_id=run.name
        )
    hours = (datetime.now(UTC) - facts.started_at).total_seconds() / 3600
    age = f"{hours / 24:,.0f} days" if hours >= 48 else f"{hours:,.0f} hours"  # noqa: PLR2004 - from two days on, days are precise enough
    words = f"{run.name}, {age} old, {facts.rows:,} rows"
    known: dict[str, diagnosis.Fact] = {"run_id": run.name, "age_hours": round(hours, 1), "rows": facts.rows}
    if not is_complete(run):
        return diagnosis.warning(
            f"{words}: NOT COMPLETE", f"auditor resume {shell_quote(run)}", complete=False, **known
        )
    return diagnosis.ok(f"{words}: complete", complete=True, **known)


def pace(context: DoctorContext) -> Result:
    """How long the next run may take."""
    run, memory = _newest_run(context), load_learned_rate(context.settings)
    facts = _facts(run) if run else None
    known = memory.per_second * MINUTE if memory and memory.per_second < float("inf") else None
    rate = context.settings.rate
    return diagnosis.pace(None if rate == AUTO else rate, known, facts.customers if facts else 0)
