"""The learned rate follows from the accepted requests."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.pacing import learning
from auditor.core.pacing.learning import Learned, RememberedRate

CAP = 500 / 60


def _after(learned: Learned, *epochs: tuple[int, float]) -> Learned:
    """The state after epochs of (accepted, seconds), each ended by a rejection with a Retry-After of one second."""
    now = learned.began
    for accepted, seconds in epochs:
        now += seconds
        learned = learning.resumed(learning.paused(learned, learning.pace(learned, CAP, now), 1.0), accepted, now)
    return learned


def test_the_estimate_is_accepted_requests_by_time() -> None:
    """Epochs of ten seconds with forty accepted: four a second."""
    learned = _after(Learned(CAP, since=0.0), *[(40, 10.0)] * 4)
    assert learned.per_second == pytest.approx(4.0)


def test_the_rate_of_an_earlier_run_is_half_of_the_estimate() -> None:
    """A first epoch with a full bucket cannot hide what the last run learned."""
    recalled = learning.resume_learning(RememberedRate(4.0), 0.0)
    assert learning.pace(recalled, CAP, 0.0) == pytest.approx(4.0, rel=0.05)
    good = learning.resumed(replace(recalled, at_pause=CAP), 80, 10.0)
    assert good.per_second == pytest.approx((4.0 * 18.75 + 80) / 28.75, rel=0.01)


def test_the_first_burst_is_forgotten() -> None:
    """The first epoch of an unknown limit shows what had accumulated: it sets the rate and is then forgotten."""
    burst = _after(Learned(math.inf), (500, 5.0))
    assert (burst.per_second, burst.epochs) == (100.0, ())
    assert learning.pace(burst, CAP, burst.began) == CAP
    assert _after(burst, (40, 10.0)).per_second == pytest.approx(4.0)


def test_a_long_epoch_does_not_hide_a_lower_limit() -> None:
    """After five minutes at the full rate, three short epochs at half of it are more than half of the estimate."""
    learned = _after(Learned(CAP), (2500, 300.0), *[(17, 4.0)] * 3)
    assert learned.per_second < 6.0


def test_only_whole_windows_show_the_limit() -> None:
    """After a Retry-After of 54 s, a window's requests come in one burst."""
    learned = Learned(CAP, since=0.0, longest_asked=54.0)
    for accepted, seconds in [(401, 7.0), (86, 53.0)] * 3:
        now = learned.began + seconds
        learned = learning.resumed(learning.paused(learned, CAP, 44.0), accepted, now)
    assert learned.per_second == pytest.approx(487 / 60, rel=0.08)


def test_the_learned_rate_is_at_most_the_rate_sent() -> None:
    """Late answers cannot raise it."""
    assert _after(Learned(4.0, since=0.0), (900, 100.0)).per_second <= learning.pace(
        Learned(4.0, since=0.0), CAP, 100.0
    )


def test_nothing_is_learned_without_an_accepted_request() -> None:
    """Such a pause only restarts the growth; without a rate there is none."""
    learned = Learned(4.0, since=0.0)
    assert learning.resumed_without_success(learned, 50.0) == Learned(4.0, since=50.0)
    assert learning.resumed_without_success(Learned(CAP), 50.0) == Learned(CAP)


def test_the_rate_grows_slowly_then_fast() -> None:
    """Half a minute after a pause at half the limit it is hardly higher; after two minutes it is back."""
    learned = Learned(CAP / 2, since=0.0)
    assert learning.pace(learned, CAP, 0.0) == CAP / 2
    assert learning.pace(learned, CAP, 15.0) < 1.15 * CAP / 2
    assert learning.pace(learned, CAP, 120.0) == CAP


def test_a_long_retry_after_shows_a_long_window() -> None:
    """With a window of a minute, growth takes twice the time of one of a second."""
    quick, slow = Learned(4.0, since=0.0), Learned(4.0, since=0.0, longest_asked=60.0)
    assert learning.pace(slow, CAP, 30.0) == pytest.approx(learning.pace(quick, CAP, 15.0))


def test_two_runs_approach_equal_shares() -> None:
    """Of two runs with one quota, the faster one slows down, the other speeds up."""
    assert learning.pace(Learned(0.8 * CAP, since=0.0), CAP, 0.0) < 0.8 * CAP
    assert learning.pace(Learned(0.2 * CAP, since=0.0), CAP, 0.0) > 0.2 * CAP


def test_without_a_cap_a_learned_pace_is_exceeded_a_little() -> None:
    """A slightly higher limit is found soon."""
    assert 1.0 < learning.pace(Learned(4.0, since=0.0), math.inf, 0.0) / 4.0 < 1.02


@given(
    epochs=st.lists(st.tuples(st.integers(1, 10_000), st.floats(0.0, 1e4)), max_size=30),
    later=st.floats(0, 1e6),
)
def test_the_rate_is_always_valid(epochs: list[tuple[int, float]], later: float) -> None:
    """Positive, never above the cap, never falling without a rejection; and the stored epochs are limited."""
    learned = _after(Learned(CAP), *epochs)
    now = learned.began
    assert 0 < learning.pace(learned, CAP, now) <= learning.pace(learned, CAP, now + later) <= CAP
    assert sum(seconds for _, seconds in learned.epochs) <= learned.memory + 1e-6
