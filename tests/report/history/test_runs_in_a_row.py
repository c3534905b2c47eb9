"""Several runs of one reports folder, each compared with the one before, and the history beside them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import duckdb
import pandas as pd
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nights_support import at, copied, made
from report_support import NOON, STATUS, Run, forge, guid

from auditor import report
from auditor.core.model import Reason, Verdict
from auditor.core.results.changes import Change, CustomerState, compare
from auditor.errors import IncompleteError
from conftest import few_examples

REASONS = [Reason.ALLOWED, Reason.UNDER_REVIEW, Reason.NOT_ALLOWED, Reason.THROTTLED, Reason.NO_ACCOUNT_STATUS]
RUNS = st.lists(
    st.dictionaries(st.integers(1, 6), st.tuples(st.sampled_from(REASONS), st.integers(0, 2)), min_size=1, max_size=6),
    min_size=1,
    max_size=4,
)
"""For each run: customer -> (reason, month of the last update)."""


@contextmanager
def reports() -> Iterator[Path]:
    """A folder for runs."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


class Stretch(NamedTuple):
    """The time in which a customer has one verdict; undetermined answers neither begin nor end it."""

    verdict: Verdict
    since: datetime
    times_blocked: int


def after(stretch: Stretch | None, verdict: Verdict, checked_at: datetime) -> Stretch | None:
    """The stretch after one more answer, in plain Python."""
    if verdict is Verdict.UNDETERMINED or (stretch is not None and stretch.verdict is verdict):
        return stretch
    return Stretch(verdict, checked_at, (stretch.times_blocked if stretch else 0) + (verdict is Verdict.BLOCKED))


def state(known: dict[int, tuple[Reason, int]], customer: int) -> CustomerState | None:
    """What a run knows, in plain Python."""
    if customer not in known:
        return None
    reason, month = known[customer]
    return CustomerState(
        reason.verdict, STATUS.get(reason, reason.value), datetime(2026, month + 1, 1, tzinfo=NOON.tzinfo)
    )


@few_examples()
@given(RUNS)
def test_every_run_says_what_changed_and_since_when(days: list[dict[int, tuple[Reason, int]]]) -> None:
    """changes.csv is `compare` of every customer, stretches are `after` over all the runs so far; and verify agrees."""
    with reports() as folder:
        run: Run | None = None
        pasts: dict[int, Stretch | None] = {}
        for day, known in enumerate(days):
            before, run = run, made(folder, day, known, run)
            for customer, (reason, _) in known.items():
                pasts[customer] = after(pasts.get(customer), reason.verdict, at(day, customer))
            if before is None:
                assert not (run.path / "changes.csv").exists()
                continue
            told = {record["customer_id"]: record for record in run.records("changes.csv")}
            then = days[day - 1]
            for customer in {*known, *then}:
                change = compare(state(then, customer), state(known, customer))
                record = told.pop(guid(customer), None)
                assert (record and record["change"]) == change
                past = pasts.get(customer)
                if record and customer in known:
                    assert record["times_blocked"] == str(past.times_blocked if past else 0)
                    blocked = known[customer][0].verdict is Verdict.BLOCKED
                    seen, now = past.since if past and blocked else None, state(known, customer)
                    updated = now.last_update if now else None
                    since = min(seen, updated or seen) if seen else None
                    assert record["blocked_since"] == (since.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if since else "")
            assert not told


def test_a_history_in_which_a_customer_comes_and_goes(tmp_path: Path) -> None:
    """A run that does not know, or that does not list the customer, ends no stretch."""
    blocked, free, lost = (Reason.UNDER_REVIEW, 0), (Reason.ALLOWED, 0), (Reason.THROTTLED, 0)
    for day, known in enumerate([{1: blocked}, {1: lost}, {2: free}, {1: blocked}, {1: free}]):
        made(tmp_path, day, known)
    last = made(tmp_path, 5, {1: blocked, 2: free}, made(tmp_path, 4.5, {1: free}))
    first, second = last.records("changes.csv")
    assert (first["change"], first["blocked_since"], first["times_blocked"]) == (
        "newly_blocked",
        "2026-01-01T00:00:00.000000Z",
        "2",
    )
    assert (second["change"], second["times_blocked"]) == ("new_in_list", "0")


