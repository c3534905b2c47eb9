"""End requests that take too long. One timer watches all requests in flight.

A timer for each request, which is nearly always cancelled, would cost a tenth of the throughput. With one timer, a request
may take an eighth longer than its limit.
"""

import asyncio
from types import TracebackType
from typing import Self


class DeadlineTimer:
    """Watch the requests in flight on the running event loop.

    Args:
        total: seconds for a whole request, so that no server can hold a worker with a byte now and then.
        silence: seconds without any byte.
    """

    def __init__(self, total: float, silence: float) -> None:
        self._total = total
        self._silence = silence
        self._period = min(total, silence, 8.0) / 8
        self.in_flight: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Start the timer, unless it is running."""
        if self._timer is None:
            self._timer = self.loop.call_later(self._period, self._check_all)

    def _check_all(self) -> None:
        self._timer = None
        now = self.loop.time()
        for deadline in self.in_flight:
            if now - deadline.started_at >= self._total:
                deadline.expire(f"no whole answer within {self._total:g} s")
            elif now - deadline.last_byte_at >= self._silence:
                deadline.expire(f"no data received for {self._silence:g} s")
        if self.in_flight:
            self.start()


class Deadline:
    """The deadline of the request that the current task sends: like `asyncio.timeout`, with the shared timer.

    Raises:
        TimeoutError: at the end of the block, if the request took too long.
    """

    __slots__ = ("_cancelling", "_reason", "_task", "_timer", "last_byte_at", "started_at")

    def __init__(self, timer: DeadlineTimer) -> None:
        self._timer = timer
        self._reason: str | None = None

    def __enter__(self) -> Self:
        # the loop is passed, because finding it takes a system call on Python 3.11
        task = asyncio.current_task(self._timer.loop)
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._task = task
        self._cancelling = task.cancelling()
        self.started_at = self.last_byte_at = self._timer.loop.time()
        in_flight = self._timer.in_flight
        if not in_flight:
            self._timer.start()
        in_flight.add(self)
        return self

    def extend(self) -> None:
        """Restart the silence after a byte was received."""
        self.last_byte_at = self._timer.loop.time()

    def expire(self, reason: str) -> None:
        """Cancel the request."""
        if self._reason is None:
            self._reason = reason
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._timer.in_flight.discard(self)
        # another caller may have cancelled the task at the same time: then it stays cancelled
        if self._reason is not None and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError(self._reason) from error
