"""Find runs to resume. A run is complete when its manifest and `latest` say so, for they are written last."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor import journal
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.runs.baseline import identity
from auditor.runs.find import is_complete, is_from_the_future, run_folders
from auditor.runs.latest import decide_latest


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


def newest_incomplete(reports: Path) -> Path | None:
    """The newest run to finish; None where there is none. A run with a newer complete one over its list is passed over."""
    return next((one.run for one in _find_unfinished(reports) if one.newer is None), None)


def find_to_resume(reports: Path, api: str) -> Unfinished | None:
    """The run that `resume` without RUN takes: the newest one without a newer complete run of its list, else the newest.

    Args:
        reports: the folder of the runs.
        api: the API's URL in the settings; simulated runs against another URL are left out, for that simulator is gone.
    """
    found = [one for one in _find_unfinished(reports) if one.header.api == api or not journal.is_simulated(one.run)]
    return next((one for one in found if one.newer is None), found[0] if found else None)


def find_same_list(reports: Path, facts: RunFacts) -> Path | None:
    """The newest run of the same list against the same API with customers left to ask; None where there is none.

    Args:
        reports: the folder of the runs.
        facts: of the new run, which is itself left out.
    """
    wanted = (facts.list_digest, facts.api, facts.validation_type)
    return next(
        (
            one.run
            for one in _find_unfinished(reports)
            if (one.header.list_digest, one.header.api, one.header.type) == wanted
            and one.newer is None
            and one.run.name != facts.run_id
            and _has_pending(one.run)
        ),
        None,
    )


def _has_pending(run: Path) -> bool:
    """True where `resume` would send a request."""
    try:
        facts = journal.read_facts(run)
        return not facts.finished or len(journal.finally_answered(run, facts.rows)) < facts.customers
    except (IncompleteError, OSError):
        return False


def _find_unfinished(reports: Path) -> Iterator[Unfinished]:
    """The runs that can be resumed, newest first; only the start of each journal is read."""
    complete: dict[tuple[object, ...], Path] = {}
    for run in run_folders(reports):
        try:
            header, same = journal.read_header(run), identity(run).comparison_key
            whole = is_complete(run)
            settled = whole and not _latest_not_moved(run)
        except (IncompleteError, OSError):
            # this version cannot resume it
            continue
        if not settled and not header.simulated:
            yield Unfinished(run, header, complete.get(same))
        if whole and not is_from_the_future(run):
            complete.setdefault(same, run)


def _latest_not_moved(run: Path) -> bool:
    """True where a complete run was interrupted before it moved `latest`.

    A `latest` that was set after the run was complete stays: `auditor runs latest` or a later run set it.
    """
    pointer = decide_latest(run)
    if not pointer.moves or pointer.run_id == run.name:
        return False
    latest = run.parent / pointer.name
    completed = (run / "manifest.json").stat().st_mtime_ns
    return not (pointer.run_id and latest.lstat().st_mtime_ns >= completed)