def test_only_what_began_earlier_counts(tmp_path: Path) -> None:
    """A run whose reports are first made late does not hear of runs that began after it; a simulated one of none."""
    made(tmp_path, 1, {1: (Reason.UNDER_REVIEW, 0)})
    assert not (made(tmp_path, 0, {1: (Reason.UNDER_REVIEW, 0)}).path / "before.parquet").exists()
    assert not (made(tmp_path, 2, {1: (Reason.UNDER_REVIEW, 0)}, simulated=True).path / "before.parquet").exists()
    other = made(tmp_path, 3, {1: (Reason.UNDER_REVIEW, 0)}, api="https://other.example")
    assert not (other.path / "before.parquet").exists()
    assert (made(tmp_path, 4, {1: (Reason.UNDER_REVIEW, 0)}).path / "before.parquet").exists()


def test_simulated_runs_are_no_history(tmp_path: Path) -> None:
    """Made-up customers never stand beside real ones."""
    made(tmp_path, 0, {1: (Reason.ALLOWED, 0)}, simulated=True)
    assert not (tmp_path / "history").exists()


def test_a_run_that_turns_out_to_be_simulated(tmp_path: Path) -> None:
    """Its first session got no answer that said so. It leaves the history when one does."""
    run = made(tmp_path, 0, {1: (Reason.NOT_ATTEMPTED, 0)})
    assert list((tmp_path / "history").rglob("*.parquet"))
    with report.history_file(tmp_path, replace(run.facts, simulated=True)) as history:
        assert history is None
    assert not list((tmp_path / "history").rglob("*.parquet"))


def test_a_run_has_one_file_in_the_history(tmp_path: Path) -> None:
    """Rendered again, it takes the place of the one before."""
    run = made(tmp_path, 0, {1: (Reason.ALLOWED, 0), 2: (Reason.THROTTLED, 0)})
    (file,) = (tmp_path / "history").rglob("*.parquet")
    before = file.read_bytes()
    run.recorded()
    assert [file] == [path for path in (tmp_path / "history").rglob("*") if path.is_file()]
    assert file.read_bytes() == before
    assert file.relative_to(tmp_path).as_posix() == "history/run_date=2026-11-22/20261122T120000Z.parquet"


def test_a_rendering_that_fails_leaves_the_history_as_it_was(tmp_path: Path) -> None:
    """No half-written file, and no record of reports that do not agree."""
    run = made(tmp_path, 0, {1: (Reason.ALLOWED, 0)})
    broken = replace(run, answers=(b"{}\n",))
    with pytest.raises(IncompleteError):
        broken.recorded()
    assert len(list((tmp_path / "history").rglob("*.*"))) == 1


def test_the_history_reads_as_it_stands(tmp_path: Path) -> None:
    """Pandas and DuckDB take the folder for one table, with the day of the run as a column."""
    made(tmp_path, 0, {1: (Reason.ALLOWED, 0), 2: (Reason.UNDER_REVIEW, 0)})
    made(tmp_path, 1, {1: (Reason.UNDER_REVIEW, 0), 3: (Reason.THROTTLED, 0)})
    frame = pd.read_parquet(tmp_path / "history")
    assert len(frame) == 4
    assert sorted(map(str, frame["run_date"].unique())) == ["2026-11-22", "2026-11-23"]
    assert str(frame["checked_at"].dtype) == "datetime64[us, UTC]"
    table = duckdb.read_parquet(f"{tmp_path}/history/**/*.parquet", hive_partitioning=True)
    counts = table.aggregate("cast(run_date as varchar), count(*), sum((verdict = 'blocked')::int)").order("1")
    assert counts.fetchall() == [("2026-11-22", 2, 1), ("2026-11-23", 2, 1)]


def test_a_history_that_another_program_wrote_again(tmp_path: Path) -> None:
    """One file instead of many, columns in another order, one more of them: the stretches are the same."""
    for day, reason in enumerate([Reason.UNDER_REVIEW, Reason.UNDER_REVIEW, Reason.ALLOWED]):
        made(tmp_path, day, {1: (reason, 0)})
    history = tmp_path / "history"
    everything = duckdb.read_parquet(f"{history}/**/*.parquet", hive_partitioning=True)
    everything.project("1 as more, *").order("checked_at desc").write_parquet(f"{tmp_path}/all.parquet")
    for path in history.rglob("*.parquet"):
        path.unlink()
    (tmp_path / "all.parquet").rename(history / "run_date=2026-11-22" / "all.parquet")
    run = made(tmp_path, 3, {1: (Reason.UNDER_REVIEW, 0)}, made(tmp_path, 2.5, {1: (Reason.ALLOWED, 0)}))
    assert run.records("changes.csv")[0]["times_blocked"] == "2"


