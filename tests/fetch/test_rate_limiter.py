"""`RateLimiter`: the queue, the clock and the account, with an own clock and no waiting."""

import asyncio
import math

import pytest

from auditor.core.plan import SHARE, Plan, RememberedRate
from auditor.fetch.rate_limiter import RateLimiter, RunStopping


class Time:
    """Seconds that pass only while somebody sleeps."""

    now = 1000.0

    def clock(self) -> float:
        """Monotonic seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Moves the clock on, and lets the others run."""
        self.now += seconds
        await asyncio.sleep(0)


def _limiter(time: Time, plan: Plan | float = 500, remembered: RememberedRate | None = None) -> RateLimiter:
    return RateLimiter(plan, clock=time.clock, sleep=time.sleep, remembered=remembered)


async def _ask(limiter: RateLimiter, count: int) -> list[float]:
    """The departures of so many requests that are answered at once."""
    times = []
    for _ in range(count):
        times.append(await limiter.acquire())
        limiter.on_response(times[-1])
    return times


async def test_waiters_leave_in_the_order_in_which_they_came() -> None:
    """Nobody overtakes anybody, and two in a row are a pace apart."""
    limiter, order = _limiter(Time()), []

    async def wait(name: int) -> None:
        order.append((name, await limiter.acquire()))

    await asyncio.gather(*(wait(name) for name in range(50)))
    assert [name for name, _ in order] == list(range(50))
    assert order[-1][1] == pytest.approx(1000.0 + 49 * 0.12 / SHARE)


async def test_an_open_gate_makes_nobody_wait() -> None:
    """Without a pace a turn returns at once, in the same step of the loop."""
    limiter = _limiter(Time(), 0)
    for _ in range(100):
        with pytest.raises(StopIteration):
            limiter.acquire().send(None)
    assert limiter.requests["sent"] == 100
    assert limiter.waited == 0.0


async def test_whoever_comes_later_queues_behind_a_closed_gate() -> None:
    """Those who wait are counted; when the gate opens they leave at the pace."""
    time = Time()
    limiter = _limiter(time)
    first = await limiter.acquire()
    limiter.on_response(first)
    for _ in range(2):
        limiter.on_throttled(first, 30.0)
    turns = [asyncio.create_task(limiter.acquire()) for _ in range(5)]
    await asyncio.sleep(0)
    assert limiter.waiting == 5
    times = await asyncio.gather(*turns)
    assert times[0] == 1030.0
    assert times == sorted(times)
    assert limiter.waiting == 0
    assert limiter.waited == pytest.approx(times[-1] - 1000.0)


async def test_a_list_that_fits_is_not_paced() -> None:
    """Told of 500 customers it sends them at once; told of 501 it takes its minute."""
    time = Time()
    limiter = _limiter(time)
    limiter.expect(500)
    assert (await _ask(limiter, 500))[-1] == 1000.0
    limiter = _limiter(time)
    limiter.expect(501)
    assert (await _ask(limiter, 501))[-1] >= 1060.0


async def test_lost_requests_keep_their_place_too() -> None:
    """The server may have counted them: after 500 time-outs nothing leaves for a minute."""
    time = Time()
    limiter = _limiter(time, Plan(500, burst=True))
    for _ in range(500):
        limiter.on_lost(await limiter.acquire())
    assert await limiter.acquire() == pytest.approx(1060.0)


async def test_it_is_hopeless_only_where_nothing_gets_through() -> None:
    """Twenty closings in a row end it, one accepted answer between them begins the count anew."""
    time = Time()
    limiter = _limiter(time)
    for _ in range(19):
        limiter.on_throttled(await limiter.acquire(), 57.0)
    assert not limiter.gave_up
    limiter.on_response(await limiter.acquire())
    # the first one may be its customer's own, the second one shows that it is not
    for _ in range(2 + 19):
        limiter.on_throttled(await limiter.acquire(), 57.0)
    assert not limiter.gave_up
    limiter.on_throttled(await limiter.acquire(), 57.0)
    assert limiter.gave_up


