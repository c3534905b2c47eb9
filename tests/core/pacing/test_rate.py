"""The rate limiter as a state machine, with time as an argument."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.core.pacing import learning, rate
from auditor.core.pacing.learning import RememberedRate
from auditor.core.pacing.plan import SHARE, Plan
from auditor.core.pacing.window import LONGEST_REQUEST

Answer = tuple[str, float | None]
"""("accepted" | "rejected" | "lost", Retry-After)"""
KNOWN, AUTO, UNPACED, BURST = Plan(), Plan(None), Plan(0), Plan(500, burst=True)
retry_afters = st.one_of(st.none(), st.floats(), st.sampled_from([0.0, -1.0, 1.0, 57.0, 1e308, math.inf, math.nan]))

memories = st.builds(
    RememberedRate,
    per_second=st.floats(),
    longest_asked=st.floats(),
    held=st.integers(0, 10**9),
    learned_ago=st.floats(0, 1e12),
    age=st.floats(0, 1e12),
)


def _departures(state: rate.Rate, count: int, now: float = 0.0) -> list[float]:
    """Departures of `count` requests that are sent as soon as possible and accepted at once."""
    times = []
    for _ in range(count):
        while seconds := rate.wait(state, now):
            now += seconds
        state = rate.accepted(rate.sent(state, now), now, now)
        times.append(now)
    return times


def _closed(state: rate.Rate, times: int, retry_after: float | None = None) -> rate.Rate:
    """The state after this many rejections in a row of requests sent as soon as possible."""
    for _ in range(times):
        now = state.paused_until if state.paused else max(0.0, state.paused_until)
        state = rate.rejected(rate.sent(state, now), now, now, retry_after)
    return state


@dataclass
class Simulation:
    """Workers that send as soon as possible; durations and answers are random."""

    state: rate.Rate
    dice: Random
    answer: Callable[[float], Answer]
    workers: int = 5
    longest: float = 1.0
    now: float = 0.0
    departures: list[float] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)

    def run(self, count: int) -> "Simulation":
        """Send this many requests."""
        out: list[tuple[float, float, Answer]] = []
        for _ in range(count):
            while (seconds := rate.wait(self.state, self.now)) or len(out) >= self.workers:
                until = self.now + seconds if len(out) < self.workers else math.inf
                if out and out[0][0] <= until:
                    self._answered(*heappop(out))
                else:
                    self.now = until
            self.state = rate.sent(self.state, self.now)
            self.departures.append(self.now)
            latency = self.dice.random() * self.longest
            arrives = self.now + self.dice.random() * latency
            self.arrivals.append(arrives)
            heappush(out, (self.now + latency, self.now, self.answer(arrives)))
        while out:
            self._answered(*heappop(out))
        return self

    def _answered(self, at: float, sent_at: float, answer: Answer) -> None:
        self.now = max(self.now, at)
        outcome, retry_after = answer
        if outcome == "accepted":
            self.state = rate.accepted(self.state, self.now, sent_at)
        elif outcome == "lost":
            self.state = rate.lost(self.state, self.now, sent_at)
        else:
            self.state = rate.rejected(self.state, sent_at, self.now, retry_after)


def _most_in_any(window: float, arrivals: list[float]) -> int:
    """The largest number of arrivals in any half-open window."""
    times = sorted(arrivals)
    first, most = 0, 0
    for last, time in enumerate(times):
        while times[first] + window <= time - 1e-6:
            first += 1
        most = max(most, last - first + 1)
    return most


class TestPace:
    """Requests without rejections."""

    def test_requests_are_evenly_spaced(self) -> None:
        """At 500 a minute a request leaves every 0.12 s or half a per cent later, the first at once."""
        times = _departures(rate.start(KNOWN, 0.0), 101)
        assert times[0] == 0.0
        assert times[-1] == pytest.approx(12.0 / SHARE)
        assert max(b - a for a, b in pairwise(times)) < 0.1201 / SHARE

    def test_a_late_timer_is_made_up_for_two_seconds(self) -> None:
        """After a minute's silence 16 requests are sent at once, the next in its turn."""
        state = rate.sent(rate.start(KNOWN, 0.0), 0.0)
        times = _departures(state, 20, now=60.0)
        assert times.count(60.0) == 16

    def test_a_list_that_fits_is_sent_at_once(self) -> None:
        """500 customers at 500 a minute are sent at once; 501 are spread."""
        state = rate.start(KNOWN, 0.0)
        assert _departures(rate.expecting(state, 500, 0.0), 500)[-1] == 0.0
        assert _departures(rate.expecting(state, 501, 0.0), 500)[-1] > 59.0

    def test_a_longer_list_leaves_a_part_of_each_window(self) -> None:
        """After a stop of two seconds what was missed is made up for, and still no window holds more than 498 of 500."""
        done = Simulation(rate.start(KNOWN, 0.0), Random(1), lambda _: ("accepted", None), longest=0.01)
        done.state = rate.expecting(done.state, 1500, 0.0)
        done.run(300)
        done.now += 2.0
        done.run(1000)
        assert _most_in_any(60.0, done.arrivals) == 498

    def test_retries_of_a_list_that_fits_wait_for_the_window(self) -> None:
        """What exceeds the quota after all waits for the window, one minute after the answers."""
        assert _departures(rate.expecting(rate.start(KNOWN, 0.0), 500, 0.0), 501)[-1] == pytest.approx(60.0)

    def test_earlier_requests_count_against_the_quota(self) -> None:
        """After 20 pages of the customer list, 480 customers fit and 481 do not."""
        state = Simulation(rate.start(KNOWN, 0.0), Random(1), lambda _: ("accepted", None)).run(20).state
        now = 10.0
        assert math.isinf(rate.pace(rate.expecting(state, 480, now), now))
        assert rate.pace(rate.expecting(state, 481, now), now) == KNOWN.pace

    def test_burst_uses_the_quota_at_once(self) -> None:
        """--burst: 500 at once in each minute."""
        times = _departures(rate.expecting(rate.start(BURST, 0.0), 1500, 0.0), 1500)
        assert (times[499], times[500], times[999], times[1000]) == pytest.approx((0.0, 60.0, 60.0, 120.0))

    @pytest.mark.parametrize("plan", [UNPACED, AUTO])
    def test_without_a_limit_nothing_waits(self, plan: Plan) -> None:
        """--rate 0, and --rate auto until the first rejection."""
        assert _departures(rate.start(plan, 0.0), 1000)[-1] == 0.0

    def test_the_time_left_follows_from_the_rate(self) -> None:
        """1,000 customers at 500 a minute: two minutes, and the rest of the pause."""
        state = rate.start(KNOWN, 0.0)
        assert rate.eta(state, 1000, 0.0) == pytest.approx(120.0, rel=0.01)
        assert rate.eta(rate.rejected(state, 0.0, 0.0, 30.0), 1000, 0.0) == pytest.approx(150.0, rel=0.01)
        assert rate.eta(rate.start(UNPACED, 0.0), 1000, 0.0) is None


