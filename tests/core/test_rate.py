"""`rate`: the pace and the gate, with time as an argument."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.core import rate


def _departures(state: rate.Rate, count: int, now: float = 0.0) -> list[float]:
    """When `count` requests leave if they leave as soon as they may."""
    times = []
    for _ in range(count):
        now += rate.wait(state, now)
        state = rate.sent(state, now)
        times.append(now)
    return times


def test_the_pace_is_smooth() -> None:
    """At 500 a minute a request leaves every 0.12 s, the first at once."""
    times = _departures(rate.start(500, 0.0), 101)
    assert times[0] == 0.0
    assert abs(times[-1] - 12.0) < 1e-6
    assert max(b - a for a, b in pairwise(times)) < 0.1201


@given(per_minute=st.floats(1, 100_000), delays=st.lists(st.floats(0, 90), max_size=60))
def test_no_minute_holds_more_than_the_limit(per_minute: float, delays: list[float]) -> None:
    """However late the timers are, the excess over the pace is a quarter second's worth and one request."""
    state, now, times = rate.start(per_minute, 0.0), 0.0, []
    for delay in delays:
        now += rate.wait(state, now) + delay
        state = rate.sent(state, now)
        times.append(now)
    for start in times:
        inside = sum(1 for t in times if start <= t < start + rate.WINDOW)
        assert inside <= per_minute + per_minute / 60 * 0.25 + 2


def test_zero_does_not_pace_but_the_gate_holds() -> None:
    """`--rate 0` sends as fast as it can, yet waits when the server says so."""
    state = rate.start(0, 0.0)
    assert _departures(state, 1000)[-1] == 0.0
    assert rate.wait(rate.rejected(state, 0.0, 0.5, 7.0), 0.5) == 7.0


def test_one_closing_for_all_that_was_on_its_way() -> None:
    """Rejections of requests sent before the gate opened belong to the same closing and only lengthen it."""
    state = rate.rejected(rate.start(500, 0.0), 0.0, 1.0, 10.0)
    late = rate.rejected(state, 0.5, 2.0, 10.0)
    assert (late.gate, late.closed_in_a_row) == (12.0, state.closed_in_a_row)


def test_without_retry_after_the_wait_doubles_up_to_the_window() -> None:
    """A server that only says no is asked ever more rarely, but at least once a minute."""
    state, now, waits = rate.start(500, 0.0), 0.0, []
    for _ in range(9):
        state = rate.rejected(state, now, now, None)
        waits.append(rate.wait(state, now))
        now = state.gate
    assert waits == [2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]


def test_an_accepted_request_ends_the_doubling() -> None:
    """Patience starts anew as soon as anything gets through."""
    state = rate.rejected(rate.rejected(rate.start(500, 0.0), 0.0, 0.0, None), 5.0, 5.0, None)
    assert state.closed_in_a_row == 2
    assert rate.rejected(rate.accepted(state), 100.0, 100.0, None).closed_in_a_row == 0
