"""`DeadlineTimer`: who takes too long is ended, by one timer that rests when nothing is out."""

import asyncio

import pytest

from auditor.fetch.timeouts import Deadline, DeadlineTimer


async def _wait_for_ever(timer: DeadlineTimer, entered: asyncio.Event | None = None) -> None:
    with Deadline(timer):
        if entered:
            entered.set()
        await asyncio.Event().wait()


async def test_a_request_that_takes_too_long_is_ended() -> None:
    """The total bounds it whole, in words that a report can hold."""
    with pytest.raises(TimeoutError, match=r"no whole answer within 0\.02 s"):
        await _wait_for_ever(DeadlineTimer(total=0.02, silence=60.0))


async def test_silence_ends_a_request_before_its_time() -> None:
    """Who says nothing is given up earlier than who is slow."""
    with pytest.raises(TimeoutError, match=r"nothing heard for 0\.02 s"):
        await _wait_for_ever(DeadlineTimer(total=60.0, silence=0.02))


async def test_who_is_heard_lives_on() -> None:
    """Each sign of life begins the silence anew: the total alone ends it."""
    timer = DeadlineTimer(total=0.2, silence=0.1)

    async def noisy() -> None:
        with Deadline(timer) as deadline:
            while True:
                await asyncio.sleep(0)
                deadline.extend()

    with pytest.raises(TimeoutError, match="no whole answer"):
        await noisy()


async def test_each_of_many_has_its_own_time() -> None:
    """One that ends in time is let be; its neighbours are ended."""
    timer = DeadlineTimer(total=0.02, silence=60.0)

    async def quick() -> str:
        with Deadline(timer):
            await asyncio.sleep(0)
            return "done"

    waiting = [_wait_for_ever(timer) for _ in range(5)]
    results = await asyncio.gather(quick(), *waiting, return_exceptions=True)
    assert [type(result) for result in results] == [str, *[TimeoutError] * 5]
    assert not timer.in_flight


async def test_the_timer_rests_when_nothing_is_out() -> None:
    """An idle run wakes nobody, and the next request is watched again."""
    timer = DeadlineTimer(total=0.02, silence=60.0)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(timer)
        assert not timer.in_flight
        timer._check_all()
        assert timer._timer is None


async def test_a_cancelled_worker_is_cancelled_and_not_late() -> None:
    """Who ends a run at once gets what it asked for, even in the instant in which the time is over."""
    timer = DeadlineTimer(total=60.0, silence=60.0)
    entered = asyncio.Event()
    task = asyncio.create_task(_wait_for_ever(timer, entered))
    await entered.wait()
    for deadline in timer.in_flight:
        deadline.expire("over")
        deadline.expire("over, and seen twice")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not timer.in_flight