answers = st.sampled_from(["accepted", "accepted", "accepted", "rejected", "lost"])


@given(
    per_minute=st.floats(1, 60),
    burst=st.booleans(),
    customers=st.none() | st.integers(1, 80),
    workers=st.integers(1, 8),
    longest=st.floats(0.01, 100),
    seed=st.integers(0, 2**32),
    script=st.lists(st.tuples(answers, retry_afters), min_size=1, max_size=20),
)
def test_no_window_exceeds_the_limit(
    *,
    per_minute: float,
    burst: bool,
    customers: int | None,
    workers: int,
    longest: float,
    seed: int,
    script: list[Answer],
) -> None:
    """With any answers, however late, and wherever between departure and answer the server counts a request."""
    state = rate.start(Plan(per_minute, burst=burst), 0.0)
    if customers:
        state = rate.expecting(state, customers, 0.0)
    dice = Random(seed)
    done = Simulation(state, dice, lambda _: dice.choice(script), workers, longest).run(120)
    assert _most_in_any(60.0 * int(per_minute) / per_minute, done.arrivals) <= int(per_minute)


@given(
    plan=st.sampled_from([KNOWN, AUTO, BURST, UNPACED]),
    seed=st.integers(0, 2**32),
    script=st.lists(st.tuples(answers, retry_afters), min_size=1, max_size=20),
)
def test_the_rate_always_recovers(plan: Plan, seed: int, script: list[Answer]) -> None:
    """After any rejections, half an hour of accepted requests restores the full rate."""
    dice = Random(seed)
    done = Simulation(rate.start(plan, 0.0), dice, lambda _: dice.choice(script)).run(150)
    done.answer = lambda _: ("accepted", None)
    begin = max(done.now, done.state.paused_until)
    while done.now < begin + 1800 and rate.pace(done.state, done.now) < KNOWN.pace:
        done.run(1)
    assert rate.pace(done.state, done.now) >= KNOWN.pace


