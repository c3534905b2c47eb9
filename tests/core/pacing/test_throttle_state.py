"""How long a rejection pauses all workers, and when it may concern one customer only."""

from hypothesis import given
from hypothesis import strategies as st

from auditor.core.pacing import rate

asked = st.floats(0, 300)


@given(asked=asked, in_vain=st.integers(0, 10_000))
def test_it_is_closed_as_long_as_asked_and_a_minute_at_most_beyond(asked: float, in_vain: int) -> None:
    """Never shorter than the server asked for, never longer than that or a minute, never for nothing."""
    seconds = rate.pause_seconds(asked, in_vain)
    assert asked <= seconds <= max(asked, 60.0)
    assert seconds > 0


@given(asked=asked)
def test_what_is_asked_for_is_believed_at_first(asked: float) -> None:
    """As it was said, eight times in a row; where nothing was said, a second, and then longer each time."""
    assert {rate.pause_seconds(asked, n) for n in range(rate.BELIEVED + 1)} == {asked} or asked == 0
    assert rate.pause_seconds(0, 1) == rate.FIRST_WAIT < rate.pause_seconds(0, 2)


@given(asked=asked, accepted=st.integers(0, 10_000))
def test_no_more_is_forgiven_than_its_share(asked: float, accepted: int) -> None:
    """However a server contradicts itself, one doubt for every thirty answers, and none without an answer."""
    forgiven = 0
    while rate.is_per_customer_limit(asked, forgiven, accepted):
        forgiven += 1
    assert forgiven <= -(-accepted // rate.IGNORED_EVERY)
    assert (forgiven > 0) == (asked > rate.DOUBTED and accepted > 0)
