"""Which stored runs may be removed. A run that may still be needed stays, however old; of the rest, one per day and month.

Runs are grouped by their list: what is kept of one list does not depend on how often another was audited.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneCandidate:
    """A stored run.

    Attributes:
        run_id: its name.
        started_at: aware; what runs are ordered by.
        list_key: equal for runs over the same list.
        complete: whether its reports are intact and say that it is complete.
        resumable: whether `resume` can continue it; false for a demo.
        baseline: run-id of an unfinished run's baseline; empty where there is none.
        from_the_future: whether it started in the future, by a wrong clock; then it counts for no day and no list.
    """

    run_id: str
    started_at: datetime
    list_key: object
    complete: bool
    resumable: bool
    baseline: str = ""
    from_the_future: bool = False


def runs_to_keep(runs: Iterable[PruneCandidate], *, daily: int, monthly: int, latest: str) -> dict[str, str]:
    """Run-id -> why the run stays; all other runs may be removed.

    Args:
        runs: all of them.
        daily: number of days with runs of which one run stays.
        monthly: the same for months.
        latest: run-id that `latest` points to; empty where there is none.
    """
    newest_first = sorted(runs, key=lambda run: (run.started_at, run.run_id), reverse=True)
    reasons: dict[str, str] = {}
    for run in newest_first:
        if run.run_id == latest:
            reasons[run.run_id] = "latest points to it"
        elif run.from_the_future:
            reasons[run.run_id] = "it says that it began in the future"
    for group in _by_list([run for run in newest_first if not run.from_the_future]):
        for run, why in _of_one_list(group, daily, monthly):
            reasons.setdefault(run.run_id, why)
    needed = {run.baseline for run in newest_first if run.run_id in reasons and not run.complete}
    for run in newest_first:
        if run.run_id in needed:
            reasons.setdefault(run.run_id, "an unfinished run will be compared with it")
    return reasons


def _by_list(runs: list[PruneCandidate]) -> Iterator[list[PruneCandidate]]:
    groups: dict[object, list[PruneCandidate]] = {}
    for run in runs:
        groups.setdefault(run.list_key, []).append(run)
    yield from groups.values()


def _of_one_list(runs: list[PruneCandidate], daily: int, monthly: int) -> Iterator[tuple[PruneCandidate, str]]:
    """The runs of one list that stay; they come newest first."""
    for run in runs:
        if run.complete:
            yield run, "the newest complete run over its list"
            break
        if run.resumable:
            yield run, "not complete, and may be resumed"
    for count, form, why in ((daily, "%Y-%m-%d", "of the day"), (monthly, "%Y-%m", "of the month")):
        for period, run in list(_one_each(runs, form).items())[:count]:
            yield run, f"{why} {period}"


def _one_each(runs: list[PruneCandidate], form: str) -> dict[str, PruneCandidate]:
    """Period -> its newest complete run, else its newest; the newest period first."""
    found: dict[str, PruneCandidate] = {}
    for run in runs:
        period = run.started_at.astimezone(UTC).strftime(form)
        if period not in found or (run.complete and not found[period].complete):
            found[period] = run
    return found