@given(
    plan=st.sampled_from([KNOWN, AUTO, BURST, UNPACED]),
    seed=st.integers(0, 2**32),
    script=st.lists(st.tuples(answers, retry_afters), min_size=1, max_size=20),
)
def test_no_wait_exceeds_what_was_asked_for(plan: Plan, seed: int, script: list[Answer]) -> None:
    """A pause is Retry-After, or a second without one; only after pauses in vain it is longer, at most a minute."""
    dice = Random(seed)
    longest, state = 0.0, rate.start(plan, 0.0)
    for now in range(100):
        outcome, retry_after = dice.choice(script)
        if outcome != "rejected":
            state = rate.accepted(rate.sent(state, now), now, now)
            continue
        asked = learning.usable(retry_after)
        longest = max(now + (asked or rate.FIRST_WAIT), longest)
        state = rate.rejected(state, now, now, retry_after)
        desperate = now + max(asked, 60.0) if state.fruitless > 1 else 0.0
        assert state.paused_until <= max(longest, desperate)
        assert rate.wait(state, now) <= 300.0
        longest = max(longest, state.paused_until)


class TestGate:
    """Rejections: the pause."""

    def test_rejections_pause_without_a_limit(self) -> None:
        """`--rate 0` sends as fast as possible, yet follows Retry-After."""
        state = rate.start(UNPACED, 0.0)
        assert rate.wait(rate.rejected(state, 0.0, 0.5, 7.0), 0.5) == 7.0

    def test_one_pause_for_all_requests_sent_before(self) -> None:
        """Their rejections only extend the pause."""
        state = rate.rejected(rate.start(KNOWN, 0.0), 0.0, 1.0, 10.0)
        late = rate.rejected(state, 0.5, 2.0, 10.0)
        assert (late.paused_until, late.fruitless, late.learned) == (12.0, state.fruitless, state.learned)

    def test_a_late_rejection_changes_nothing(self) -> None:
        """A rejection after the pause of a request sent before it starts no new pause."""
        state = rate.accepted(rate.rejected(rate.start(KNOWN, 0.0), 0.0, 1.0, 10.0), 2.0)
        passed = rate.sent(state, 11.0)
        assert rate.rejected(passed, 0.5, 11.5, 10.0).paused_until == 11.0

    @pytest.mark.parametrize("senseless", [None, 0.0, -5.0, math.nan, -math.inf])
    def test_an_invalid_retry_after_is_ignored(self, senseless: float | None) -> None:
        """The pause is a second."""
        assert rate.rejected(rate.start(KNOWN, 0.0), 0.0, 0.0, senseless).paused_until == rate.FIRST_WAIT

    @pytest.mark.parametrize("absurd", [301.0, 1e9, math.inf])
    def test_a_huge_retry_after_is_cut_to_five_minutes(self, absurd: float) -> None:
        """No server can pause a run for a day."""
        assert rate.rejected(rate.start(KNOWN, 0.0), 0.0, 0.0, absurd).paused_until == 300.0

    def test_without_retry_after_the_wait_doubles_up_to_a_minute(self) -> None:
        """Such a server gets a request at least once a minute."""
        state, waits = rate.start(KNOWN, 0.0), []
        for _ in range(10):
            before = state.paused_until if state.paused else 0.0
            state = _closed(state, 1)
            waits.append(state.paused_until - before)
        assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0, 60.0]

    def test_a_retry_after_in_vain_is_doubled_in_the_end(self) -> None:
        """A server that rejects everything and asks for one second does not get a request every second."""
        state = _closed(rate.start(KNOWN, 0.0), rate.TRUSTED_PAUSES, 1.0)
        assert state.paused_until == pytest.approx(rate.TRUSTED_PAUSES * 1.0)
        assert _closed(state, 6, 1.0).paused_until == pytest.approx(state.paused_until + 2 + 4 + 8 + 16 + 32 + 60)

    def test_an_accepted_request_ends_the_doubling(self) -> None:
        """The count of pauses starts again."""
        state = _closed(rate.start(KNOWN, 0.0), 5)
        assert state.fruitless == 5
        state = rate.accepted(rate.sent(state, 100.0), 100.1, 100.0)
        assert rate.rejected(state, 101.0, 101.0, None).fruitless == 0

    @pytest.mark.parametrize("plan", [KNOWN, UNPACED, AUTO])
    def test_one_request_goes_first_after_a_pause_in_vain(self, plan: Plan) -> None:
        """The others wait for its answer."""
        state = _closed(rate.start(plan, 0.0), 2, 1.0)
        opens = state.paused_until
        assert rate.wait(state, opens) == 0.0
        probing = rate.sent(state, opens)
        assert 0.0 < rate.wait(probing, opens + 20.0) < 1.0
        assert rate.wait(rate.accepted(probing, opens + 20.0, opens), opens + 20.0) == 0.0
        assert rate.wait(rate.lost(probing, opens + 20.0, opens), opens + 20.0) == 0.0

    def test_an_unanswered_probe_expires(self) -> None:
        """Like any request."""
        state = _closed(rate.start(UNPACED, 0.0), 2, 1.0)
        probing = rate.sent(state, state.paused_until)
        assert rate.wait(probing, state.paused_until + LONGEST_REQUEST) == 0.0

    def test_an_earlier_answer_does_not_count_for_the_probe(self) -> None:
        """The answer to a request sent before the pause shows nothing about the present."""
        state = _closed(rate.start(UNPACED, 0.0), 2, 1.0)
        probing = rate.sent(state, state.paused_until)
        assert rate.wait(rate.accepted(probing, state.paused_until + 1.0, 0.0), state.paused_until + 1.0) > 0.0


