"""Which requests count against the quota, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.pacing import window
from auditor.core.pacing.window import LONGEST_REQUEST, Window

EMPTY = Window(3, 60.0)


def _sent(guard: Window, *times: float) -> Window:
    for now in times:
        guard = window.sent(guard, now)
    return guard


def test_a_request_counts_until_a_window_after_its_answer() -> None:
    """Sent at 0 and answered at 5, it counts until 65: only then the server surely does not count it any more."""
    guard = _sent(EMPTY, 0.0, 1.0, 2.0)
    assert window.wait(guard, 3.0) > 0
    guard = window.answered(guard, 5.0, 0.0)
    assert window.wait(guard, 64.0) == pytest.approx(1.0)
    assert window.wait(guard, 65.0) == 0.0


def test_without_an_answer_the_wait_is_a_window() -> None:
    """All requests are unanswered."""
    assert window.wait(_sent(EMPTY, 0.0, 0.0, 0.0), 10.0) == 60.0


def test_room_counts_sent_and_answered_requests() -> None:
    """One of each leave one of three."""
    guard = window.answered(_sent(EMPTY, 0.0, 1.0), 2.0, 0.0)
    assert window.room(guard, 3.0) == 1
    assert window.room(guard, 62.0) == 2


def test_an_answer_without_a_time_is_the_oldest_requests() -> None:
    """So is one to an unknown request."""
    guard = _sent(EMPTY, 0.0, 1.0)
    assert window.answered(guard, 2.0, None).in_flight == (1.0,)
    assert window.answered(guard, 2.0, 77.0).in_flight == (1.0,)
    assert window.answered(guard, 2.0, 1.0).in_flight == (0.0,)


def test_a_request_without_a_report_expires() -> None:
    """A lost report does not count for ever."""
    guard = _sent(EMPTY, 0.0, 0.0, 0.0)
    assert window.wait(guard, LONGEST_REQUEST + 59.0) > 0.0
    assert window.wait(guard, LONGEST_REQUEST + 60.0) == 0.0


@given(gaps=st.lists(st.floats(0.0, 0.01), min_size=1, max_size=3000))
def test_the_log_stays_short(gaps: list[float]) -> None:
    """A window of any number of requests needs at most about a thousand entries."""
    guard, now = Window(100_000, 6.0), 0.0
    for gap in gaps:
        now += gap
        guard = window.answered(window.sent(guard, now), now, now)
    assert guard.answered == sum(many for _, _, many in guard.answers)
    assert len(guard.answers) <= 1001


@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.tuples(st.floats(0, 40), st.booleans()), max_size=80),
)
def test_the_window_never_exceeds_the_limit(limit: int, steps: list[tuple[float, bool]]) -> None:
    """If every request waits its turn, with any answers at any time."""
    guard, now = Window(limit, 60.0), 0.0
    for gap, answers in steps:
        now += gap
        if answers and guard.in_flight:
            guard = window.answered(guard, now, guard.in_flight[-1])
        elif window.wait(guard, now) == 0.0:
            guard = window.sent(guard, now)
        assert window.room(guard, now) >= 0
        assert (window.room(guard, now) > 0) == (window.wait(guard, now) == 0.0)
