"""Which records the page has, in what order, and since when."""

from collections import Counter
from typing import Any

import pytest
from page_support import ago, told

from auditor.core.model import Verdict
from auditor.report.page.content import page
from auditor.report.page.records import collect, own_columns, values


def _blocked(*days: int | None, **given: Any) -> list[dict[str, Any]]:
    dates = [None if age is None else ago(age) for age in days]
    return [{"reason": "under_review", "last_update": date, **given} for date in dates]


def test_blocked_longest_first() -> None:
    """Whoever is blocked since nobody knows when stands last; equal ages stand in the list's order."""
    shown = collect(told(_blocked(3, None, 40, 3, 0)))
    assert values(shown.blocked, "days") == [40, 3, 3, 0, None]
    assert values(shown.blocked, "place") == [3, 1, 4, 5, 2]


@pytest.mark.parametrize(
    ("last_update", "since", "days"),
    [(ago(5), None, 5), (ago(5), ago(9), 9), (ago(9), ago(5), 9), (None, ago(5), 5), (None, None, None)],
)
def test_since_is_the_earlier_of_what_is_known(last_update: Any, since: Any, days: int | None) -> None:
    """The status may have moved within a stretch that earlier runs saw begin."""
    shown = collect(told([{"reason": "not_allowed", "last_update": last_update, "blocked_since": since}]))
    assert values(shown.blocked, "days") == [days]


def test_a_list_may_have_columns_of_any_name() -> None:
    """`change`, `first` and `place` of the list's own are not taken for those of the documents."""
    columns = ("change", "first", "place", "days", "own.0")
    own = {name: f"the list's {name}" for name in columns}
    shown = collect(told([{"reason": "allowed", "own": own}, {"reason": "allowed", "own": own}], columns))
    assert [values(shown.eligible, name) for name in own_columns(shown.eligible)] == [
        [text] * 2 for text in own.values()
    ]
    assert values(shown.eligible, "change") == [None, None]
    assert values(shown.eligible, "place") == [1, 2]


def test_a_long_list_has_what_asks_for_action() -> None:
    """The longest blocked, the first undetermined, the eligible that changed; and the page says what is missing."""
    records = _blocked(*range(20)) + [{"reason": "not_ready"}] * 9 + [{"reason": "allowed"}] * 5
    records += [{"reason": "allowed", "change": "newly_eligible"}]
    tale = told(records, tables=("results.csv",))
    shown = collect(tale, whole=10, part=4)
    assert values(shown.blocked, "days") == [19, 18, 17, 16]
    assert values(shown.undetermined, "place") == [21, 22, 23, 24]
    assert values(shown.eligible, "place") == [35]
    assert (shown.whole, shown.count) == (False, 9)
    said = page(tale, shown)["left_out"]
    assert "Of its 20 blocked rows this page has the 4 that are blocked longest; blocked.csv" in said["blocked"]
    assert "Of its 9 undetermined rows this page has the first 4" in said["undetermined"]
    assert "Of its 6 eligible rows this page has the 1 for which something changed" in said["eligible"]


def test_an_ordinary_list_has_everything() -> None:
    """And nothing is said to be missing."""
    tale = told([*_blocked(1, 2), {"reason": "allowed"}, {"reason": "not_ready"}])
    shown = collect(tale)
    assert shown.whole
    assert list(map(len, shown.parts)) == [2, 1, 1]
    assert set(page(tale, shown)["left_out"].values()) == {""}


def test_what_is_counted_is_counted_over_all_records() -> None:
    """Ages and the baseline's verdicts do not depend on how much of the list the page has."""
    records = [
        *_blocked(3, 3, 8, None, verdict_before="eligible"),
        {"reason": "not_allowed", "verdict_before": "blocked"},
    ]
    for whole in (100, 1):
        shown = collect(told([*records, {"reason": "allowed", "verdict_before": "blocked", "first": False}]), whole, 1)
        assert shown.ages == Counter({3: 2, 8: 1, None: 1})
        assert shown.before == Counter({Verdict.ELIGIBLE: 4, Verdict.BLOCKED: 1})
