"""Which earlier run a run is compared with. Rule: settled by name when the run begins, before the first request; what is
known of it is copied into the run's own folder once, when its reports are made for the first time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from auditor import journal
from auditor.commands.job import Job
from auditor.commands.render import find_run
from auditor.commands.signing_in import tenant_of
from auditor.commands.standing import is_complete, is_from_the_future, run_folders
from auditor.core.baseline import Baseline, Identity, incomparable, other_lists
from auditor.core.os_errors import reason, remedy
from auditor.core.run_facts import VALIDATION_TYPE, RunFacts
from auditor.core.words import many, typed
from auditor.errors import IncompleteError, OutputError, SettingsError
from auditor.settings import is_loopback

if TYPE_CHECKING:
    from auditor.report import StoredRun

NONE, AUTO = "none", "auto"
KEY, KEY_SIMULATED = "baseline", "baseline_simulated"
"""Under which the choice stands in the settings of a journal's header: where customers are real, and where they are not."""


def identity(run: Path) -> Identity:
    """What a stored run asked, and of whom.

    Raises:
        IncompleteError: its journal has no readable header.
        OSError: it cannot be read.
    """
    header = journal.read_header(run)
    tenant = header.settings.get("tenant_id") or ""
    return Identity(header.api, header.type, journal.is_simulated(run), tenant, header.lists)


def identity_of(job: Job, lists: tuple[str, ...]) -> Identity:
    """What a run that begins now asks, and of whom."""
    settings = job.settings
    return Identity(settings.api, VALIDATION_TYPE, job.simulated, tenant_of(settings) or "", lists)


def choose(reports: Path, mine: Identity, wanted: str | None) -> dict[str, str]:
    """What a run that begins now is to be compared with, as its journal's header keeps it.

    Args:
        reports: where the runs are.
        mine: of the new run.
        wanted: a folder, a run-id or `latest`; `none`; None or `auto` for the last complete run over the same list.

    Raises:
        SettingsError: there is no such run, or it cannot be compared with this one.
    """
    if wanted == NONE:
        return {"run_id": "", "folder": "", "note": "no comparison was wanted"}
    if wanted and wanted != AUTO:
        return _chosen(_asked_for(wanted, reports, mine), mine, "as asked for")
    for run in complete_runs(reports):
        if _identity_or_none(run, mine) is not None:
            return _chosen(run, mine, "the last complete run over the same list")
    note = "there is no earlier complete run over the same list to compare with"
    ahead = sum(map(is_from_the_future, run_folders(reports)))
    note += f"; not counting {many(ahead, 'run')} that began in the future by this machine's clock" if ahead else ""
    return {"run_id": "", "folder": "", "note": note}


def choices(reports: Path, mine: Identity, wanted: str | None) -> dict[str, dict[str, str]]:
    """As `choose`, in the form that the header keeps.

    Only the first reply says whether a service on a loopback address is a simulator: there, both are chosen.

    Raises:
        SettingsError: as `choose`.
    """
    if mine.simulated or not is_loopback(urlsplit(mine.api).hostname or ""):
        return {KEY: choose(reports, mine, wanted)}
    simulated = replace(mine, simulated=True)
    if wanted in (None, NONE, AUTO):
        return {KEY: choose(reports, mine, wanted), KEY_SIMULATED: choose(reports, simulated, wanted)}
    is_made_up = journal.is_simulated(find_run(str(wanted), str(reports)))
    chosen = choose(reports, simulated if is_made_up else mine, wanted)
    return {KEY: chosen, KEY_SIMULATED: chosen}


def choice_of(settings: Mapping[str, Any], *, simulated: bool) -> dict[str, str] | None:
    """What a header says that a run is to be compared with; None where a version wrote it that compared nothing."""
    found: dict[str, str] | None = settings.get(KEY_SIMULATED) if simulated else None
    return found or settings.get(KEY)


def check(job: Job, lists: tuple[str, ...]) -> None:
    """Says at once where the run that the user wants to compare with cannot be.

    Raises:
        SettingsError: there is no such run, or it cannot be compared with this one.
    """
    wanted = job.settings.baseline
    if wanted not in (None, NONE, AUTO):
        choices(Path(job.settings.reports), identity_of(job, lists), wanted)


