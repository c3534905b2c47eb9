"""`Pacing`: the queue, the clock and the account, with an own clock and no waiting."""

import asyncio
import math

import pytest

from auditor.core.pacing.plan import SHARE, Memory, Plan
from auditor.fetch.pacing import IntakeClosed, Pacing


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


def _pacing(time: Time, plan: Plan | float = 500, memory: Memory | None = None) -> Pacing:
    return Pacing(plan, clock=time.clock, sleep=time.sleep, memory=memory)


async def _ask(pacing: Pacing, count: int) -> list[float]:
    """The departures of so many requests that are answered at once."""
    times = []
    for _ in range(count):
        times.append(await pacing.turn())
        pacing.accepted(times[-1])
    return times


async def test_waiters_leave_in_the_order_in_which_they_came() -> None:
    """Nobody overtakes anybody, and two in a row are a pace apart."""
    pacing, order = _pacing(Time()), []

    async def wait(name: int) -> None:
        order.append((name, await pacing.turn()))

    await asyncio.gather(*(wait(name) for name in range(50)))
    assert [name for name, _ in order] == list(range(50))
    assert order[-1][1] == pytest.approx(1000.0 + 49 * 0.12 / SHARE)


async def test_an_open_gate_makes_nobody_wait() -> None:
    """Without a pace a turn returns at once, in the same step of the loop."""
    pacing = _pacing(Time(), 0)
    for _ in range(100):
        with pytest.raises(StopIteration):
            pacing.turn().send(None)
    assert pacing.requests["sent"] == 100
    assert pacing.waited == 0.0


async def test_whoever_comes_later_queues_behind_a_closed_gate() -> None:
    """Those who wait are counted; when the gate opens they leave at the pace."""
    time = Time()
    pacing = _pacing(time)
    first = await pacing.turn()
    pacing.accepted(first)
    for _ in range(2):
        pacing.rejected(first, 30.0)
    turns = [asyncio.create_task(pacing.turn()) for _ in range(5)]
    await asyncio.sleep(0)
    assert pacing.queueing == 5
    times = await asyncio.gather(*turns)
    assert times[0] == 1030.0
    assert times == sorted(times)
    assert pacing.queueing == 0
    assert pacing.waited == pytest.approx(times[-1] - 1000.0)


async def test_a_list_that_fits_is_not_paced() -> None:
    """Told of 500 customers it sends them at once; told of 501 it takes its minute."""
    time = Time()
    pacing = _pacing(time)
    pacing.expect(500)
    assert (await _ask(pacing, 500))[-1] == 1000.0
    pacing = _pacing(time)
    pacing.expect(501)
    assert (await _ask(pacing, 501))[-1] >= 1060.0


async def test_lost_requests_keep_their_place_too() -> None:
    """The server may have counted them: after 500 time-outs nothing leaves for a minute."""
    time = Time()
    pacing = _pacing(time, Plan(500, burst=True))
    for _ in range(500):
        pacing.lost(await pacing.turn())
    assert await pacing.turn() == pytest.approx(1060.0)


async def test_it_is_hopeless_only_where_nothing_gets_through() -> None:
    """Twenty closings in a row end it, one accepted answer between them begins the count anew."""
    time = Time()
    pacing = _pacing(time)
    for _ in range(19):
        pacing.rejected(await pacing.turn(), 57.0)
    assert not pacing.hopeless
    pacing.accepted(await pacing.turn())
    # the first one may be its customer's own, the second one shows that it is not
    for _ in range(2 + 19):
        pacing.rejected(await pacing.turn(), 57.0)
    assert not pacing.hopeless
    pacing.rejected(await pacing.turn(), 57.0)
    assert pacing.hopeless


async def test_the_account_compares_with_the_limit() -> None:
    """1,000 customers at 500 a minute take two minutes: nearly all of what is possible."""
    pacing = _pacing(Time())
    await _ask(pacing, 1000)
    account = pacing.account()
    assert account.requests == {"sent": 1000}
    assert account.waited == pytest.approx(119.9 / SHARE, abs=0.2)
    assert account.learned_per_minute == pytest.approx(500.0 * SHARE)
    assert account.percent_of_ideal == pytest.approx(100.0 * SHARE, abs=0.2)


@pytest.mark.parametrize("plan", [0, Plan(None)])
async def test_without_a_limit_there_is_no_ideal(plan: Plan | float) -> None:
    """Nothing to compare with is None, not a number; nor is a run that has asked for nothing."""
    pacing = _pacing(Time(), plan)
    assert pacing.account().percent_of_ideal is None
    await _ask(pacing, 10)
    account = pacing.account()
    assert (account.learned_per_minute, account.percent_of_ideal) == (None, None)


async def test_the_time_left_comes_from_the_pace_or_from_experience() -> None:
    """Paced: by the pace, learned or not. Not paced: as it went so far, and unknown before the first answer."""
    time = Time()
    assert _pacing(time).eta(1000) == pytest.approx(120.0, rel=0.01)
    assert _pacing(time, memory=Memory(4.0)).eta(1000) == pytest.approx(250.0, rel=0.05)
    pacing = _pacing(time, 0)
    assert pacing.eta(1000) is None
    sent_at = await pacing.turn()
    time.now += 2.0
    pacing.accepted(sent_at)
    assert pacing.eta(10) == pytest.approx(20.0)


async def test_what_one_run_learned_begins_the_next() -> None:
    """The pace, and what of the quota is used up."""
    time = Time()
    pacing = _pacing(time)
    await _ask(pacing, 100)
    quiet = pacing.memory()
    assert (quiet.per_second, quiet.held) == (math.inf, 100)
    for _ in range(2):
        pacing.rejected(await pacing.turn(), 20.0)
    await _ask(pacing, 1)
    learned = pacing.memory()
    assert 2.0 < learned.per_second < 5.0
    assert learned.longest_asked == 20.0
    assert _pacing(time, memory=learned).memory().held == learned.held


async def test_a_few_requests_teach_nothing() -> None:
    """A rejected look-up of one customer says nothing of the pace of thousands; what was learned before stays as it was."""
    time = Time()
    for earlier, kept in ((None, math.inf), (Memory(4.0, 57.0, learned_ago=100.0, age=3600.0), 4.0)):
        pacing = _pacing(time, memory=earlier)
        pacing.rejected(await pacing.turn(), 20.0)
        await _ask(pacing, 2)
        left = pacing.memory()
        assert left.per_second == kept
        assert left.held == 3
        if earlier:
            assert left.longest_asked == 57.0
            assert left.learned_ago == pytest.approx(3720.0, abs=5.0)


async def test_a_closed_intake_lets_nobody_through() -> None:
    """Not at an open gate, and not out of the queue; whoever waits for the end is told."""
    time = Time()
    pacing = _pacing(time, 0)
    ended = asyncio.create_task(pacing.closed())
    pacing.close()
    with pytest.raises(IntakeClosed):
        await pacing.turn()
    with pytest.raises(IntakeClosed):
        await pacing.pause(1.0)
    await ended


async def test_a_cancelled_waiter_leaves_the_queue_in_order() -> None:
    """Its place is gone, its turn is nobody's, and the next one leaves."""
    pacing = Pacing(1, clock=lambda: 0.0)
    await pacing.turn()
    first, second = (asyncio.create_task(pacing.turn()) for _ in range(2))
    await asyncio.sleep(0)
    assert pacing.queueing == 2
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert pacing.queueing == 1
    pacing.close()
    assert isinstance((await asyncio.gather(second, return_exceptions=True))[0], IntakeClosed)
    assert pacing.requests["sent"] == 1