async def test_the_account_compares_with_the_limit() -> None:
    """1,000 customers at 500 a minute take two minutes: nearly all of what is possible."""
    limiter = _limiter(Time())
    await _ask(limiter, 1000)
    usage = limiter.usage()
    assert limiter.requests == {"sent": 1000}
    assert usage["waited_seconds"] == pytest.approx(119.9 / SHARE, abs=0.2)
    assert usage["learned_per_minute"] == pytest.approx(500.0 * SHARE)
    assert usage["percent_of_ideal"] == pytest.approx(100.0 * SHARE, abs=0.2)


@pytest.mark.parametrize("plan", [0, Plan(None)])
async def test_without_a_limit_there_is_no_ideal(plan: Plan | float) -> None:
    """Nothing to compare with is None, not a number; nor is a run that has asked for nothing."""
    limiter = _limiter(Time(), plan)
    assert limiter.usage()["percent_of_ideal"] is None
    await _ask(limiter, 10)
    usage = limiter.usage()
    assert (usage["learned_per_minute"], usage["percent_of_ideal"]) == (None, None)


async def test_the_time_left_comes_from_the_pace_or_from_experience() -> None:
    """Paced: by the pace, learned or not. Not paced: as it went so far, and unknown before the first answer."""
    time = Time()
    assert _limiter(time).eta(1000) == pytest.approx(120.0, rel=0.01)
    assert _limiter(time, remembered=RememberedRate(4.0)).eta(1000) == pytest.approx(250.0, rel=0.05)
    limiter = _limiter(time, 0)
    assert limiter.eta(1000) is None
    sent_at = await limiter.acquire()
    time.now += 2.0
    limiter.on_response(sent_at)
    assert limiter.eta(10) == pytest.approx(20.0)


async def test_what_one_run_learned_begins_the_next() -> None:
    """The pace, and what of the quota is used up."""
    time = Time()
    limiter = _limiter(time)
    await _ask(limiter, 100)
    quiet = limiter.rate_to_remember()
    assert (quiet.per_second, quiet.held) == (math.inf, 100)
    for _ in range(2):
        limiter.on_throttled(await limiter.acquire(), 20.0)
    await _ask(limiter, 1)
    learned = limiter.rate_to_remember()
    assert 2.0 < learned.per_second < 5.0
    assert learned.longest_asked == 20.0
    assert _limiter(time, remembered=learned).rate_to_remember().held == learned.held


async def test_a_few_requests_teach_nothing() -> None:
    """A rejected look-up of one customer says nothing of the pace of thousands; what was learned before stays as it was."""
    time = Time()
    for earlier, kept in ((None, math.inf), (RememberedRate(4.0, 57.0, learned_ago=100.0, age=3600.0), 4.0)):
        limiter = _limiter(time, remembered=earlier)
        limiter.on_throttled(await limiter.acquire(), 20.0)
        await _ask(limiter, 2)
        left = limiter.rate_to_remember()
        assert left.per_second == kept
        assert left.held == 3
        if earlier:
            assert left.longest_asked == 57.0
            assert left.learned_ago == pytest.approx(3720.0, abs=5.0)


async def test_a_closed_intake_lets_nobody_through() -> None:
    """Not at an open gate, and not out of the queue; whoever waits for the end is told."""
    time = Time()
    limiter = _limiter(time, 0)
    ended = asyncio.create_task(limiter.wait_stopping())
    limiter.stop()
    with pytest.raises(RunStopping):
        await limiter.acquire()
    with pytest.raises(RunStopping):
        await limiter.pause(1.0)
    await ended


async def test_a_cancelled_waiter_leaves_the_queue_in_order() -> None:
    """Its place is gone, its turn is nobody's, and the next one leaves."""
    limiter = RateLimiter(1, clock=lambda: 0.0)
    await limiter.acquire()
    first, second = (asyncio.create_task(limiter.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    assert limiter.waiting == 2
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert limiter.waiting == 1
    limiter.stop()
    assert isinstance((await asyncio.gather(second, return_exceptions=True))[0], RunStopping)
    assert limiter.requests["sent"] == 1
