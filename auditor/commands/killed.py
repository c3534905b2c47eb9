"""Count the requests that killed sessions sent in the last window of the rate limit."""

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.commands.signing_in import tenant_of
from auditor.core.plan import Plan, RememberedRate
from auditor.errors import IncompleteError
from auditor.settings import Settings


def with_killed_sessions(
    memory: RememberedRate | None, plan: Plan, settings: Settings, reports: Path
) -> RememberedRate | None:
    """The same, with the requests of sessions that ended without leaving anything to the next one.

    Args:
        memory: what the last session that ended in order left, or None.
        plan: how to pace; where there is no limit, nothing is counted.
        settings: of the run.
        reports: the folder in which the runs stand.
    """
    guard = plan.window()
    if guard is None:
        return memory
    now = datetime.now(UTC)
    since = journal.RequestWindow(now, guard.seconds, None if memory is None else now - timedelta(seconds=memory.age))
    untold: list[journal.Sent] = []
    for run in journal.run_folders(reports):
        # their number of workers stands in the header, which is read for the few that count only
        if journal.recent_requests(run, since, 0) and (workers := _workers(run, settings)):
            untold += journal.recent_requests(run, since, workers)
    if not untold:
        return memory
    return replace(memory or RememberedRate(math.inf), untold=tuple(sorted(untold, reverse=True)))


def _workers(run: Path, settings: Settings) -> int:
    """How many workers a run may have had; 0 where it asked another API, or for another partner."""
    try:
        header = journal.read_header(run)
    except (IncompleteError, OSError):
        return 0
    theirs, ours = header.settings.get("tenant_id"), tenant_of(settings)
    if header.api != settings.api or (theirs != ours and theirs is not None and ours is not None):
        return 0
    kept = header.settings.get("concurrency")
    return max(settings.concurrency, kept if isinstance(kept, int) else 0)
