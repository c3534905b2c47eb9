"""Outages: when requests are held, when a probe is sent, and when the run ends."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.judge.outage import (
    FAILURES,
    LONGEST,
    NOT_YET_ANSWERED,
    REACHABLE,
    Outage,
    failed,
    has_lasted_too_long,
    sent,
    wait,
)


def _failing(state: Outage, times: int, now: float = 100.0) -> Outage:
    for _ in range(times):
        state = failed(state, now, now)
    return state


def test_ten_failures_start_an_outage() -> None:
    """Fewer may concern one customer only."""
    assert wait(_failing(REACHABLE, FAILURES - 1), 100.0) == 0.0
    held = _failing(REACHABLE, FAILURES)
    assert held.held
    assert wait(held, 100.0) == 1.0
    assert wait(held, 101.0) == 0.0


def test_a_service_that_never_answered_is_no_outage() -> None:
    """A wrong URL is found by the breaker, without a wait of five minutes."""
    assert not _failing(NOT_YET_ANSWERED, 1000).held


def test_one_probe_at_a_time_each_after_a_longer_pause() -> None:
    """Failures of requests sent before the outage change nothing."""
    state, now, gaps = _failing(REACHABLE, FAILURES), 101.0, list[float]()
    for _ in range(7):
        assert wait(state, now) == 0.0
        state = sent(state, now)
        assert wait(state, now + 0.5) > 0.0
        assert failed(state, now - 50.0, now) == state
        state = failed(state, now, now)
        gaps.append(state.next_probe - now)
        now = state.next_probe
    assert gaps == [2.0, 4.0, 8.0, 15.0, 15.0, 15.0, 15.0]


def test_an_outage_ends_after_five_minutes() -> None:
    """Then the run ends."""
    held = _failing(REACHABLE, FAILURES)
    assert not has_lasted_too_long(held, 100.0 + LONGEST - 1.0)
    assert has_lasted_too_long(held, 100.0 + LONGEST)
    assert not has_lasted_too_long(REACHABLE, 1e9)


@given(steps=st.lists(st.tuples(st.sampled_from(["fails", "leaves"]), st.floats(0.0, 60.0)), max_size=60))
def test_a_probe_can_always_be_sent_later(steps: list[tuple[str, float]]) -> None:
    """The wait is never negative, and at most a second at a time."""
    state, now = REACHABLE, 0.0
    for what, seconds in steps:
        now += seconds
        state = failed(state, state.probe or now, now) if what == "fails" else sent(state, now)
        assert 0.0 <= wait(state, now) <= 1.0
    if state.probe is None:
        assert wait(state, now + 15.0) == 0.0
