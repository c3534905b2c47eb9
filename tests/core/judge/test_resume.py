"""Customers that are still to be asked: wanted minus done, by rows."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.retry import pending_customers

ROWS = st.integers(0, 40)


@given(st.sets(ROWS), st.sets(ROWS))
def test_pending_customers_are_wanted_and_not_done(wanted: set[int], done: set[int]) -> None:
    """In list order, each once."""
    items = [(row, f"customer {row}") for row in sorted(wanted)]
    assert list(pending_customers(items, done)) == [item for item in items if item[0] not in done]
