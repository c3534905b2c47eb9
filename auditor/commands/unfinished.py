"""Which runs are left to finish. Rule: a run is complete when its manifest and `latest` say so, for they come last."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from auditor import journal
from auditor.commands.standing import began, is_complete, latest_run_id, run_folders
from auditor.core.run_facts import RunFacts
from auditor.core.run_ids import is_in_the_future
from auditor.errors import IncompleteError


def newest_incomplete(reports: Path) -> Path | None:
    """The newest run that is not complete, or None where there is none; simulated ones cannot be resumed."""
    return next((run for run, _ in _unfinished(reports)), None)


def same_list(reports: Path, facts: RunFacts) -> Path | None:
    """The newest run of the same list against the same API in which somebody is left to ask; None where there is none.

    Args:
        reports: the folder of the runs.
        facts: of the run that is not looked for.
    """
    wanted = (facts.list_digest, facts.api, facts.validation_type)
    return next(
        (
            run
            for run, header in _unfinished(reports)
            if (header.list_digest, header.api, header.type) == wanted and run.name != facts.run_id and _to_ask(run)
        ),
        None,
    )


def _to_ask(run: Path) -> bool:
    """True where `resume` would ask somebody."""
    try:
        facts = journal.read_facts(run)
        return not facts.finished or len(journal.finally_answered(run, facts.rows)) < facts.customers
    except (IncompleteError, OSError):
        return False


def _unfinished(reports: Path) -> Iterator[tuple[Path, journal.Header]]:
    """The runs that can be finished, the newest first; only the beginning of a journal is read."""
    latest = began(reports / (latest_run_id(reports) or "-"))
    now = datetime.now(UTC)
    for run in run_folders(reports):
        try:
            header = journal.read_header(run)
        except (IncompleteError, OSError):
            # not a run that this version can finish
            continue
        # to a run from the future `latest` never leads
        settled = header.started_at <= latest or is_in_the_future(header.started_at, now)
        if not header.simulated and not (settled and is_complete(run)):
            yield run, header