class TestSuspicion:
    """Rejections that may concern one customer only: the documentation has limits per customer as well."""

    def test_one_request_shows_whom_a_rejection_concerns(self) -> None:
        """After a long Retry-After one goes first; it is accepted, so all others continue, and nothing was learned."""
        state = rate.accepted(rate.sent(rate.start(UNPACED, 0.0), 0.0), 0.1, 0.0)
        suspicious = rate.rejected(rate.sent(state, 1.0), 1.0, 1.2, 57.0)
        assert rate.wait(suspicious, 1.2) == 0.0
        probing = rate.sent(suspicious, 1.3)
        assert 0.0 < rate.wait(probing, 1.4) < 1.0
        after = rate.accepted(probing, 1.5, 1.3)
        assert rate.wait(after, 1.5) == 0.0
        assert after.learned == state.learned

    def test_a_second_rejection_pauses_all(self) -> None:
        """Of the probe, or of a request sent before: the limit concerns all."""
        state = rate.accepted(rate.sent(rate.start(KNOWN, 0.0), 0.0), 0.1, 0.0)
        suspicious = rate.rejected(state, 1.0, 1.2, 57.0)
        by_another = rate.rejected(suspicious, 1.1, 1.3, 57.0)
        by_the_probe = rate.rejected(rate.sent(suspicious, 1.3), 1.3, 1.5, 57.0)
        assert (rate.wait(by_another, 1.3), rate.wait(by_the_probe, 1.5)) == (57.0, 57.0)

    def test_an_earlier_answer_shows_nothing(self) -> None:
        """Neither does a lost probe."""
        state = rate.accepted(rate.sent(rate.start(KNOWN, 0.0), 0.0), 0.1, 0.0)
        probing = rate.sent(rate.rejected(state, 1.0, 1.2, 57.0), 1.3)
        early = rate.accepted(probing, 1.4, 1.1)
        assert early.suspected
        assert rate.wait(early, 1.4) > 0.0
        unknown = rate.lost(probing, 30.0, 1.3)
        assert rate.wait(unknown, 30.0) == 0.0
        assert rate.wait(rate.sent(unknown, 30.0), 30.0) > 0.0

    @pytest.mark.parametrize("asked", [None, 0.0, 1.0, rate.SHORT_PAUSE, math.nan])
    def test_a_short_pause_is_followed(self, asked: float | None) -> None:
        """A pause of a second or two costs less than a request that may be rejected."""
        state = rate.accepted(rate.sent(rate.start(KNOWN, 0.0), 0.0), 0.1, 0.0)
        assert rate.rejected(state, 1.0, 1.2, asked).paused

    def test_without_accepted_requests_a_rejection_concerns_all(self) -> None:
        """The first request, and the first one after a pause."""
        assert rate.rejected(rate.start(KNOWN, 0.0), 0.0, 0.2, 57.0).paused
        assert _closed(rate.start(KNOWN, 0.0), 2, 57.0).paused

    def test_contradictory_rejections_pause_all_in_the_end(self) -> None:
        """A server that asks for a minute and accepts every other request."""
        state = rate.start(KNOWN, 0.0)
        for number in range(2):
            now = float(number)
            state = rate.accepted(rate.sent(state, now), now + 0.1, now)
            state = rate.rejected(rate.sent(state, now + 0.2), now + 0.2, now + 0.3, 60.0)
        assert state.paused
        assert state.ignored == 1

    @pytest.mark.parametrize("plan", [KNOWN, AUTO])
    def test_limits_of_single_customers_do_not_pause_others(self, plan: Plan) -> None:
        """One in a hundred has to wait a minute; the others continue."""
        asked = 0

        def answer(_now: float) -> Answer:
            nonlocal asked
            asked += 1
            return ("accepted", None) if asked % 100 else ("rejected", 60.0)

        done = Simulation(rate.start(plan, 0.0), Random(1), answer, longest=0.1).run(1000)
        took = done.departures[-1]
        assert took < 1.03 * 1000 / KNOWN.pace if plan is KNOWN else took < 60.0
        assert done.state.learned.since is None


