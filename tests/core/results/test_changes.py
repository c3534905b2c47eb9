"""What changed for one customer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.model import Verdict
from auditor.core.results.changes import CHANGES, Change, ChangeCounts, CustomerState, compare, is_newly_blocked

EARLIER, LATER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
ALLOWED, REVIEW = (
    CustomerState(Verdict.ELIGIBLE, "Allowed", EARLIER),
    CustomerState(Verdict.BLOCKED, "UnderReview", EARLIER),
)
LOST = CustomerState(Verdict.UNDETERMINED, None, None)

STATES = st.none() | st.builds(
    CustomerState,
    st.sampled_from(Verdict),
    st.sampled_from([None, "Allowed", "UnderReview", "NotAllowed"]),
    st.none() | st.integers(0, 3).map(lambda days: EARLIER + timedelta(days)),
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (ALLOWED, REVIEW, Change.NEWLY_BLOCKED),
        (REVIEW, ALLOWED, Change.NEWLY_ELIGIBLE),
        (REVIEW, CustomerState(Verdict.BLOCKED, "NotAllowed", EARLIER), Change.STATUS_MOVED),
        (ALLOWED, CustomerState(Verdict.ELIGIBLE, "NoStatus", None), Change.STATUS_MOVED),
        (REVIEW, CustomerState(Verdict.BLOCKED, "UnderReview", LATER), Change.RE_REVIEWED),
        (CustomerState(Verdict.BLOCKED, "UnderReview", LATER), REVIEW, None),
        (CustomerState(Verdict.BLOCKED, "UnderReview", None), REVIEW, None),
        (None, REVIEW, Change.NEW_IN_LIST),
        (REVIEW, None, Change.GONE_FROM_LIST),
        (LOST, REVIEW, Change.NOT_COMPARED),
        (REVIEW, LOST, Change.NOT_COMPARED),
        (None, LOST, Change.NOT_COMPARED),
        (LOST, None, Change.NOT_COMPARED),
        (None, None, None),
    ],
)
def test_each_change(before: CustomerState | None, after: CustomerState | None, expected: Change | None) -> None:
    """One case of each kind, and cases without a change."""
    assert compare(before, after) is expected


@given(STATES)
def test_nothing_changes_from_a_run_to_itself(state: CustomerState | None) -> None:
    """Compared with itself, a customer is unchanged or cannot be compared."""
    assert compare(state, state) in (None, Change.NOT_COMPARED)


@given(STATES, STATES)
def test_an_undetermined_customer_is_not_compared(before: CustomerState | None, after: CustomerState | None) -> None:
    """Undetermined is never a change; a customer known in both runs, or in one list only, is always compared."""
    unknown = any(state and state.verdict is Verdict.UNDETERMINED for state in (before, after))
    assert (compare(before, after) is Change.NOT_COMPARED) == unknown
    assert not (unknown and compare(before, after) in CHANGES)


@given(STATES, STATES)
def test_the_reverse_comparison(before: CustomerState | None, after: CustomerState | None) -> None:
    """Newly blocked, new and moved become newly eligible, removed and moved."""
    mirrored = {
        Change.NEWLY_BLOCKED: Change.NEWLY_ELIGIBLE,
        Change.NEWLY_ELIGIBLE: Change.NEWLY_BLOCKED,
        Change.NEW_IN_LIST: Change.GONE_FROM_LIST,
        Change.GONE_FROM_LIST: Change.NEW_IN_LIST,
        Change.STATUS_MOVED: Change.STATUS_MOVED,
        Change.NOT_COMPARED: Change.NOT_COMPARED,
    }
    change = compare(before, after)
    if change in mirrored:
        assert compare(after, before) is mirrored[change]
    else:
        assert compare(after, before) in (None, Change.RE_REVIEWED)


@given(STATES, STATES)
def test_newly_blocked_means_blocked_now_and_not_before(
    before: CustomerState | None, after: CustomerState | None
) -> None:
    """Every customer that is blocked now and was not known to be counts; one that was blocked does not."""
    blocked_now = after is not None and after.verdict is Verdict.BLOCKED
    blocked_before = before is not None and before.verdict is Verdict.BLOCKED
    assert is_newly_blocked(compare(before, after), after.verdict if after else None) == (
        blocked_now and not blocked_before
    )


def test_customers_not_compared_are_no_change() -> None:
    """The total counts changes only."""
    assert ChangeCounts(dict.fromkeys(Change, 1)).total == len(Change) - 1
