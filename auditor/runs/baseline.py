"""Choose and freeze the baseline run, the earlier run that a run is compared with.

It is chosen when the run is created, before the first request. What is known of it is copied into the run's own folder once, at the
first rendering.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from auditor import journal
from auditor.core.baseline import Baseline, RunIdentity, describe_other_lists, why_incomparable
from auditor.core.run_facts import VALIDATION_TYPE, RunFacts
from auditor.core.text import count_noun, shell_quote
from auditor.errors import IncompleteError, OutputError, SettingsError, describe_os_error, remedy
from auditor.runs.credentials import tenant_of
from auditor.runs.find import (
    find_run,
    identity,
    is_complete,
    is_from_the_future,
    load_stored_run,
    run_folders,
)
from auditor.runs.options import RunOptions
from auditor.settings import is_loopback

NONE, AUTO = "none", "auto"
KEY, KEY_SIMULATED = "baseline", "baseline_simulated"
"""Keys of the choice in the settings of a journal's header: for real customers, and for simulated ones."""


def identity_of(options: RunOptions, lists: tuple[str, ...]) -> RunIdentity:
    """What a new run asks, and which API and partner."""
    settings = options.settings
    tenant = tenant_of(settings) or ""
    return RunIdentity(settings.api, VALIDATION_TYPE, options.simulated, tenant, lists, options.selection_text)


