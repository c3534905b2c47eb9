"""`DeadlineTimer`: slow requests are cancelled, by one timer for all."""

import asyncio

import pytest

from auditor.fetch.timeouts import Deadline, DeadlineTimer


async def _wait_for_ever(timer: DeadlineTimer, entered: asyncio.Event | None = None) -> None:
    with Deadline(timer):
        if entered:
            entered.set()
        await asyncio.Event().wait()


async def test_a_request_that_takes_too_long_is_cancelled() -> None:
    """The total limits the whole request; the error's text fits into a report."""
    with pytest.raises(TimeoutError, match=r"no whole answer within 0\.02 s"):
        await _wait_for_ever(DeadlineTimer(total=0.02, silence=60.0))


async def test_a_silent_request_is_cancelled_earlier() -> None:
    """A silent request ends earlier than one that is only slow."""
    with pytest.raises(TimeoutError, match=r"no data received for 0\.02 s"):
        await _wait_for_ever(DeadlineTimer(total=60.0, silence=0.02))


async def test_each_byte_restarts_the_silence() -> None:
    """Only the total ends such a request."""
    timer = DeadlineTimer(total=0.2, silence=0.1)

    async def noisy() -> None:
        with Deadline(timer) as deadline:
            while True:
                await asyncio.sleep(0)
                deadline.extend()

    with pytest.raises(TimeoutError, match="no whole answer"):
        await noisy()


async def test_each_request_has_its_own_deadline() -> None:
    """A request that ends in time is not cancelled; the others are."""
    timer = DeadlineTimer(total=0.02, silence=60.0)

    async def quick() -> str:
        with Deadline(timer):
            await asyncio.sleep(0)
            return "done"

    waiting = [_wait_for_ever(timer) for _ in range(5)]
    results = await asyncio.gather(quick(), *waiting, return_exceptions=True)
    assert [type(result) for result in results] == [str, *[TimeoutError] * 5]
    assert not timer.in_flight


async def test_the_timer_stops_when_no_request_is_in_flight() -> None:
    """The next request starts it again."""
    timer = DeadlineTimer(total=0.02, silence=60.0)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await _wait_for_ever(timer)
        assert not timer.in_flight
        timer._check_all()
        assert timer._timer is None


async def test_a_cancelled_worker_gets_no_timeout_error() -> None:
    """It gets CancelledError even if the deadline passes at the same time."""
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
