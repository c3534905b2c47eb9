"""`RateLimiter`: the queue, the clock and the usage, on a simulated clock."""

import asyncio
import math

import pytest

from auditor.core.pacing.learning import RememberedRate
from auditor.core.pacing.plan import SHARE, Plan
from auditor.fetch.rate_limiter import RateLimiter, RunStopping


class Time:
    """A clock that moves only in `sleep`."""

    now = 1000.0

    def clock(self) -> float:
        """Monotonic seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Advance the clock, and let other tasks run."""
        self.now += seconds
        await asyncio.sleep(0)


def _limiter(time: Time, plan: Plan | float = 500, remembered: RememberedRate | None = None) -> RateLimiter:
    return RateLimiter(plan, clock=time.clock, sleep=time.sleep, remembered=remembered)


async def _ask(limiter: RateLimiter, count: int) -> list[float]:
    """Send this many requests, which are answered at once; return when each was sent."""
    times = []
    for _ in range(count):
        times.append(await limiter.acquire())
        limiter.on_response(times[-1])
    return times


async def test_waiting_workers_are_first_come_first_served() -> None:
    """Consecutive requests are one interval apart."""
    limiter, order = _limiter(Time()), []

    async def wait(name: int) -> None:
        order.append((name, await limiter.acquire()))

    await asyncio.gather(*(wait(name) for name in range(50)))
    assert [name for name, _ in order] == list(range(50))
    assert order[-1][1] == pytest.approx(1000.0 + 49 * 0.12 / SHARE)


async def test_without_a_limit_no_request_waits() -> None:
    """`acquire` returns at once, in the same step of the loop."""
    limiter = _limiter(Time(), 0)
    for _ in range(100):
        with pytest.raises(StopIteration):
            limiter.acquire().send(None)
    assert limiter.requests["sent"] == 100
    assert limiter.waited == 0.0


async def test_later_workers_queue_while_throttled() -> None:
    """Waiting workers are counted; when the throttling is over they send at the pace."""
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


async def test_a_list_that_fits_into_the_quota_is_not_paced() -> None:
    """500 customers are sent at once; 501 take a minute."""
    time = Time()
    limiter = _limiter(time)
    limiter.expect(500)
    assert (await _ask(limiter, 500))[-1] == 1000.0
    limiter = _limiter(time)
    limiter.expect(501)
    assert (await _ask(limiter, 501))[-1] >= 1060.0


async def test_lost_requests_count_against_the_limit() -> None:
    """The server may have counted them: after 500 time-outs no request is sent for a minute."""
    time = Time()
    limiter = _limiter(time, Plan(500, burst=True))
    for _ in range(500):
        limiter.on_lost(await limiter.acquire())
    assert await limiter.acquire() == pytest.approx(1060.0)


async def test_it_gives_up_only_after_many_rejections_in_a_row() -> None:
    """Twenty rejections in a row end it; one response in between starts the count again."""
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


async def test_usage_is_compared_with_the_limit() -> None:
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
    """The value is None, as before any request."""
    limiter = _limiter(Time(), plan)
    assert limiter.usage()["percent_of_ideal"] is None
    await _ask(limiter, 10)
    usage = limiter.usage()
    assert (usage["learned_per_minute"], usage["percent_of_ideal"]) == (None, None)


async def test_the_time_left_is_estimated() -> None:
    """With a pace: by the pace. Without: by the time so far; unknown before the first response."""
    time = Time()
    assert _limiter(time).eta(1000) == pytest.approx(120.0, rel=0.01)
    assert _limiter(time, remembered=RememberedRate(4.0)).eta(1000) == pytest.approx(250.0, rel=0.05)
    limiter = _limiter(time, 0)
    assert limiter.eta(1000) is None
    sent_at = await limiter.acquire()
    time.now += 2.0
    limiter.on_response(sent_at)
    assert limiter.eta(10) == pytest.approx(20.0)


async def test_the_next_run_starts_with_the_remembered_rate() -> None:
    """The pace, and how much of the quota is used up."""
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


async def test_a_few_requests_do_not_change_the_remembered_rate() -> None:
    """A rejected request for one customer says nothing about the pace of thousands."""
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


async def test_after_stop_no_request_is_sent() -> None:
    """New and queued requests raise, and `wait_stopping` returns."""
    time = Time()
    limiter = _limiter(time, 0)
    ended = asyncio.create_task(limiter.wait_stopping())
    limiter.stop()
    with pytest.raises(RunStopping):
        await limiter.acquire()
    with pytest.raises(RunStopping):
        await limiter.pause(1.0)
    await ended


async def test_a_cancelled_worker_leaves_the_queue() -> None:
    """The next one takes its place."""
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