def choose_baseline(reports: Path, mine: RunIdentity, wanted: str | None) -> dict[str, str]:
    """Choose the baseline of a new run, in the form that its journal's header keeps.

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
        return _record_choice(_find_requested(wanted, reports, mine), mine, "as asked for")
    runs = run_folders(reports)
    for run in runs:
        # a run that started in the future, by a wrong clock, would stay the newest
        if is_complete(run) and not is_from_the_future(run) and _is_same_list(run, mine):
            return _record_choice(run, mine, "the last complete run over the same list")
    note = "there is no earlier complete run over the same list to compare with"
    ahead = sum(map(is_from_the_future, runs))
    note += (
        f"; not counting {count_noun(ahead, 'run')} that began in the future by this machine's clock" if ahead else ""
    )
    return {"run_id": "", "folder": "", "note": note}


def choose_baselines(reports: Path, mine: RunIdentity, wanted: str | None) -> dict[str, dict[str, str]]:
    """Choose the baseline, for real and for simulated customers, in the form that the header keeps.

    Only the first response says whether a service on a loopback address is a simulator: there, both are chosen.

    Raises:
        SettingsError: as `choose_baseline`.
    """
    if mine.simulated or not is_loopback(urlsplit(mine.api).hostname or ""):
        return {KEY: choose_baseline(reports, mine, wanted)}
    simulated = replace(mine, simulated=True)
    if wanted in (None, NONE, AUTO):
        return {KEY: choose_baseline(reports, mine, wanted), KEY_SIMULATED: choose_baseline(reports, simulated, wanted)}
    is_simulated = journal.is_simulated(find_run(str(wanted), str(reports)))
    chosen = choose_baseline(reports, simulated if is_simulated else mine, wanted)
    return {KEY: chosen, KEY_SIMULATED: chosen}


def choice_of(settings: Mapping[str, Any], *, simulated: bool) -> dict[str, str] | None:
    """Read the choice from a header; None where an early version wrote it, without a comparison."""
    found: dict[str, str] | None = settings.get(KEY_SIMULATED) if simulated else None
    return found or settings.get(KEY)


def check_baseline(options: RunOptions, lists: tuple[str, ...]) -> None:
    """Refuse a baseline that cannot be compared, before the run is created.

    Raises:
        SettingsError: there is no such run, or it cannot be compared with this one.
    """
    wanted = options.settings.baseline
    if wanted not in (None, NONE, AUTO):
        choose_baselines(Path(options.settings.reports), identity_of(options, lists), wanted)


def _is_same_list(run: Path, mine: RunIdentity) -> bool:
    try:
        return identity(run).comparison_key == mine.comparison_key
    except (IncompleteError, OSError):
        return False


def _find_requested(wanted: str, reports: Path, mine: RunIdentity) -> Path:
    run = find_run(wanted, str(reports))
    if why := why_incomparable(identity(run), mine):
        raise SettingsError(
            f"--baseline {wanted}: that run cannot be compared with this one: {why}",
            "name a run that asked the same service for the same selection, or --baseline none",
        )
    return run


def _record_choice(run: Path, mine: RunIdentity, why: str) -> dict[str, str]:
    folder, run_id = run.resolve(), journal.read_header(run).run_id
    name = run_id if folder.name == run_id else f"{run_id} in the folder {folder.name}"
    notes = [f"compared with run {name}, {why}", describe_other_lists(identity(run), mine)]
    return {"run_id": run_id, "folder": str(folder), "note": "; ".join(filter(None, notes))}


def freeze_baseline(run: Path, facts: RunFacts, noted: Callable[[str], object]) -> RunFacts:
    """Copy what was known before a run into its folder, once. Return the run's facts with the baseline.

    `noted` receives a note where a long history is read.

    Raises:
        OutputError: the copy cannot be written.
        IncompleteError: the run's own files are damaged.
    """
    choice = choice_of(journal.read_header(run).settings, simulated=facts.simulated)
    if facts.baseline is not None or choice is None:
        return facts
    baseline = _snapshot(run, facts, choice, noted)
    # it describes the journal before this line
    (run / "manifest.json").unlink(missing_ok=True)
    try:
        with journal.Journal(run) as opened:
            opened.set_baseline(baseline)
    except OSError as error:
        raise OutputError(
            f"{run}: {describe_os_error(error)}", f"{remedy(error)}, then: auditor report {shell_quote(run)}"
        ) from error
    # a last line that lacked only its line end has one now, and is no longer damaged
    return journal.read_facts(run) if facts.damaged_lines else replace(facts, baseline=baseline)


def _snapshot(run: Path, facts: RunFacts, choice: dict[str, str], noted: Callable[[str], object]) -> Baseline:
    """Write the snapshot of what was known before this run; return what is recorded of the baseline."""
    from auditor import report

    note, source = choice["note"], None
    stored, tenant = report.StoredRun(run, facts, ()), identity(run).tenant or None
    try:
        source = load_stored_run(_baseline_folder(run, choice)) if choice["run_id"] else None
        if source is not None and source.facts.simulated != facts.simulated:
            # only the first response shows whether a run is simulated
            source, note = None, f"not compared with run {choice['run_id']}: one of them is simulated"
        digest, unread = report.snapshot_previous(stored, source, tenant, noted)
    except (IncompleteError, OSError, OutputError, *_DAMAGE_ERRORS) as error:
        # a baseline that is damaged or missing must not prevent the run's own reports
        note = f"could not be compared with run {choice['run_id']}: {getattr(error, 'message', error)}"
        source, (digest, unread) = None, report.snapshot_previous(stored, None, tenant, noted)
    if unread:
        note += f"; {len(unread)} files of the history cannot be read ({unread[0]} is one)"
    if source is None:
        return Baseline(note=note, digest=digest)
    if not source.facts.finished:
        note += "; that run did not finish"
    return Baseline(source.facts.run_id, source.facts.started_at, note, digest)


_DAMAGE_ERRORS = (ValueError, TypeError, LookupError, NotImplementedError)
"""What libraries raise for a damaged file; pyarrow's errors are subclasses of these."""


def _baseline_folder(run: Path, choice: dict[str, str]) -> Path:
    """The folder of the baseline: beside the run, or where it was when it was chosen."""
    was = Path(choice["folder"])
    beside = run.resolve().parent / (was.name or choice["run_id"])
    return beside if (beside / journal.JOURNAL).is_file() else was
