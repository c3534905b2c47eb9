"""Which stored runs are kept."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.results.retention import PruneCandidate, runs_to_keep

END = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def run(days_ago: float, name: str = "", **given_: object) -> PruneCandidate:
    """A complete run over the list "a" by default."""
    facts = {"list_key": "a", "complete": True, "resumable": True, "baseline": "", **given_}
    return PruneCandidate(run_id=name or f"{days_ago:g}", started_at=END - timedelta(days_ago), **facts)  # type: ignore[arg-type] # by name


def names(runs: list[PruneCandidate], daily: int = 0, monthly: int = 0, latest: str = "") -> set[str]:
    """Run ids that are kept."""
    return {*runs_to_keep(runs, daily=daily, monthly=monthly, latest=latest)}


def test_one_run_per_day_and_month_stays() -> None:
    """The newest of each of the last days and months with runs; gaps do not count."""
    runs = [run(0), run(0.1), run(1), run(1.2), run(5), run(40), run(41), run(300)]
    assert names(runs, daily=3) == {"0", "1", "5"}
    assert names(runs, monthly=2) == {"0", "40"}
    assert names(runs, daily=1, monthly=9) == {"0", "40", "300"}


def test_a_complete_run_is_preferred_for_its_day() -> None:
    """A later stopped run of the day does not replace it."""
    runs = [run(0, complete=False, resumable=False), run(0.1), run(1, complete=False, resumable=False), run(1.1)]
    assert names(runs, daily=2) == {"0.1", "1.1"}


def test_lists_are_independent() -> None:
    """A list that is audited daily does not displace one that is audited monthly."""
    assert names([run(0), run(1), run(30, list_key="b"), run(60, list_key="b")], daily=1) == {"0", "30"}


def test_a_resumable_run_stays_until_a_newer_run_is_complete() -> None:
    """With its baseline."""
    unfinished = run(1, complete=False, baseline="20")
    assert names([unfinished, run(2), run(20)], daily=1) == {"1", "2", "20"}
    assert names([run(0.5), unfinished, run(2), run(20)], daily=1) == {"0.5"}
    assert names([run(1, complete=False, resumable=False), run(2)], daily=1) == {"1", "2"}


@given(
    st.lists(st.tuples(st.integers(0, 90), st.booleans(), st.sampled_from("ab")), max_size=12),
    st.integers(0, 3),
    st.data(),
)
def test_runs_that_always_stay(made: list[tuple[int, bool, str]], daily: int, data: st.DataObject) -> None:
    """The newest complete run over each list, and the target of `latest`."""
    runs = [run(days, f"{n}", complete=done, list_key=key) for n, (days, done, key) in enumerate(made)]
    latest = data.draw(st.sampled_from(["", *(one.run_id for one in runs)]))
    staying = names(runs, daily=daily, latest=latest)
    assert latest in {"", *staying}
    for key in "ab":
        complete = [one for one in runs if one.complete and one.list_key == key]
        if complete:
            assert max(complete, key=lambda one: (one.started_at, one.run_id)).run_id in staying