def complete_runs(reports: Path) -> Iterator[Path]:
    """Runs that say of themselves that they are complete, and whose reports are whole; newest first. A run from the future is none:
    its clock was wrong, and it would be the newest for ever.
    """
    return (run for run in run_folders(reports) if is_complete(run) and not is_from_the_future(run))


def _identity_or_none(run: Path, mine: Identity) -> Identity | None:
    try:
        found = identity(run)
    except (IncompleteError, OSError):
        return None
    return found if found.same == mine.same else None


def _asked_for(wanted: str, reports: Path, mine: Identity) -> Path:
    run = find_run(wanted, str(reports))
    if why := incomparable(identity(run), mine):
        raise SettingsError(
            f"--baseline {wanted}: that run cannot be compared with this one: {why}",
            "name a run that asked the same service, or --baseline none",
        )
    return run


def _chosen(run: Path, mine: Identity, why: str) -> dict[str, str]:
    folder, run_id = run.resolve(), journal.read_header(run).run_id
    name = run_id if folder.name == run_id else f"{run_id} in the folder {folder.name}"
    remarks = [f"compared with run {name}, {why}", other_lists(identity(run), mine)]
    return {"run_id": run_id, "folder": str(folder), "note": "; ".join(filter(None, remarks))}


def settle(run: Path, facts: RunFacts) -> RunFacts:
    """Copies what was known before a run into its folder, unless that was done; gives the facts with what it is compared with.

    Raises:
        OutputError: the copy cannot be written.
        IncompleteError: the run's own files are damaged.
    """
    choice = choice_of(journal.read_settings(run), simulated=facts.simulated)
    if facts.baseline is not None or choice is None:
        return facts
    baseline = _copied(run, facts, choice)
    # it would describe a journal of before
    (run / "manifest.json").unlink(missing_ok=True)
    try:
        with journal.Journal(run) as opened:
            opened.baseline(baseline)
    except OSError as error:
        raise OutputError(f"{run}: {reason(error)}", f"{remedy(error)}, then: auditor report {typed(run)}") from error
    # a last line that lacked nothing but its end has one now, and is no longer damaged
    return journal.read_facts(run) if facts.damaged_lines else replace(facts, baseline=baseline)


def _copied(run: Path, facts: RunFacts, choice: dict[str, str]) -> Baseline:
    from auditor import report

    note, source = choice["note"], None
    stored = report.StoredRun(run, facts, ())
    try:
        source = source_of(_folder(run, choice)) if choice["run_id"] else None
        if source is not None and source.facts.simulated != facts.simulated:
            # what a run is shows only with its first reply
            source, note = None, f"not compared with run {choice['run_id']}: one of them is simulated"
        digest, unread = report.snapshot_previous(stored, source)
    except (IncompleteError, OSError, OutputError, *_OF_DAMAGE) as error:
        # a baseline that is damaged or gone must not cost the run its own reports
        note = f"could not be compared with run {choice['run_id']}: {getattr(error, 'message', error)}"
        source, (digest, unread) = None, report.snapshot_previous(stored, None)
    if unread:
        note += f"; {len(unread)} files of the history cannot be read ({unread[0]} is one)"
    if source is None:
        return Baseline(note=note, digest=digest)
    if not source.facts.finished:
        note += "; that run did not finish"
    return Baseline(source.facts.run_id, source.facts.started_at, note, digest)


_OF_DAMAGE = (ValueError, TypeError, LookupError, NotImplementedError)
"""What libraries raise where a file holds something else than was ever written; pyarrow's errors are these as well."""


def _folder(run: Path, choice: dict[str, str]) -> Path:
    """Where the baseline is: beside the run, wherever both were moved to, or where it was."""
    was = Path(choice["folder"])
    beside = run.resolve().parent / (was.name or choice["run_id"])
    return beside if (beside / journal.JOURNAL).is_file() else was


def source_of(run: Path) -> "StoredRun":
    """A stored run, to be read by the report stage.

    Raises:
        IncompleteError: its journal has no readable header.
        OSError: it cannot be read.
    """
    from auditor import report

    return report.StoredRun(run, journal.read_facts(run), journal.answer_blocks(run), journal.member_blocks(run))
