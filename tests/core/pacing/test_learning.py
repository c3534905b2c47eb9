"""`learning`: from what got through to the pace."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.pacing import learning
from auditor.core.pacing.learning import Learned, RememberedRate

CAP = 500 / 60


def _after(learned: Learned, *epochs: tuple[int, float]) -> Learned:
    """After epochs of (accepted, seconds), each ended by a rejection that asked for one second."""
    now = learned.began
    for accepted, seconds in epochs:
        now += seconds
        learned = learning.resumed(learning.paused(learned, learning.pace(learned, CAP, now), 1.0), accepted, now)
    return learned


def test_the_estimate_is_what_got_through_by_the_time_it_took() -> None:
    """Epochs of ten seconds with forty accepted: four a second."""
    learned = _after(Learned(CAP, since=0.0), *[(40, 10.0)] * 4)
    assert learned.per_second == pytest.approx(4.0)


def test_what_was_recalled_counts_for_half_of_the_estimate() -> None:
    """A first epoch that a full bucket made look good cannot hide what the last run knew."""
    recalled = learning.resume_learning(RememberedRate(4.0), 0.0)
    assert learning.pace(recalled, CAP, 0.0) == pytest.approx(4.0, rel=0.05)
    good = learning.resumed(replace(recalled, at_pause=CAP), 80, 10.0)
    assert good.per_second == pytest.approx((4.0 * 18.75 + 80) / 28.75, rel=0.01)


def test_a_burst_is_not_remembered() -> None:
    """The first epoch of an unknown limit shows what had been saved up: it sets the pace, and is then forgotten."""
    burst = _after(Learned(math.inf), (500, 5.0))
    assert (burst.per_second, burst.epochs) == (100.0, ())
    assert learning.pace(burst, CAP, burst.began) == CAP
    assert _after(burst, (40, 10.0)).per_second == pytest.approx(4.0)


def test_a_long_good_time_does_not_hide_that_it_is_over() -> None:
    """After five minutes at the full pace, three short epochs at half of it are more than half of the estimate."""
    learned = _after(Learned(CAP), (2500, 300.0), *[(17, 4.0)] * 3)
    assert learned.per_second < 6.0


def test_a_part_of_a_window_is_not_like_the_whole() -> None:
    """Where the server asked for 54 s, what a window allows comes in one burst: only whole windows show the limit."""
    learned = Learned(CAP, since=0.0, longest_asked=54.0)
    for accepted, seconds in [(401, 7.0), (86, 53.0)] * 3:
        now = learned.began + seconds
        learned = learning.resumed(learning.paused(learned, CAP, 44.0), accepted, now)
    assert learned.per_second == pytest.approx(487 / 60, rel=0.08)


def test_more_than_what_was_sent_is_never_believed() -> None:
    """Answers that came late cannot raise the pace."""
    assert _after(Learned(4.0, since=0.0), (900, 100.0)).per_second <= learning.pace(
        Learned(4.0, since=0.0), CAP, 100.0
    )


def test_nothing_is_learned_from_nothing() -> None:
    """An epoch in vain only begins the regrowth anew; without a pace there is none."""
    learned = Learned(4.0, since=0.0)
    assert learning.resumed_without_success(learned, 50.0) == Learned(4.0, since=50.0)
    assert learning.resumed_without_success(Learned(CAP), 50.0) == Learned(CAP)


def test_it_regrows_slowly_then_fast() -> None:
    """Half a minute after a closing at half the limit hardly anything is risked; two minutes after, all is back."""
    learned = Learned(CAP / 2, since=0.0)
    assert learning.pace(learned, CAP, 0.0) == CAP / 2
    assert learning.pace(learned, CAP, 15.0) < 1.15 * CAP / 2
    assert learning.pace(learned, CAP, 120.0) == CAP


def test_a_long_retry_after_shows_a_long_window() -> None:
    """Where the server's window is a minute, regrowth takes twice the time of one that asks for a second."""
    quick, slow = Learned(4.0, since=0.0), Learned(4.0, since=0.0, longest_asked=60.0)
    assert learning.pace(slow, CAP, 30.0) == pytest.approx(learning.pace(quick, CAP, 15.0))


def test_unequal_shares_come_nearer() -> None:
    """Of two runs that share a quota, the one with more than half gives away, the other takes."""
    assert learning.pace(Learned(0.8 * CAP, since=0.0), CAP, 0.0) < 0.8 * CAP
    assert learning.pace(Learned(0.2 * CAP, since=0.0), CAP, 0.0) > 0.2 * CAP


def test_without_a_cap_a_learned_pace_is_exceeded_a_little() -> None:
    """A limit that is a little higher is found soon."""
    assert 1.0 < learning.pace(Learned(4.0, since=0.0), math.inf, 0.0) / 4.0 < 1.02


@given(
    epochs=st.lists(st.tuples(st.integers(1, 10_000), st.floats(0.0, 1e4)), max_size=30),
    later=st.floats(0, 1e6),
)
def test_the_pace_is_always_a_pace(epochs: list[tuple[int, float]], later: float) -> None:
    """Positive, never above the cap, never falling while nothing is rejected; and the memory is short."""
    learned = _after(Learned(CAP), *epochs)
    now = learned.began
    assert 0 < learning.pace(learned, CAP, now) <= learning.pace(learned, CAP, now + later) <= CAP
    assert sum(seconds for _, seconds in learned.epochs) <= learned.memory + 1e-6
