"""What verify finds in changes.csv, in before.parquet and in the sums."""

import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_support import Run, answer, forge, new_run, row

from auditor import report
from auditor.core.model import Verdict
from auditor.core.presentation import Presentation
from auditor.core.results.money import Column
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.report.schema import results_schema
from auditor.report.sums_check import Adding

MONEY = {"other": {"Revenue": "1,200.50"}}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One customer newly blocked, one gone, one new; a column added up."""
    shown = Presentation(sums=("Revenue",))
    old = new_run(tmp_path / "a", [row(1, owner="ann", **MONEY), row(2)], [answer(0, 1), answer(1, 2)]).compared_with()
    old.recorded()
    rows = [
        row(1, owner="ann", **MONEY),
        row(3, owner="bo", other={"Revenue": "many"}),
        row("x", other={"Revenue": "7"}),
    ]
    answers = [answer(0, 1, "under_review"), answer(1, 3)]
    return new_run(tmp_path / "b", rows, answers, presentation=shown).compared_with(old).recorded()


def test_what_a_run_says_of_changes_and_sums(run: Run) -> None:
    """In changes.csv and in both summaries."""
    assert [record["change"] for record in run.records("changes.csv")] == [
        "newly_blocked",
        "new_in_list",
        "gone_from_list",
    ]
    table = run.records("summary.csv")
    changes = {
        line["change"]: line["customers"] for line in table if line["scope"] == "change" and line["customers"] != "0"
    }
    assert changes == {"newly_blocked": "1", "new_in_list": "1", "gone_from_list": "1"}
    sums = {
        (line["verdict"], line["owner"]): line for line in table if line["scope"] == "sum_owner" and line["rows"] != "0"
    }
    assert {key: line["total"] for key, line in sums.items()} == {
        ("blocked", "ann"): "1200.50",
        ("undetermined", ""): "7",
    }
    (unparsed,) = [line for line in table if line["scope"] == "sum" and line["unparsed"] != "0"]
    assert (unparsed["verdict"], unparsed["unparsed"]) == ("eligible", "1")
    assert report.verify(run.path).changes is not None


def _first(name: str, old: str, new: str) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        path = run.path / name
        content = path.read_text(encoding="utf-8")
        assert old in content
        path.write_text(content.replace(old, new, 1), encoding="utf-8")

    return change


def _without(name: str) -> Callable[[Run], None]:
    def change(run: Run) -> None:
        (run.path / name).unlink()
        path = run.path / "manifest.json"
        begin, entry, end = path.read_text().partition(f'    {{\n      "name": "{name}"')
        assert entry
        path.write_text(begin + end.partition("    },\n")[2])

    return change


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_first("changes.csv", "newly_blocked", "status_moved"), "changes.csv, record 1, change"),
        (_first("changes.csv", '"eligible","blocked"', '"blocked","blocked"'), "changes.csv, record 1, verdict_before"),
        (_first("changes.csv", ",1\n", ",2\n"), "changes.csv, record 1, times_blocked"),
        (_first("changes.csv", "gone_from_list", "not_compared"), "changes.csv, record 3, change"),
        (_first("summary.json", '"newly_blocked": 1', '"newly_blocked": 0'), "summary.json, changes, customers"),
        (_first("summary.json", '"blocked_and_not_before": 1', '"blocked_and_not_before": 0'), "summary.json, changes"),
        (_first("summary.csv", "change,,,,,0,1,,newly_blocked", "change,,,,,0,2,,newly_blocked"), "summary.csv, scope change"),
        (_first("summary.json", '"total": "1200.50"', '"total": "1200.51"'), "summary.json, sums"),
        (_first("summary.csv", "1200.50", "1300.50"), "summary.csv, scopes sum and sum_owner"),
        (_without("changes.csv"), "changes.csv: is missing"),
        (_without("before.parquet"), "before.parquet: is missing"),
        (lambda run: (run.path / "before.parquet").write_bytes(b"PAR1"), "before.parquet: SHA-256"),
    ],
)  # fmt: skip
def test_files_forged_with_their_hashes_still_disagree(run: Run, change: Callable[[Run], None], named: str) -> None:
    """Whoever changes what is told of changes and money, and the manifest with it, is found out."""
    change(run)
    forge(run)
    with pytest.raises(IncompleteError, match=re.escape(named)):
        report.verify(run.path)


def test_another_before_is_not_rendered_from(run: Run) -> None:
    """The journal says which it is."""
    (run.path / "before.parquet").write_bytes(b"PAR1")
    with pytest.raises(IncompleteError, match=r"before\.parquet"):
        run.render()


TEXTS = st.text("0123456789.,' +-$€US%\u00a0", max_size=9) | st.sampled_from(
    ["1,234", "1.234", "0.99", "2,50", "1 234,50", "$5", "€6", "EUR 7", "12,34,567.00", "n/a", "", "-5", "$-5", "1'000"]
)
ROWS = st.lists(st.tuples(st.none() | TEXTS, st.sampled_from(Verdict), st.sampled_from(["", "ann"])), max_size=12)


@given(ROWS)
def test_both_ways_to_add_up_agree(rows: list[tuple[str | None, Verdict, str]]) -> None:
    """Reports and verify read any text alike, though by different code."""
    column = Column("Revenue")
    facts = RunFacts(
        run_id="r",
        api="",
        columns=("Revenue",),
        started_at=None,  # type: ignore[arg-type] # not looked at
        presentation=Presentation(sums=("Revenue",)),
    )
    adding = Adding(facts)
    header = results_schema(facts.columns).names
    for text, verdict, owner in rows:
        column.add(owner, verdict, text)
        told = {"verdict": verdict.value, "owner": owner, "Revenue": text}
        adding.take(tuple(told.get(name) for name in header))
    assert {one[:3]: one[3:] for one in adding.told()} == {
        (one.column, one.verdict, one.owner): (Fraction(Decimal(one.total)), one.added, one.unparsed, one.empty)
        for one in column.sums()
    }
