"""Bounded workers over one lazy iterator: fetch, then record. Rule: knows no HTTP and no files, makes no task per customer.

An exception that nobody foresaw costs its customer the answer, and nobody else. Customers that an outage left without an
answer are asked once more at the end.

`record` runs in the worker, before it takes the next customer: a slow disk slows the intake by itself. Not an async
generator, because yielding inside a TaskGroup leaks workers when the consumer leaves early.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from auditor.core.judge import FRESH, Breaker
from auditor.core.model import CustomerResult, Reason, RunEnd
from auditor.errors import AuditorError
from auditor.fetch.defects import failed
from auditor.fetch.pacing import IntakeClosed, Pacing

IN_QUEUE = 2
"""Workers that may wait for their turn; more would send nothing earlier."""
Wanted = tuple[int, str]
"""(row index, customer id)"""


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers.

    Attributes:
        workers: how many customers are asked for at a time.
        grace: seconds that requests in flight are given once the intake is closed.
        breaker: what ends the run early, before the first answer.
    """

    workers: int
    grace: float = 30.0
    breaker: Breaker = FRESH


async def run(
    wanted: Iterator[Wanted],
    ask: Callable[[str], Awaitable[CustomerResult]],
    record: Callable[[int, CustomerResult], None],
    pacing: Pacing,
    crew: Crew,
) -> RunEnd | None:
    """Asks for every customer and records every answer.

    Args:
        wanted: the customers, read as workers get free.
        ask: the answer for one customer.
        record: writes one answer down; called in the order of arrival.
        pacing: closed when the run must end, so that nobody waits for a turn in vain.
        crew: how many customers are asked for at a time, and how long the last ones may take.

    Returns:
        Why the run ended before every customer was asked, or None.

    Raises:
        AuditorError, OSError: whatever of these `ask` raised first; the other workers are cancelled. Any other exception
            of `ask` becomes the answer `internal_error` of its customer.
        Exception: whatever `record` raised first; likewise.
    """
    pool = _Pool(wanted, ask, record, pacing, crew)
    try:
        async with asyncio.TaskGroup() as group:
            pool.hire(group, crew.workers)
            watching = group.create_task(pool.send_home())
            await pool.home.wait()
            watching.cancel()
    except ExceptionGroup as failures:
        # one failure ends the run; its fellows were cancelled or say the same
        raise failures.exceptions[0] from failures
    return pool.end or pacing.gave_up


_UNANSWERED = frozenset({Reason.TRANSPORT_ERROR, Reason.SERVICE_ERROR})


class _Queue:
    """The customers to ask: the list, then those that failed in a session with an outage, each once more."""

    def __init__(self, wanted: Iterator[Wanted], pacing: Pacing) -> None:
        self._wanted = wanted
        self._pacing = pacing
        self._failed: list[Wanted] = []
        self._again: set[int] = set()

    def __iter__(self) -> Iterator[Wanted]:
        return self

    def __next__(self) -> Wanted:
        for one in self._wanted:
            return one
        if not self._failed or not self._pacing.outages:
            raise StopIteration
        row, customer_id = self._failed.pop()
        self._again.add(row)
        return row, customer_id

    def take_back(self, row: int, customer_id: str) -> None:
        """Remembers a customer that got no answer, unless it was asked a second time already."""
        if row not in self._again:
            self._failed.append((row, customer_id))


class _Pool:
    """The workers of one run; as many at a time as the pace needs, for more would send nothing earlier."""

    def __init__(
        self,
        wanted: Iterator[Wanted],
        ask: Callable[[str], Awaitable[CustomerResult]],
        record: Callable[[int, CustomerResult], None],
        pacing: Pacing,
        crew: Crew,
    ) -> None:
        self._wanted = _Queue(wanted, pacing)
        self._ask = ask
        self._record = record
        self._pacing = pacing
        self._crew = crew
        self._breaker = crew.breaker
        self._everybody: set[asyncio.Task[None]] = set()
        self.home = asyncio.Event()
        self.end: RunEnd | None = None

    def hire(self, group: asyncio.TaskGroup, count: int) -> None:
        """Adds workers, as far as the crew allows."""
        for _ in range(min(count, self._crew.workers - len(self._everybody))):
            worker = group.create_task(self._work(group))
            self._everybody.add(worker)
            worker.add_done_callback(self._leave)

    async def send_home(self) -> None:
        """Cancels whoever has not finished some time after the intake was closed: resume asks for these customers."""
        await self._pacing.closed()
        await asyncio.sleep(self._crew.grace)
        for worker in self._everybody:
            worker.cancel()

    async def _work(self, group: asyncio.TaskGroup) -> None:
        for row, customer_id in self._wanted:
            try:
                answer = await self._ask(customer_id)
            except IntakeClosed:
                return
            except (AuditorError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever one customer raises must not end the run
                answer = failed(error, customer_id)
            self._record(row, answer)
            self._judge(row, answer)
            # by Little's law a pace needs so many workers as nobody ever waits for; whoever is busy with a slow reply
            # or backs off is made up for, and a queue is kept short, so that a closed gate opens to few
            if self.end or self._pacing.queueing > IN_QUEUE:
                return
            if not self._pacing.queueing and len(self._everybody) < self._crew.workers:
                self.hire(group, 1)

    def _judge(self, row: int, answer: CustomerResult) -> None:
        if answer.finding.reason in _UNANSWERED and answer.finding.run_end is None:
            self._wanted.take_back(row, answer.customer_id)
            if self._pacing.held:
                # the outage has a bound of its own
                return
        before, self._breaker = self._breaker, self._breaker.after(answer.finding)
        if self._breaker is before and answer.finding.run_end is None:
            return
        end = answer.finding.run_end or self._breaker.run_end
        if end is not None:
            self.end = self.end or end
            self._pacing.close()

    def _leave(self, worker: "asyncio.Task[None]") -> None:
        self._everybody.discard(worker)
        if not self._everybody:
            self.home.set()
