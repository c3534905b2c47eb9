"""Bars: as long as their counts, and no count is lost among the others."""

import re
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model import Reason, Verdict
from auditor.core.results.ledger import Ledger, Tally, build_ledger
from auditor.report.page import charts
from auditor.report.page.selection import ORDER

OWNERS = st.dictionaries(
    st.text("abc", max_size=3), st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99)), max_size=40
)
_REASONS = (Reason.UNDER_REVIEW, Reason.NOT_READY, Reason.ALLOWED)


def _days(*days: int | None) -> "pd.Series[Any]":
    return pd.Series(days, dtype=pd.ArrowDtype(pa.int32()))


def _ledger(owners: dict[str, tuple[int, int, int]]) -> Ledger:
    tallies = [
        Tally(reason, "", owner, rows, rows, rows)
        for owner, counts in owners.items()
        for reason, rows in zip(_REASONS, counts, strict=True)
        if rows
    ]
    return build_ledger(tallies, sum(map(sum, owners.values())), 0)


@given(OWNERS)
def test_the_bars_hold_every_row_once(owners: dict[str, tuple[int, int, int]]) -> None:
    """However many account managers there are, at most one bar more than is allowed, and the sums are the ledger's."""
    ledger = _ledger(owners)
    bars = charts.owner_bars(ledger)
    assert len(bars) <= charts.MOST_OWNERS + 1
    for place, verdict in enumerate(ORDER):
        assert sum(bar["counts"][place] for bar in bars) == ledger.rows_of(verdict)
    firsts = [bar["counts"][0] for bar in bars if bar["owner"] is not None]
    assert firsts == sorted(firsts, reverse=True)


@given(OWNERS)
def test_a_bar_is_as_long_as_its_count(owners: dict[str, tuple[int, int, int]]) -> None:
    """The longest takes the whole width, and the parts stand end to end."""
    bars = charts.owner_bars(_ledger(owners))
    longest = max((sum(bar["counts"]) for bar in bars), default=0)
    for bar in bars:
        shares = {part["kind"]: part["width"] for part in bar["parts"]}
        for verdict, count in zip(ORDER, bar["counts"], strict=True):
            assert shares.get(verdict, 0) == pytest.approx(100 * count / longest, abs=0.01)
        ends = [part["start"] + part["width"] for part in bar["parts"]]
        assert [part["start"] for part in bar["parts"][1:]] == pytest.approx(ends[:-1], abs=0.02)


def test_the_rest_is_one_bar() -> None:
    """It says of how many, and belongs to nobody."""
    bars = charts.owner_bars(_ledger({f"{n:02}": (99 - n, 0, 1) for n in range(20)}))
    assert (bars[-1]["label"], bars[-1]["owner"], bars[-1]["counts"]) == ("8 others", None, (sum(range(80, 88)), 0, 8))
    assert charts.owner_bars(_ledger({"": (1, 0, 0)}))[0]["label"] == "Unassigned"


def test_days_fall_into_their_stretch() -> None:
    """Both ends of each belong to it; whoever's days are not known is counted apart."""
    found = {bar["label"]: sum(bar["counts"]) for bar in charts.age_bars(_days(0, 3, 4, 7, 8, 365, 366, 4000, None))}
    assert {label: rows for label, rows in found.items() if rows} == {
        "up to 3 days": 2,
        "4 to 7 days": 2,
        "8 to 14 days": 1,
        "181 to 365 days": 1,
        "over a year": 2,
        "not known": 1,
    }
    assert "not known" not in {bar["label"] for bar in charts.age_bars(_days(1))}
    assert all(not bar["parts"] for bar in charts.age_bars(_days()))


@given(st.lists(st.integers(0, 9)))
def test_half_of_them_are_as_old_as_the_median(days: list[int]) -> None:
    """The note says so, and how old the oldest is; it says nothing where nobody is under review."""
    note = charts.ages_note(_days(*days, None))
    if not days:
        assert note == ""
        return
    median, longest = (int(number) for number in re.findall(r"\d+", note))
    assert 2 * sum(age >= median for age in days) >= len(days)
    assert 2 * sum(age <= median for age in days) >= len(days)
    assert longest == max(days)


def test_verdicts_are_in_one_order() -> None:
    """All three, what asks for action first."""
    assert ORDER == (Verdict.BLOCKED, Verdict.UNDETERMINED, Verdict.ELIGIBLE)