@dataclass
class Bucket:
    """A token bucket of so many requests a minute, full at the start; asks for one second."""

    per_minute: float
    tokens: float = 0.0
    at: float = 0.0

    def __post_init__(self) -> None:
        self.tokens = self.per_minute

    def __call__(self, now: float) -> Answer:
        """Answer a request; they arrive nearly in order."""
        self.tokens = min(self.per_minute, self.tokens + max(0.0, now - self.at) * self.per_minute / 60)
        self.at = max(now, self.at)
        if self.tokens < 1:
            return ("rejected", 1.0)
        self.tokens -= 1
        return ("accepted", None)


class TestLearning:
    """Rejections: the learned rate."""

    @pytest.mark.parametrize("plan", [KNOWN, AUTO, BURST])
    @pytest.mark.parametrize("limit", [50.0, 250.0, 420.0])
    def test_the_true_limit_is_found(self, plan: Plan, limit: float) -> None:
        """It is unknown; after the bucket's first content, nearly as much is accepted as the server allows."""
        bucket = Bucket(limit)
        done = Simulation(rate.start(plan, 0.0), Random(1), bucket, longest=0.3).run(int(limit) * 9)
        began, sent, rejections = done.now, len(done.departures), 0

        def counting(now: float) -> Answer:
            nonlocal rejections
            answer = bucket(now)
            rejections += answer[0] == "rejected"
            return answer

        done.answer = counting
        done.run(int(limit) * 5)
        got = len(done.departures) - sent - rejections
        assert got / (done.now - began) == pytest.approx(limit / 60, rel=0.05)
        assert rejections / got < 0.15

    def test_the_configured_limit_is_never_exceeded(self) -> None:
        """Growth ends there."""
        state = rate.sent(rate.accepted(rate.rejected(rate.start(KNOWN, 0.0), 0.0, 0.0, 1.0), 0.5), 1.0)
        assert rate.pace(state, 1.0) < KNOWN.pace
        assert rate.pace(state, 1e6) == KNOWN.pace

    def test_without_a_limit_nothing_is_learned(self) -> None:
        """`--rate 0` stays without a limit."""
        done = Simulation(rate.start(UNPACED, 0.0), Random(1), Bucket(100.0)).run(300)
        assert math.isinf(rate.pace(done.state, done.now))


