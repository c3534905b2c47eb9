"""Which records the page has, in what order, and since when."""

from collections import Counter
from typing import Any

import pandas as pd
import pytest
from page_support import ago, changed, run_data
from report_support import guid

from auditor.core.model import Verdict
from auditor.core.results import CaseGroup
from auditor.report.data import RunData
from auditor.report.page import selection
from auditor.report.page.context import build_context
from auditor.report.page.selection import ORDER, PageSelection, select
from auditor.report.records import NO_CUSTOMER
from auditor.report.schema import own_columns, to_arrow


def _values(records: pd.DataFrame, name: str) -> list[Any]:
    return list(to_arrow(records[name]).to_pylist())


def _long(monkeypatch: pytest.MonkeyPatch, data: RunData, most_rows: int, most_of_verdict: int) -> PageSelection:
    """The selection where so few rows make a long list."""
    monkeypatch.setattr(selection, "MOST_ROWS", most_rows)
    monkeypatch.setattr(selection, "MOST_OF_VERDICT", most_of_verdict)
    return select(data)


def _blocked(*days: int | None, **given: Any) -> list[dict[str, Any]]:
    dates = [None if age is None else ago(age) for age in days]
    return [{"reason": "under_review", "last_update": date, "blocked_since": date, **given} for date in dates]


def test_blocked_customers_are_in_the_order_of_the_cases() -> None:
    """New ones first, old ones last, the youngest first in each; who is blocked since nobody knows when is the last of its group."""
    records = _blocked(3, None, 40, 400, 0, verdict_before="blocked") + _blocked(700, 5, verdict_before="eligible")
    shown = select(run_data(records, changes=changed([])))
    assert _values(shown.of(Verdict.BLOCKED), "days") == [5, 700, 0, 3, 40, None, 400]
    assert _values(shown.of(Verdict.BLOCKED), "place") == [7, 6, 5, 1, 3, 2, 4]
    assert [_values(shown.of_group(group), "place") for group in CaseGroup] == [[7, 6], [5, 1, 3, 2], [4]]
    assert shown.groups == {CaseGroup.NEW: 2, CaseGroup.OPEN: 4, CaseGroup.OLD: 1}


def test_a_customer_on_several_rows_is_on_the_page_once() -> None:
    """With the account managers and own texts of all its rows; a row without a customer stands for itself."""
    twice: dict[str, Any] = {"customer": 0, "customer_id": guid(0)}
    records: list[dict[str, Any]] = [
        {"reason": "allowed", "owner": "ann", "own": {"Tags": "gold"}, **twice},
        {"reason": "allowed", "owner": "bo", "own": {"Tags": "gold"}, **twice},
        *[{"reason": "invalid_id", "raw_id": "x", "customer_id": None, "customer": NO_CUSTOMER}] * 2,
    ]
    shown = select(run_data(records, ("Tags",)))
    assert _values(shown.of(Verdict.ELIGIBLE), "owner") == ["ann; bo"]
    assert _values(shown.of(Verdict.ELIGIBLE), "own.0") == ["gold"]
    assert _values(shown.of(Verdict.UNDETERMINED), "place") == [3, 4]
    assert [shown.found[verdict] for verdict in ORDER] == [0, 2, 1]


@pytest.mark.parametrize(
    ("last_update", "since", "days"), [(ago(5), None, 5), (ago(5), ago(9), 9), (None, ago(5), 5), (None, None, None)]
)
def test_since_is_the_earliest_that_is_known(last_update: Any, since: Any, days: int | None) -> None:
    """The status may have changed while the customer was blocked all the time; `blocked_since` is never after `last_update`."""
    shown = select(run_data([{"reason": "not_allowed", "last_update": last_update, "blocked_since": since}]))
    assert _values(shown.of(Verdict.BLOCKED), "days") == [days]


def test_a_list_may_have_columns_of_any_name() -> None:
    """`change`, `first` and `place` of the list's own are not taken for those of the documents."""
    columns = ("change", "first", "place", "days", "own.0")
    own = {name: f"the list's {name}" for name in columns}
    shown = select(run_data([{"reason": "allowed", "own": own}, {"reason": "allowed", "own": own}], columns))
    eligible = shown.of(Verdict.ELIGIBLE)
    assert [_values(eligible, name) for name in own_columns(len(columns))] == [[text] * 2 for text in own.values()]
    assert _values(shown.of(Verdict.ELIGIBLE), "change") == [None, None]
    assert _values(shown.of(Verdict.ELIGIBLE), "place") == [1, 2]


def test_a_long_list_has_what_needs_action(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first blocked cases, the first undetermined, the eligible that changed; and the page says what is missing."""
    records = _blocked(*range(20)) + [{"reason": "not_ready"}] * 9 + [{"reason": "allowed"}] * 5
    records += [{"reason": "allowed", "change": "newly_eligible"}]
    data = run_data(records, tables=("results.csv",))
    shown = _long(monkeypatch, data, 10, 4)
    assert _values(shown.of(Verdict.BLOCKED), "days") == [0, 1, 2, 3]
    assert _values(shown.of(Verdict.UNDETERMINED), "place") == [21, 22, 23, 24]
    assert _values(shown.of(Verdict.ELIGIBLE), "place") == [35]
    assert len(shown.records) == 9
    said = build_context(data, shown)["left_out"]
    assert "Of its 20 customers that are blocked this page has the first 4. blocked.csv has all" in said["blocked"]
    assert "Of its 9 customers that are not verified this page has the first 4." in said["undetermined"]
    assert "Of its 6 customers that are not blocked this page has the 1 for which something changed" in said["eligible"]


def test_an_ordinary_list_has_everything() -> None:
    """And nothing is said to be missing."""
    data = run_data([*_blocked(1, 2), {"reason": "allowed"}, {"reason": "not_ready"}])
    shown = select(data)
    assert [len(shown.of(verdict)) for verdict in ORDER] == [2, 1, 1]
    assert set(build_context(data, shown)["left_out"].values()) == {""}


@pytest.mark.parametrize("most", [100, 1])
def test_what_is_counted_is_counted_over_all_records(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Ages and the difference to the baseline do not depend on how much of the list the page has."""
    records = [
        *_blocked(3, 3, 8, None, verdict_before="eligible"),
        {"reason": "not_allowed", "verdict_before": "blocked"},
        {"reason": "allowed", "verdict_before": "blocked", "first_row": False},
    ]
    data = run_data(records, changes=changed([]))
    shown = _long(monkeypatch, data, most, 1)
    ages = Counter(None if pd.isna(days) else days for days in shown.under_review)
    assert ages == Counter({3: 2, 8: 1, None: 1})
    # 5, 0 and 1 customers now; 1, 0 and 4 in the baseline
    assert [card["change"][1].partition(" since")[0] for card in build_context(data, shown)["cards"]] == [
        "+4",
        "As many as in the last audit (21 Nov 2026)",
        "−3",
    ]