def test_files_of_the_history_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """They cost what they knew, and no run its reports."""
    run = made(tmp_path, 0, {1: (Reason.ALLOWED, 0)})
    (tmp_path / "history" / "run_date=2026-11-22" / "bad.parquet").write_bytes(b"PAR1")
    later = made(tmp_path, 1, {1: (Reason.UNDER_REVIEW, 0)}, run)
    assert report.snapshot_previous(later.stored, run.stored)[1] == ("bad.parquet",)


def test_any_two_runs(tmp_path: Path) -> None:
    """`compare` says of two runs what changes.csv would, with the later run's own knowledge of the past."""
    first = made(tmp_path, 0, {1: (Reason.UNDER_REVIEW, 0), 2: (Reason.ALLOWED, 0)})
    second = made(tmp_path, 1, {1: (Reason.ALLOWED, 0), 2: (Reason.ALLOWED, 0)}, first)
    third = made(tmp_path, 2, {1: (Reason.UNDER_REVIEW, 1), 3: (Reason.THROTTLED, 0)}, second)
    found = report.compare(first.stored, third.stored, "")
    records = found.table.to_pylist()
    assert [record["change"] for record in records] == ["re_reviewed", "not_compared", "gone_from_list"]
    assert records[0]["times_blocked"] == 2
    assert records[0]["blocked_since"] == datetime(2026, 2, 1, tzinfo=UTC)
    assert {change: count for change, count in found.counts.customers.items() if count} == {
        Change.RE_REVIEWED: 1,
        Change.GONE_FROM_LIST: 1,
        Change.NOT_COMPARED: 1,
    }


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two nights: of four customers two are blocked, one stays eligible, and one leaves."""
    folder = tmp_path_factory.mktemp("two")
    first = made(folder, 0, dict.fromkeys((1, 2, 3, 4), (Reason.ALLOWED, 0)))
    return [made(folder, 1, dict.fromkeys((1, 2), (Reason.UNDER_REVIEW, 0)) | {3: (Reason.ALLOWED, 0)}, first)]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("changes.csv", '"eligible","blocked"', '"eligible","eligible"'),
        ("changes.csv", '"Allowed","UnderReview"', '"Allowed","Allowed"'),
        ("changes.csv", guid(1), guid(2)),
        ("changes.csv", guid(1), guid(4)),
        (
            "changes.csv",
            '"eligible","blocked","Allowed","UnderReview","allowed","under_review"',
            '"eligible",,"Allowed",,"allowed",',
        ),
        ("changes.csv", "gone_from_list", "newly_eligible"),
        ("summary.json", '"blocked_and_not_before": 2', '"blocked_and_not_before": 1'),
        ("summary.json", '"newly_blocked": 2', '"newly_blocked": 1'),
    ],
)
def test_changes_forged_with_their_hashes_disagree_with_the_results(
    two: list[Run], tmp_path: Path, name: str, old: str, new: str
) -> None:
    """Verify finds each without rendering again."""
    (run,) = copied(two, tmp_path)
    content = (run.path / name).read_text(encoding="utf-8")
    assert old in content
    (run.path / name).write_text(content.replace(old, new, 1), encoding="utf-8")
    forge(run)
    with pytest.raises(IncompleteError, match=name):
        run.verify()


def test_the_snapshot_holds_words_in_the_order_of_its_records(tmp_path: Path) -> None:
    """So the same records are the same bytes, however the frame that they come from keeps its words."""
    states = [(Reason.NOT_ALLOWED, 0), (Reason.ALLOWED, 0), (Reason.THROTTLED, 0), (Reason.UNDER_REVIEW, 0)]
    run = made(tmp_path, 1, {2: states[1], 1: states[1]}, made(tmp_path, 0, dict(enumerate(states))))
    table = pyarrow.parquet.read_table(run.path / "before.parquet")
    for name in ("verdict", "status", "reason", "past_verdict"):
        column = table[name].combine_chunks()
        words = [word for word in dict.fromkeys(column.to_pylist()) if word is not None]
        assert column.dictionary.to_pylist() == words


VERDICT_REASONS = (Reason.ALLOWED, Reason.UNDER_REVIEW, Reason.THROTTLED)


def test_a_customer_of_each_verdict_leaves_and_another_joins(tmp_path: Path) -> None:
    """Every format of a run tells of the same customers, whatever was known of those that left: verify says so."""
    for number, reason in enumerate(VERDICT_REASONS):
        folder = tmp_path / reason
        first = made(folder, 0, {1: (reason, 0), 2: (Reason.ALLOWED, 0)})
        second = made(folder, 1, {2: (Reason.ALLOWED, 0), 3: (VERDICT_REASONS[number - 1], 0)}, first)
        second.render(list(report.FORMATS))
        second.verify()
