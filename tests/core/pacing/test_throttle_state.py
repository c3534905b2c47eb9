"""How long a rejection pauses all workers, and when it may concern one customer only."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.pacing import rate

asked = st.floats(0, 300)


@given(asked=asked, in_vain=st.integers(0, 10_000))
def test_a_pause_is_retry_after_or_at_most_a_minute(asked: float, in_vain: int) -> None:
    """Never shorter than Retry-After, never longer than that or a minute, never zero."""
    seconds = rate.pause_seconds(asked, in_vain)
    assert asked <= seconds <= max(asked, 60.0)
    assert seconds > 0


@given(asked=asked)
def test_retry_after_is_followed_eight_times(asked: float) -> None:
    """Eight times in a row; without it a second, and then longer each time."""
    assert {rate.pause_seconds(asked, n) for n in range(rate.TRUSTED_PAUSES + 1)} == {asked} or asked == 0
    assert rate.pause_seconds(0, 1) == rate.FIRST_WAIT < rate.pause_seconds(0, 2)


@given(asked=asked, accepted=st.integers(0, 10_000))
def test_ignored_rejections_are_limited(asked: float, accepted: int) -> None:
    """At most one for every thirty answers, and none without an answer."""
    forgiven = 0
    while rate.is_per_customer_limit(asked, forgiven, accepted):
        forgiven += 1
    assert forgiven <= -(-accepted // rate.IGNORED_EVERY)
    assert (forgiven > 0) == (asked > rate.SHORT_PAUSE and accepted > 0)
