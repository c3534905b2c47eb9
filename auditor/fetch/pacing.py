"""One gate and one turnstile for all workers. Rule: every request passes `turn`, and every answer is reported back.

The arithmetic is `core.rate`; here are only the clock, the queue and the sleep. Waiters stand in one queue (an
`asyncio.Lock` is first come, first served), so a closed gate wakes one of them, not all.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from auditor.core.judge import outage
from auditor.core.model import Cause, RunEnd
from auditor.core.pacing import Memory, Plan, rate
from auditor.core.pacing import throttle as gate
from auditor.core.text import MINUTE

_log = logging.getLogger(__name__)
Sleep = Callable[[float], Awaitable[None]]


class IntakeClosed(Exception):  # noqa: N818 - it is a signal to the workers, not an error
    """The run ends: no further request may leave."""


@dataclass(frozen=True, slots=True)
class Account:
    """How the limit was used.

    Attributes:
        requests: by outcome; `sent` is their sum, `throttled` those that were rejected for exceeding the limit.
        waited: seconds that the gate and the pace held the run up.
        learned_per_minute: the pace at the end; None where requests were not paced.
        percent_of_ideal: the time that the answers take at the limit, as a share of what they took, at most 100;
            None where there is no limit to compare with, or nothing was answered.
    """

    requests: dict[str, int]
    waited: float
    learned_per_minute: float | None
    percent_of_ideal: float | None


class Pacing:
    """The gate and the pace that all requests of a run share.

    Args:
        plan: how to pace; a number is requests a minute, 0 does not pace, but the gate still holds.
        clock: monotonic seconds.
        sleep: waits so many seconds.
        memory: what the last run against the same quota left.
    """

    def __init__(
        self,
        plan: Plan | float,
        *,
        clock: Callable[[], float],
        sleep: Sleep = asyncio.sleep,
        memory: Memory | None = None,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._plan = plan if isinstance(plan, Plan) else Plan(plan)
        self._began, self._recalled = clock(), memory
        self._rate = rate.start(self._plan, self._began, memory)
        # a state that a departure does not change makes nobody wait, however often it is asked
        self._free: rate.Rate | None = None
        self._outage = outage.NONE_YET
        self._queue = asyncio.Lock()
        self._queueing = 0
        self._closed = asyncio.Event()
        self._answered = 0
        self._first: float | None = None
        self._last = 0.0
        self.requests: Counter[str] = Counter()
        self.waited = 0.0
        self.outages = 0
        self.gave_up: RunEnd | None = None

    def expect(self, customers: int) -> None:
        """Tells how many customers are left to ask for: those that fit into the quota go out at once."""
        self._rate = rate.expecting(self._rate, customers, self._clock())

    async def turn(self) -> float:
        """Waits until a request may leave; returns when it does, in monotonic seconds.

        Raises:
            IntakeClosed: the run ends.
        """
        now = self._clock()
        if self._rate is self._free and not self._outage.held:
            self._check()
        else:
            now = await self._in_line(now)
        self.requests["sent"] += 1
        if self._first is None:
            self._first = now
        return now

    async def pause(self, seconds: float) -> None:
        """Sleeps, but no longer than the run goes on.

        Raises:
            IntakeClosed: the run ends.
        """
        self._check()
        closing = asyncio.ensure_future(self._closed.wait())
        sleeping = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait({closing, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            sleeping.cancel()
        self._check()

    def accepted(self, sent_at: float | None = None) -> None:
        """Reports an answer that is not a rejection; `sent_at` is what `turn` returned for its request."""
        now = self._last = self._clock()
        self._rate = rate.accepted(self._rate, now, sent_at)
        self._answered += 1
        if self._outage is not outage.CALM:
            self._heard(now)

    def lost(self, sent_at: float | None = None) -> None:
        """Reports that no answer will come: a time-out or a lost connection."""
        now = self._clock()
        self._rate = rate.lost(self._rate, now, sent_at)
        self._failed(sent_at, now)

    def unavailable(self, sent_at: float) -> None:
        """Reports an answer that only says that nobody is there: no rejection, but nothing got through."""
        now = self._last = self._clock()
        self._rate = rate.accepted(self._rate, now, sent_at)
        self._answered += 1
        self._failed(sent_at, now)

    def rejected(self, sent_at: float, retry_after: float | None) -> None:
        """Reports a rejection for exceeding the limit: closes the gate for everybody."""
        now = self._clock()
        self._rate = rate.rejected(self._rate, sent_at, now, retry_after)
        self._heard(now)

    @property
    def hopeless(self) -> bool:
        """True where the gate was opened so often with nothing getting through that no patience will help."""
        return self._rate.fruitless >= gate.PATIENCE

    @property
    def held(self) -> bool:
        """True while the service is out of reach: only one request at a time leaves, to see whether it is back."""
        return self._outage.held

    @property
    def queueing(self) -> int:
        """How many wait for their turn: as long as somebody does, more workers would send nothing earlier."""
        return self._queueing

    def eta(self, customers: int) -> float | None:
        """Seconds until so many more customers are answered; None where nothing shows it yet."""
        now = self._clock()
        by_pace = rate.eta(self._rate, customers, now)
        if by_pace is not None:
            return by_pace
        if self._first is None or not self._answered or now <= self._first:
            return None
        return customers * (now - self._first) / self._answered

    def closed_for(self) -> float:
        """Seconds until the service, which has rejected requests, may be asked again; 0 where it may be now."""
        return max(0.0, self._rate.paused_until - self._clock()) if self._rate.paused else 0.0

    def slowed_to(self) -> float | None:
        """The pace in requests a minute, where rejections hold it below what was set; else None."""
        per_second = rate.pace(self._rate, self._clock())
        return per_second * MINUTE if per_second < self._plan.pace else None

    def account(self) -> Account:
        """How the limit was used so far."""
        per_second = rate.pace(self._rate, self._clock())
        limit = min(self._plan.per_second, per_second) if self._plan.per_minute is None else self._plan.per_second
        took = self._last - self._first if self._first is not None else 0.0
        paced, limited = per_second < float("inf"), limit < float("inf")
        return Account(
            dict(self.requests),
            self.waited,
            per_second * MINUTE if paced else None,
            min(100.0, 100.0 * self._answered / limit / took) if limited and self._answered and took > 0 else None,
        )

    def memory(self) -> Memory:
        """What the next run against the same quota may begin with."""
        now = self._clock()
        return rate.memory(self._rate, now).handed_on(self._answered, self._recalled, now - self._began)

    async def closed(self) -> None:
        """Waits until the intake is closed."""
        await self._closed.wait()

    def close(self) -> None:
        """Lets no further request leave; whoever waits is woken with `IntakeClosed`."""
        self._closed.set()

    async def _in_line(self, now: float) -> float:
        """The time at which the next request leaves, behind those that wait already."""
        if self._queueing or self._outage.held or rate.wait(self._rate, now):
            now = await self._in_turn()
        else:
            self._check()
        if self._outage.held:
            self._outage = outage.sent(self._outage, now)
        before, self._rate = self._rate, rate.sent(self._rate, now)
        self._free = self._rate if self._rate is before else None
        return now

    async def _in_turn(self) -> float:
        """The time at which the first of the queue may leave."""
        self._queueing += 1
        try:
            async with self._queue:
                while seconds := max(rate.wait(self._rate, now := self._clock()), outage.wait(self._outage, now)):
                    self._end_a_long_outage(now)
                    await self.pause(seconds)
                    self.waited += self._clock() - now
                self._check()
                return now
        finally:
            self._queueing -= 1

    def _failed(self, sent_at: float | None, now: float) -> None:
        before, self._outage = self._outage, outage.failed(self._outage, now if sent_at is None else sent_at, now)
        if self._outage.held and not before.held:
            self.outages += 1
            _log.warning(
                "%d requests in a row failed: nothing more is sent but one request now and then, until one is answered",
                self._outage.failures,
            )

    def _heard(self, now: float) -> None:
        before, self._outage = self._outage, outage.CALM
        if before.since is not None:
            _log.warning("the service answers again after %.0f s: the run goes on", now - before.since)

    def _end_a_long_outage(self, now: float) -> None:
        if outage.given_up(self._outage, now):
            self.gave_up = _OUTAGE_TOO_LONG
            self.close()

    def _check(self) -> None:
        if self._closed.is_set():
            raise IntakeClosed


_OUTAGE_TOO_LONG = RunEnd(
    Cause.SERVICE,
    f"the service answered, and then nothing more for {outage.LONGEST:g} seconds",
    "check the network (auditor doctor), then resume",
)
