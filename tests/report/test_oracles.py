"""Every cell of changes.csv and of both summaries against the oracles, over generated runs that know of each other."""

import tempfile
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import NOON, Case, Run, answer, cases, guid, member, new_run, row

from auditor import journal
from auditor.core.model import Cause, Verdict
from auditor.core.results.money import add_up
from auditor.core.run_facts import Membership, MembershipSource, Presentation, RunFacts
from conftest import few_examples
from oracle import changes, evidence, summary
from oracle.facts import read_facts
from oracle.sums import Column as OracleColumn

MONEY = st.text("0123456789.,' +-$€US%\u00a0", max_size=9) | st.sampled_from(
    ["1,234", "1.234", "0.99", "2,50", "1 234,50", "$5", "€6", "EUR 7", "12,34,567.00", "n/a", "", "-5", "$-5", "1'000"]
)


def check(run: Run) -> None:
    """Compare what programs read of a run."""
    found = evidence.read(run.path)
    assert list(evidence.csv_records(run.path / "results.csv")) == found.records
    changes.check_changes(found)
    summary.check_summary(found)


def _made(folder: Path, case: Case, **facts: Any) -> Run:
    made = {"membership": case.membership, "selection": case.selection, **facts}
    return new_run(folder, case.rows, case.answers, case.members, **made)


@few_examples()
@given(cases(), cases(), cases(), st.sampled_from([None, 0, 1]))
def test_runs_that_know_of_each_other(first: Case, second: Case, third: Case, against: int | None) -> None:
    """Three runs, the last compared with one of the others or with none, of whom the history knows all the same."""
    with tempfile.TemporaryDirectory() as name:
        runs: list[Run] = []
        for place, case in enumerate((first, second, third)):
            began = NOON + timedelta(days=place)
            old = None if place < 2 or against is None else runs[against]
            later = [
                line | {"checked_at": line["checked_at"] and f"{began:%Y-%m-%d}T11:00:00Z"} for line in case.answers
            ]
            run = _made(Path(name) / f"{began:%Y%m%d}T120000Z", replace(case, answers=later), started_at=began)
            runs.append(run.compared_with(old).recorded())
            check(runs[-1])


@few_examples()
@given(cases(), st.data())
def test_sums_of_any_texts(case: Case, data: st.DataObject) -> None:
    """Two columns added up, of which one may have the name of a column of ours."""
    for line in case.rows:
        line["other"] = {"Tags": data.draw(st.none() | MONEY), "status": data.draw(MONEY)}
    with case.run() as run:
        presentation = Presentation(sums=("status", "Tags"))
        priced = _made(run.path / "priced", case, presentation=presentation)
        priced.render()
        check(priced)


@pytest.mark.parametrize(
    "facts",
    [
        {"cause": Cause.INTERRUPTED, "finished_at": None, "message": "the run ended without a word"},
        {"cause": Cause.SERVICE, "message": "20 of 20 answers were 503"},
        {"simulated": True, "max_undetermined": 9, "elapsed_seconds": 1.25, "pace": {"waited_seconds": None}},
        {"requests": {"throttled": 1, "sent": 3}, "lists": ("kunden-ü.csv",)},
        {"membership": Membership(MembershipSource.LIST, 2, complete=False, message="page 2: 500")},
    ],
)
def test_runs_of_every_kind(tmp_path: Path, facts: dict[str, Any]) -> None:
    """Stopped, killed, simulated; what is said of a run is what its journal says."""
    rows = [row(1, owner="ann"), row(2, owner="bo"), row("x"), row(1, owner="bo"), row(3)]
    answers = [
        answer(0, 1, "under_review"),
        answer(1, 2, "no_account_status", reused_from="r"),
        answer(4, 3, "throttled"),
    ]
    run = new_run(tmp_path / "r", rows, answers, [member(9)], **facts)
    run.render()
    check(run)
    assert read_facts(run.path) == run.facts == journal.read_facts(run.path)


PRICES = st.lists(st.tuples(st.none() | MONEY, st.sampled_from(Verdict), st.sampled_from(["", "ann"])), max_size=12)


@given(PRICES)
def test_both_ways_to_add_up_agree(rows: list[tuple[str | None, Verdict, str]]) -> None:
    """The oracle reads any text as the reports do, though by different code."""
    other = OracleColumn("Revenue")
    for text, verdict, owner in rows:
        other.add(owner, verdict, text)
    found = {
        (one.column, one.verdict, one.owner): (
            {currency: Fraction(amount) for currency, amount in one.amounts.items()},
            *(one.added, one.unparsed, one.empty),
        )
        for one in add_up("Revenue", [(owner, verdict, text, 1) for text, verdict, owner in rows])
    }
    assert {one[:3]: one[3:] for one in other.sums() if one.owner is not None or rows} == (found if rows else {})


FACTS = RunFacts(run_id="r", api="https://api.example", lists=("a.csv",), columns=("Tags",), started_at=NOON)


def _sessions(run: Path) -> bytes:
    """The journal of a run of two sessions, as the journal itself writes it."""
    with journal.Journal(run) as opened:
        opened.begin(FACTS, {"rate": 500})
        opened.begin_session()
        opened.end(Cause.DEADLINE, "the time is over", journal.SessionStats(1.5, {"sent": 3, "throttled": 1}))
        opened.begin_session()
        opened.add_member(guid(1), None)
        opened.set_membership(Membership(MembershipSource.SINGLY, 1, complete=False, message="403"))
        opened.end(Cause.FINISHED, "", journal.SessionStats(2.25, {"sent": 2}, {"waited_seconds": 0.5}))
    return (run / journal.JOURNAL).read_bytes()


@given(st.data())
def test_the_facts_are_those_that_the_journal_tells(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of several sessions, of a journal cut anywhere behind its header, of one with any byte changed."""
    run = tmp_path_factory.mktemp("run")
    whole = _sessions(run)
    cut = data.draw(st.integers(whole.index(b"\n") + 1, len(whole)))
    place = data.draw(st.integers(whole.index(b"\n") + 1, len(whole) - 1))
    changed = whole[:place] + data.draw(st.binary(min_size=1, max_size=1)) + whole[place + 1 :]
    for content in (whole, whole[:cut], changed):
        (run / journal.JOURNAL).write_bytes(content)
        assert read_facts(run) == journal.read_facts(run)
