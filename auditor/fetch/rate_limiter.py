"""The rate limiter that all workers share: every request waits for `acquire`, and every outcome is reported back.

`core.pacing` computes; this module has the clock, the queue and the sleep. Workers wait in one queue (an `asyncio.Lock`
is first come, first served), so that the end of a throttling wakes one worker, not all.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from auditor.core.judge import outage
from auditor.core.model import Cause, RunEnd
from auditor.core.pacing import PATIENCE, Plan, RememberedRate, rate
from auditor.core.text import MINUTE

_log = logging.getLogger(__name__)
Sleep = Callable[[float], Awaitable[None]]


class RunStopping(Exception):  # noqa: N818 - it is a signal to the workers, not an error
    """The run is stopping: no further request may be sent."""


class RateLimiter:
    """The rate limiter of a run.

    Args:
        plan: how to pace; a number is requests a minute. 0 does not pace, but a throttling still holds all requests.
        clock: monotonic seconds.
        sleep: waits this many seconds.
        remembered: the rate that the last run against the same quota saved.

    Attributes:
        requests: number of requests by outcome; `sent` is their sum, `throttled` those rejected for exceeding the limit.
        waited: seconds by which throttling and pace delayed the run.
        outages: number of outages.
        waiting: number of workers in the queue.
        run_end: set if an outage lasted too long, so that the run must end; else None.
    """

    def __init__(
        self,
        plan: Plan | float,
        *,
        clock: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
        remembered: RememberedRate | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._plan = plan if isinstance(plan, Plan) else Plan(plan)
        self._started_at, self._remembered = clock(), remembered
        self._rate = rate.start(self._plan, self._started_at, remembered)
        # a state that a request does not change never makes a request wait
        self._unlimited: rate.Rate | None = None
        self._outage = outage.NOT_YET_ANSWERED
        self._queue = asyncio.Lock()
        self.waiting = 0
        self._stopping = asyncio.Event()
        self._answered = 0
        self._first_sent_at: float | None = None
        self._last_answer_at = 0.0
        self.requests: Counter[str] = Counter()
        self.waited = 0.0
        self.outages = 0
        self.run_end: RunEnd | None = None

    def expect(self, customers: int) -> None:
        """Set how many customers are left to ask. If all fit into the quota, they are sent at once."""
        self._rate = rate.expecting(self._rate, customers, self._clock())

    async def acquire(self) -> float:
        """Wait until a request may be sent; return that time in monotonic seconds.

        Raises:
            RunStopping: the run is stopping.
        """
        now = self._clock()
        if self._rate is self._unlimited and not self._outage.held:
            self._check_stopping()
        else:
            now = await self._acquire_limited(now)
        self.requests["sent"] += 1
        if self._first_sent_at is None:
            self._first_sent_at = now
        return now

    async def pause(self, seconds: float) -> None:
        """Sleep, but only until the run is stopping.

        Raises:
            RunStopping: the run is stopping.
        """
        self._check_stopping()
        stopping = asyncio.ensure_future(self._stopping.wait())
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait({stopping, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            sleeping.cancel()
        self._check_stopping()

    def on_response(self, sent_at: float | None = None) -> None:
        """Report a response other than a rejection; `sent_at` is what `acquire` returned for its request."""
        now = self._last_answer_at = self._clock()
        self._rate = rate.accepted(self._rate, now, sent_at)
        self._answered += 1
        if self._outage is not outage.REACHABLE:
            self._end_outage(now)

    def on_lost(self, sent_at: float | None = None) -> None:
        """Report a time-out or a lost connection."""
        now = self._clock()
        self._rate = rate.lost(self._rate, now, sent_at)
        self._count_failure(sent_at, now)

    def on_unavailable(self, sent_at: float) -> None:
        """Report a response that only says that the service is unavailable."""
        now = self._last_answer_at = self._clock()
        self._rate = rate.accepted(self._rate, now, sent_at)
        self._answered += 1
        self._count_failure(sent_at, now)

    def on_throttled(self, sent_at: float, retry_after: float | None) -> None:
        """Report a rejection for exceeding the limit: all workers wait."""
        now = self._clock()
        self._rate = rate.rejected(self._rate, sent_at, now, retry_after)
        self._end_outage(now)

    @property
    def gave_up(self) -> bool:
        """True where so many waits in a row ended with another rejection that waiting longer is useless."""
        return self._rate.fruitless >= PATIENCE

    @property
    def held(self) -> bool:
        """True during an outage: one request at a time is sent, to find out whether the service is back."""
        return self._outage.held

    def eta(self, customers: int) -> float | None:
        """Estimated seconds until this many more customers are answered; None if unknown."""
        now = self._clock()
        by_pace = rate.eta(self._rate, customers, now)
        if by_pace is not None:
            return by_pace
        if self._first_sent_at is None or not self._answered or now <= self._first_sent_at:
            return None
        return customers * (now - self._first_sent_at) / self._answered

    def closed_for(self) -> float:
        """Seconds until a request may be sent after a rejection; 0 if one may be sent now."""
        return max(0.0, self._rate.paused_until - self._clock()) if self._rate.paused else 0.0

    def slowed_to(self) -> float | None:
        """The pace in requests a minute if rejections keep it below the configured one; else None."""
        per_second = rate.pace(self._rate, self._clock())
        return per_second * MINUTE if per_second < self._plan.pace else None

    def usage(self) -> dict[str, float | None]:
        """How well the limit is used so far. A value is None if there was no limit, or no answer.

        Returns:
            `waited_seconds`; `learned_per_minute`: the pace at the end; `percent_of_ideal`: the time that the answers
            need at the limit, as a share of the time that they took, at most 100.
        """
        per_second = rate.pace(self._rate, self._clock())
        limit = min(self._plan.per_second, per_second) if self._plan.per_minute is None else self._plan.per_second
        took = self._last_answer_at - self._first_sent_at if self._first_sent_at is not None else 0.0
        paced, limited = per_second < float("inf"), limit < float("inf")
        measured = limited and self._answered and took > 0
        return {
            "waited_seconds": self.waited,
            "learned_per_minute": per_second * MINUTE if paced else None,
            "percent_of_ideal": min(100.0, 100.0 * self._answered / limit / took) if measured else None,
        }

    def rate_to_remember(self) -> RememberedRate:
        """The rate with which the next run against the same quota starts."""
        now = self._clock()
        return rate.memory(self._rate, now).for_next_run(self._answered, self._remembered, now - self._started_at)

    def stop(self) -> None:
        """Stop sending requests; `RunStopping` is raised in every waiting worker."""
        self._stopping.set()

    def restart(self) -> None:
        """Send requests again after `stop`; whether the service can be reached is open again."""
        self._stopping.clear()
        self._outage = outage.NOT_YET_ANSWERED
        self.run_end = None

    @property
    def stopping(self) -> bool:
        """True after `stop`."""
        return self._stopping.is_set()

    async def wait_stopping(self) -> None:
        """Wait until `stop` is called."""
        await self._stopping.wait()

    async def _acquire_limited(self, now: float) -> float:
        if self.waiting or self._outage.held or rate.wait(self._rate, now):
            now = await self._wait_in_queue()
        else:
            self._check_stopping()
        if self._outage.held:
            self._outage = outage.sent(self._outage, now)
        before, self._rate = self._rate, rate.sent(self._rate, now)
        self._unlimited = self._rate if self._rate is before else None
        return now

    async def _wait_in_queue(self) -> float:
        """Wait behind the others; return the time at which the request may be sent."""
        self.waiting += 1
        try:
            async with self._queue:
                while seconds := max(rate.wait(self._rate, now := self._clock()), outage.wait(self._outage, now)):
                    self._check_outage(now)
                    await self.pause(seconds)
                    self.waited += self._clock() - now
                self._check_stopping()
                return now
        finally:
            self.waiting -= 1

    def _count_failure(self, sent_at: float | None, now: float) -> None:
        before, self._outage = self._outage, outage.failed(self._outage, now if sent_at is None else sent_at, now)
        if self._outage.held and not before.held:
            self.outages += 1
            _log.warning(
                "%d requests in a row failed: only one request at a time is sent until one is answered",
                self._outage.failures,
            )

    def _end_outage(self, now: float) -> None:
        before, self._outage = self._outage, outage.REACHABLE
        if before.since is not None:
            _log.warning("the service answers again after %.0f s: the run continues", now - before.since)

    def _check_outage(self, now: float) -> None:
        if outage.has_lasted_too_long(self._outage, now):
            self.run_end = _OUTAGE_TOO_LONG
            self.stop()

    def _check_stopping(self) -> None:
        if self._stopping.is_set():
            raise RunStopping


_OUTAGE_TOO_LONG = RunEnd(
    Cause.SERVICE,
    f"the service answered at first, and was unavailable for {outage.LONGEST:g} seconds since then",
    "check the network (auditor doctor), then resume",
)
