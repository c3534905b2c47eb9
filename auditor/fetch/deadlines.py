"""When a request has taken too long. Rule: one timer looks after all requests that are out; none has one of its own.

A timer for each request, which nearly always is cancelled again, costs a tenth of the throughput. The price is that a
request may live an eighth longer than it should.
"""

import asyncio
from types import TracebackType
from typing import Self


class Deadlines:
    """Watches the requests of the event loop that runs.

    Args:
        total: seconds that one request may take whole, so that no server can hold a worker with a byte now and then.
        silence: seconds for which nothing may be heard of it.
    """

    def __init__(self, total: float, silence: float) -> None:
        self._total = total
        self._silence = silence
        self._period = min(total, silence, 8.0) / 8
        self.out: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None
        self.loop = asyncio.get_running_loop()

    def start(self) -> None:
        """Sees to it that somebody looks after the requests that are out."""
        if self._timer is None:
            self._timer = self.loop.call_later(self._period, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self.loop.time()
        for deadline in self.out:
            if now - deadline.began >= self._total:
                deadline.expire(f"no whole answer within {self._total:g} s")
            elif now - deadline.heard_at >= self._silence:
                deadline.expire(f"nothing heard for {self._silence:g} s")
        if self.out:
            self.start()


class Deadline:
    """Of the request that the current task sends; what `asyncio.timeout` does, but for the timer.

    Raises:
        TimeoutError: at the end of the block, where it took too long.
    """

    __slots__ = ("_all", "_cancelling", "_late", "_task", "began", "heard_at")

    def __init__(self, watching: Deadlines) -> None:
        self._all = watching
        self._late: str | None = None

    def __enter__(self) -> Self:
        # the loop is named: to look for it takes a system call on Python 3.11
        task = asyncio.current_task(self._all.loop)
        assert task is not None  # noqa: S101 - a coroutine runs in a task
        self._task = task
        self._cancelling = task.cancelling()
        self.began = self.heard_at = self._all.loop.time()
        out = self._all.out
        if not out:
            self._all.start()
        out.add(self)
        return self

    def heard(self) -> None:
        """Something came: the silence begins anew."""
        self.heard_at = self._all.loop.time()

    def expire(self, why: str) -> None:
        """Ends the request."""
        if self._late is None:
            self._late = why
            self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._all.out.discard(self)
        # somebody else may have cancelled the task at the same time: that stands
        if self._late is not None and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError(self._late) from error
