"""The folded history against its plain definition: all answers of a customer in the order of their times."""

import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
from hypothesis import example, given
from hypothesis import strategies as st
from report_support import NOON, guid

from auditor.core.run_facts import RunFacts
from auditor.report.history.earlier import read_stretches
from auditor.report.history.store import FOLDER, RECORDS, path_of
from conftest import many_examples

API = "https://api.example"
VERDICTS = ("eligible", "blocked", "undetermined")
RUN = st.dictionaries(
    st.integers(1, 2), st.tuples(st.sampled_from(VERDICTS), st.integers(0, 4)), min_size=1, max_size=2
)
"""Of a run: customer -> (verdict, hours between noon of the first day and the answer), so many answers are late."""
DAY = st.integers(0, 4)
STEP = st.one_of(
    st.tuples(st.just("write"), DAY, RUN),
    st.tuples(st.just("write"), DAY, RUN),
    st.tuples(st.just("remove"), DAY, st.none()),
    st.tuples(st.just("touch"), DAY, st.none()),
    st.tuples(st.just("damage"), st.none(), st.none()),
)
"""What happens to the history: the run of a day is written (or replaced), removed, or touched; the snapshot is damaged."""
STEPS = st.lists(st.tuples(STEP, st.lists(st.sampled_from([2, 8, 8, 8]), max_size=1)), min_size=1, max_size=8)
"""Steps, and after each the days whose runs read the history."""


def began(day: int) -> datetime:
    """When the run of a day began."""
    found: datetime = NOON + timedelta(days=day)
    return found


def facts_of(day: int) -> RunFacts:
    """The run of a day."""
    return RunFacts(run_id=f"{began(day):%Y%m%dT%H%M%SZ}", api=API, started_at=began(day))


def file_of(history: Path, day: int) -> Path:
    """Its file."""
    return path_of(history, facts_of(day).run_id, began(day))


def write(history: Path, day: int, known: dict[int, tuple[str, int]], **given: Any) -> None:
    """Store the run of a day."""
    file = file_of(history, day)
    file.parent.mkdir(parents=True, exist_ok=True)
    records = [
        {
            "run_id": facts_of(day).run_id,
            "started_at": began(day),
            "api": API,
            "validation_type": "account",
            "customer_id": guid(customer),
            "verdict": verdict,
            "reason": "allowed",
            "checked_at": NOON + timedelta(hours=hours),
            **given,
        }
        for customer, (verdict, hours) in known.items()
    ]
    pyarrow.parquet.write_table(pa.Table.from_pylist(records, RECORDS), file)


def plain(runs: dict[int, dict[int, tuple[str, int]]], day: int) -> dict[int, tuple[str, datetime, int]]:
    """The definition. Customer -> (verdict, since, times blocked): of runs that began earlier, in the order of the answers."""
    found: dict[int, tuple[str, datetime, int]] = {}
    answers = [
        (hours, earlier, customer, verdict)
        for earlier, known in runs.items()
        if earlier < day
        for customer, (verdict, hours) in known.items()
        if verdict != "undetermined"
    ]
    for hours, _, customer, verdict in sorted(answers):
        if customer in found and found[customer][0] == verdict:
            continue
        times = found[customer][2] if customer in found else 0
        found[customer] = verdict, NOON + timedelta(hours=hours), times + (verdict == "blocked")
    return found


def read(history: Path, day: int, customers: tuple[int, ...] = (1, 2, 3, 4), **given: Any) -> dict[int, Any]:
    """The same, as the run of a day reads it."""
    ids = pa.array([guid(customer) for customer in customers])
    frame, unread = read_stretches(history, facts_of(day), ids, **given)
    assert unread == ()
    records = zip(
        *(frame[name].tolist() for name in ("customer", "past_verdict", "since", "times_blocked")), strict=True
    )
    return {customers[number]: (verdict, since.to_pydatetime(), times) for number, verdict, since, times in records}


def apply(history: Path, runs: dict[int, Any], step: tuple[str, Any, Any], moment: int) -> None:
    """Let one step happen."""
    kind, day, known = step
    if kind == "write":
        write(history, day, known)
        runs[day] = known
    elif kind == "remove":
        file_of(history, day).unlink(missing_ok=True)
        runs.pop(day, None)
    elif kind == "touch" and day in runs:
        replaced(file_of(history, day), moment)
    elif kind == "damage":
        for file in history.glob(".state/*"):
            file.write_bytes(file.read_bytes()[: -1 - moment])


def replaced(file: Path, moment: int) -> None:
    """Give a file another time."""
    os.utime(file, ns=(moment, moment))


@given(STEPS)
@example([(("write", 2, {1: ("blocked", 1)}), [8]), (("write", 1, {1: ("eligible", 1)}), [])])
@example([(("write", 1, {1: ("eligible", 1)}), [8]), (("write", 2, {1: ("blocked", 1)}), [])])
@many_examples()
def test_whatever_happens_to_the_files_a_run_reads_what_the_definition_says(steps: list[Any]) -> None:
    """Late answers, replaced, removed and copied files, runs that are read out of turn, a damaged snapshot."""
    with tempfile.TemporaryDirectory() as name:
        history, runs = Path(name) / FOLDER, dict[int, Any]()
        history.mkdir()
        for moment, (step, readers) in enumerate(steps):
            apply(history, runs, step, moment)
            for day in [*readers, *([8] if moment == len(steps) - 1 else [])]:
                assert read(history, day) == plain(runs, day)
