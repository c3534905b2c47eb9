"""Which stored runs may go. Rule: whatever may still be needed stays, however old; of the rest, some a day and a month.

Runs are told apart by their list: what is kept of one list does not depend on how often another was audited.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A stored run.

    Attributes:
        run_id: its name.
        started_at: aware; what runs are ordered by.
        list_key: equal of two runs over the same list.
        complete: whether its reports are whole and say that it is complete.
        resumable: whether `resume` could go on with it; no demo is.
        baseline: run-id of what an unfinished run will be compared with; empty where there is none.
        from_the_future: whether its clock must have been wrong; then it stands for no day, and for no other run.
    """

    run_id: str
    started_at: datetime
    list_key: object
    complete: bool
    resumable: bool
    baseline: str = ""
    from_the_future: bool = False


def kept(runs: Iterable[Candidate], *, daily: int, monthly: int, latest: str) -> dict[str, str]:
    """Run-id -> why the run stays; runs that are not in it may go.

    Args:
        runs: all of them.
        daily: for how many days, counted where there are runs, one run of the day stays.
        monthly: likewise months.
        latest: run-id that `latest` leads to; empty where it leads nowhere.
    """
    newest_first = sorted(runs, key=lambda run: (run.started_at, run.run_id), reverse=True)
    reasons: dict[str, str] = {}
    for run in newest_first:
        if run.run_id == latest:
            reasons[run.run_id] = "latest leads to it"
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


def _by_list(runs: list[Candidate]) -> Iterator[list[Candidate]]:
    groups: dict[object, list[Candidate]] = {}
    for run in runs:
        groups.setdefault(run.list_key, []).append(run)
    yield from groups.values()


def _of_one_list(runs: list[Candidate], daily: int, monthly: int) -> Iterator[tuple[Candidate, str]]:
    """What stays of the runs over one list, which come newest first."""
    for run in runs:
        if run.complete:
            yield run, "the newest complete run over its list"
            break
        if run.resumable:
            yield run, "not complete, and may be resumed"
    for count, form, why in ((daily, "%Y-%m-%d", "of the day"), (monthly, "%Y-%m", "of the month")):
        for period, run in list(_one_each(runs, form).items())[:count]:
            yield run, f"{why} {period}"


def _one_each(runs: list[Candidate], form: str) -> dict[str, Candidate]:
    """Period -> its newest complete run, else its newest; the newest period first."""
    found: dict[str, Candidate] = {}
    for run in runs:
        period = run.started_at.astimezone(UTC).strftime(form)
        if period not in found or (run.complete and not found[period].complete):
            found[period] = run
    return found