class TestMemory:
    """The rate that one run stores for the next."""

    def test_the_next_run_starts_with_a_lower_rate(self) -> None:
        """It grows from there."""
        state = rate.start(KNOWN, 1000.0, RememberedRate(4.0, 57.0))
        assert rate.pace(state, 1000.0) == pytest.approx(4.0, rel=0.05)
        assert rate.pace(state, 1120.0) == KNOWN.pace

    def test_a_higher_learned_rate_does_not_exceed_the_limit(self) -> None:
        """The configured limit applies."""
        assert rate.pace(rate.start(KNOWN, 0.0, RememberedRate(90.0)), 0.0) == KNOWN.pace

    def test_an_unknown_limit_starts_with_the_learned_rate(self) -> None:
        """`--rate auto` need not exceed the limit a second time."""
        assert rate.pace(rate.start(AUTO, 0.0, RememberedRate(4.0)), 0.0) == pytest.approx(4.0, rel=0.05)

    def test_requests_of_the_last_run_still_count(self) -> None:
        """A run of 300, then within the minute another: 200 at once, the rest when the first ones do not count."""
        state = rate.expecting(rate.start(KNOWN, 0.0, RememberedRate(math.inf, held=300, age=20.0)), 200, 0.0)
        times = _departures(state, 201)
        assert (times[199], times[200]) == pytest.approx((0.0, 40.0))

    def test_only_a_learned_rate_is_stored(self) -> None:
        """A run without a rejection has learned nothing."""
        quiet = rate.sent(rate.start(KNOWN, 0.0), 0.0)
        assert rate.memory(quiet, 1.0) == RememberedRate(math.inf, 1.0, held=1, learned_ago=0.0)
        taught = rate.sent(rate.accepted(rate.rejected(quiet, 0.0, 0.1, 20.0), 0.2), 20.1)
        remembered = rate.memory(taught, 21.0)
        assert remembered.per_second < 1.0
        assert remembered.longest_asked == 20.0

    def test_a_rate_of_zero_is_not_used(self) -> None:
        """The run continues with the lowest rate."""
        assert rate.pace(rate.start(KNOWN, 0.0, RememberedRate(0.0)), 0.0) >= learning.SLOWEST

    def test_an_unproved_rate_is_not_stored(self) -> None:
        """After a minute of growth, only what a window has shown counts."""
        lesson = RememberedRate(4.0, 60.0)
        done = Simulation(rate.start(KNOWN, 0.0, lesson), Random(1), lambda _: ("accepted", None), longest=0.1).run(120)
        done.now += 120.0
        assert rate.pace(done.state, done.now) == KNOWN.pace
        assert rate.memory(done.state, done.now).per_second == pytest.approx(4.0)
        done.run(900)
        assert rate.memory(done.state, done.now).per_second == pytest.approx(KNOWN.pace, rel=0.02)

    def test_an_old_rate_counts_less(self) -> None:
        """Half of it after a week, as a quarter of the limit shows; nothing after three."""
        week = 7 * 86400.0
        paces = [rate.pace(rate.start(KNOWN, 0.0, RememberedRate(2.0, age=n * week)), 0.0) for n in range(4)]
        assert paces == pytest.approx([2.1, 4.0, 7.6, KNOWN.pace], rel=0.05)

    def test_a_run_without_a_rejection_does_not_renew_the_rate(self) -> None:
        """It is as old as the rejection that taught it."""
        began = rate.start(KNOWN, 1000.0, RememberedRate(4.0, 57.0, learned_ago=100.0, age=3000.0))
        handed_on = rate.memory(rate.sent(began, 1000.0), 1010.0)
        assert handed_on.learned_ago == pytest.approx(3110.0)
        assert handed_on.per_second == pytest.approx(4.0, rel=0.05)

    def test_an_unknown_quota_refills_between_two_runs(self) -> None:
        """Where the server's window is a minute, an hour later a window's worth leaves at once; a second later one."""
        later, at_once = RememberedRate(4.0, 60.0, age=3600.0), RememberedRate(4.0, 60.0, age=1.0)
        assert _departures(rate.start(AUTO, 0.0, later), 300).count(0.0) == pytest.approx(240, rel=0.05)
        assert _departures(rate.start(AUTO, 0.0, at_once), 300).count(0.0) == 5

    @given(plan=st.sampled_from([KNOWN, AUTO, BURST]), memory=memories)
    def test_any_stored_rate_is_safe(self, plan: Plan, memory: RememberedRate) -> None:
        """The run sends, keeps to its limit, and has its full rate within half an hour."""
        state = rate.start(plan, 0.0, memory)
        done = Simulation(state, Random(1), lambda _: ("accepted", None)).run(20)
        assert done.departures[-1] < 600
        assert rate.pace(done.state, 1800.0) >= KNOWN.pace
        if plan.per_minute:
            held = [-memory.age] * min(memory.held, 500)
            assert _most_in_any(60.0, [*held, *done.arrivals]) <= 500
        left = rate.memory(done.state, done.now)
        assert left.per_second > 0
        assert min(left.held, left.learned_ago) >= 0
