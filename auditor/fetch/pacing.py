"""One gate and one turnstile for all workers. Rule: every request passes `turn`, and every answer is reported back.

The arithmetic is `core.rate`; here are only the clock, the lock and the sleep. Waiters stand in one queue (an
`asyncio.Lock` is first come, first served), so a closed gate wakes one of them, not all.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable

from auditor.core import rate

Sleep = Callable[[float], Awaitable[None]]


class IntakeClosed(Exception):  # noqa: N818 - it is a signal to the workers, not an error
    """The run ends: no further request may leave."""


class Pacing:
    """The gate and the pace that all requests of a run share.

    Args:
        per_minute: requests a minute; 0 does not pace, but the gate still holds.
        clock: monotonic seconds.
        sleep: waits so many seconds.
    """

    def __init__(self, per_minute: float, *, clock: Callable[[], float], sleep: Sleep = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._rate = rate.start(per_minute, clock())
        self._queue = asyncio.Lock()
        self._closed = asyncio.Event()
        self.requests: Counter[str] = Counter()
        self.waited = 0.0

    async def turn(self) -> float:
        """Waits until a request may leave; returns when it does, in monotonic seconds.

        Raises:
            IntakeClosed: the run ends.
        """
        async with self._queue:
            while seconds := rate.wait(self._rate, self._clock()):
                await self.pause(seconds)
            self._check()
            now = self._clock()
            self._rate = rate.sent(self._rate, now)
            self.requests["sent"] += 1
            return now

    async def pause(self, seconds: float) -> None:
        """Sleeps, but no longer than the run goes on.

        Raises:
            IntakeClosed: the run ends.
        """
        self._check()
        began = self._clock()
        closing = asyncio.ensure_future(self._closed.wait())
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait({closing, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            sleeping.cancel()
        self.waited += self._clock() - began
        self._check()

    def accepted(self) -> None:
        """Reports an answer that is not a rejection."""
        self._rate = rate.accepted(self._rate)

    def rejected(self, sent_at: float, retry_after: float | None) -> None:
        """Reports a rejection for exceeding the limit: closes the gate for everybody."""
        self._rate = rate.rejected(self._rate, sent_at, self._clock(), retry_after)

    @property
    def hopeless(self) -> bool:
        """True where the gate was opened so often with nothing getting through that no patience will help."""
        return self._rate.closed_in_a_row >= rate.PATIENCE

    def close(self) -> None:
        """Lets no further request leave; whoever waits is woken with `IntakeClosed`."""
        self._closed.set()

    def _check(self) -> None:
        if self._closed.is_set():
            raise IntakeClosed
