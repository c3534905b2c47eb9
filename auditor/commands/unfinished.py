"""Which runs are left to finish. Rule: a run is complete when its manifest and `latest` say so, for they come last."""

import json
from collections.abc import Iterator
from pathlib import Path

from auditor import journal
from auditor.commands.render import latest_run_id
from auditor.core.model import RunFacts
from auditor.errors import IncompleteError


def newest_incomplete(reports: Path) -> Path | None:
    """The newest run that is not complete, or None where there is none; simulated ones cannot be resumed."""
    return next((run for run, _ in _unfinished(reports)), None)


def same_list(reports: Path, facts: RunFacts) -> Path | None:
    """The newest run of the same list against the same API that is not complete, or None where there is none.

    Args:
        reports: the folder of the runs.
        facts: of the run that is not looked for.
    """
    wanted = (facts.list_digest, facts.api, facts.validation_type)
    return next(
        (
            run
            for run, header in _unfinished(reports)
            if (header.list_digest, header.api, header.type) == wanted and run.name != facts.run_id
        ),
        None,
    )


def _unfinished(reports: Path) -> Iterator[tuple[Path, journal.Header]]:
    """The runs that can be finished, the newest first; only the beginning of a journal is read."""
    latest = latest_run_id(reports)
    runs = (path.parent for path in reports.glob(f"*/{journal.JOURNAL}") if not path.parent.is_symlink())
    for run in sorted(runs, reverse=True):
        try:
            header = journal.read_header(run)
        except (IncompleteError, OSError):
            # not a run that this version can finish
            continue
        if not header.simulated and not (run.name <= latest and _is_rendered_complete(run)):
            yield run, header


def _is_rendered_complete(run: Path) -> bool:
    """As the run's own summary says, where it is one of the reports that the manifest vouches for."""
    try:
        summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
        return bool(summary["complete"]) and (run / "manifest.json").exists()
    except (OSError, ValueError, KeyError, TypeError):
        return False
