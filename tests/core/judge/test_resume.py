"""What is left to ask: wanted minus done, by rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.resume import RowSet, pending_customers

ROWS = st.integers(0, 40)


@given(st.integers(41, 60), st.lists(st.tuples(st.booleans(), ROWS)))
def test_a_row_set_is_a_set_of_rows(rows: int, steps: list[tuple[bool, int]]) -> None:
    """Whatever is taken in and out, it holds what a set would."""
    found, expected = RowSet(rows), set[int]()
    for taken_in, row in steps:
        (found.add if taken_in else found.discard)(row)
        (expected.add if taken_in else expected.discard)(row)
    assert {row for row in range(-1, rows + 9) if row in found} == expected
    assert len(found) == len(expected)
    assert "0" not in found


@pytest.mark.parametrize("row", [-1, 8, 2**40])
def test_a_row_that_there_is_not_cannot_be_taken_in(row: int) -> None:
    """It would be another's bit, or none."""
    for change in (RowSet(8).add, RowSet(8).discard):
        with pytest.raises(IndexError):
            change(row)


@given(st.sets(ROWS), st.sets(ROWS))
def test_who_is_asked_is_wanted_and_not_done(wanted: set[int], done: set[int]) -> None:
    """In list order, each once."""
    items = [(row, f"customer {row}") for row in sorted(wanted)]
    assert list(pending_customers(items, done)) == [item for item in items if item[0] not in done]
