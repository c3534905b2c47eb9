"""A pool of workers over one lazy iterator of customers: fetch, then record. No HTTP and no files here.

There is a task per worker, never one per customer. A worker records a result before it takes the next customer, so a slow
disk slows the requests down. An unexpected exception affects its own customer only. Customers that have no answer because
of an outage are asked once more at the end. Not an async generator: yielding inside a TaskGroup leaks workers when the
consumer leaves early; `runs.client` runs a pool as a task beside its generator.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from auditor.core.judge import NEW_BREAKER, Breaker
from auditor.core.model import CustomerResult, Reason, RunEnd
from auditor.errors import AuditorError
from auditor.fetch.rate_limiter import RateLimiter, RunStopping
from auditor.fetch.retries import internal_error_result

MAX_WAITING = 2
"""Workers that may wait for the rate limiter; more would not send requests any earlier."""
RowCustomer = tuple[int, str]
"""(row index, customer id)"""
Customers = Iterator[RowCustomer] | AsyncIterator[RowCustomer]
NO_ANSWER = frozenset({Reason.TRANSPORT_ERROR, Reason.SERVICE_ERROR})
"""Reasons of customers to ask once more after an outage."""


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Options of the pool.

    Attributes:
        workers: maximum number of workers.
        grace: seconds that requests in flight may take once the run is stopping.
        breaker: the circuit breaker, before the first result.
        shares_limiter: True if other pools use the same rate limiter. Then the end of this pool does not stop it, and the
            requests in flight are cancelled. Nor does the pool ask again after an outage, which may be another pool's:
            `fetch` does.
    """

    workers: int
    grace: float = 30.0
    breaker: Breaker = NEW_BREAKER
    shares_limiter: bool = False


async def run_pool(
    customers: Customers,
    fetch: Callable[[str], Awaitable[CustomerResult]],
    record: Callable[[int, CustomerResult], None],
    limiter: RateLimiter,
    options: PoolOptions,
) -> RunEnd | None:
    """Fetch and record the result for every customer.

    Args:
        customers: read as workers get free. Several workers may wait for an async iterator at once.
        fetch: the result for one customer.
        record: writes one result; called in the order of arrival.
        limiter: stopped when the run must end, so that no worker keeps waiting for it.
        options: how many workers, and how long the last ones may take.

    Returns:
        Why the run ended before every customer was asked, or None.

    Raises:
        AuditorError, OSError: the first of these that `fetch` raised; the other workers are cancelled. Any other exception
            of `fetch` becomes the result `internal_error` of its customer.
        Exception: the first that `record` raised; the other workers are cancelled.
    """
    pool = _Pool(customers, fetch, record, limiter, options, options.breaker)
    try:
        async with asyncio.TaskGroup() as group:
            pool.start_workers(group, options.workers)
            canceller = group.create_task(pool.cancel_workers())
            await pool.all_done.wait()
            canceller.cancel()
    except ExceptionGroup as failures:
        # the first failure ends the run; the others were cancelled or are the same
        failure = failures.exceptions[0]
    else:
        return pool.end or limiter.run_end
    # outside the handler: it keeps its own cause
    raise failure


@dataclass(slots=True, eq=False)
class _Pool:
    """The workers of one run: as many at a time as the pace needs. The first five attributes are as in `run_pool`."""

    customers: Customers
    fetch: Callable[[str], Awaitable[CustomerResult]]
    record: Callable[[int, CustomerResult], None]
    limiter: RateLimiter
    options: PoolOptions
    breaker: Breaker
    failed: list[RowCustomer] = field(default_factory=list)
    retried: set[int] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    all_done: asyncio.Event = field(default_factory=asyncio.Event)
    end: RunEnd | None = None

    def start_workers(self, group: asyncio.TaskGroup, count: int) -> None:
        """Start `count` workers, within the maximum of the options."""
        for _ in range(min(count, self.options.workers - len(self.tasks))):
            worker = group.create_task(self._work(group))
            self.tasks.add(worker)
            worker.add_done_callback(self._remove_worker)

    async def cancel_workers(self) -> None:
        """Cancel the workers that still run `grace` seconds after the stop; `resume` asks for their customers."""
        await self.limiter.wait_stopping()
        await asyncio.sleep(self.options.grace)
        for worker in self.tasks:
            worker.cancel()

    async def _next_customer(self) -> RowCustomer | None:
        """The next customer of the list; then, after an outage, each failed customer once more; None at the end."""
        if isinstance(self.customers, AsyncIterator):
            return await anext(self.customers, None)
        for customer in self.customers:
            return customer
        if not self.failed or not self.limiter.outages:
            return None
        row, customer_id = self.failed.pop()
        self.retried.add(row)
        return row, customer_id

    async def _work(self, group: asyncio.TaskGroup) -> None:
        worker = asyncio.current_task()
        assert worker is not None  # noqa: S101 - a coroutine runs in a task
        while customer := await self._next_customer():
            row, customer_id = customer
            try:
                result = await self.fetch(customer_id)
            except RunStopping:
                return
            except (AuditorError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - an error with one customer must not end the run
                result = internal_error_result(error, customer_id)
            self.record(row, result)
            self._update_breaker(row, result)
            # Little's law: a pace needs as many workers as keep one free. A worker that is busy with a slow response or waits
            # for a retry is replaced. The queue is kept short, so that few requests leave at once after a throttling.
            if self.end or (self.limiter.waiting > MAX_WAITING and len(self.tasks) > 1):
                # counted at once: the last worker must stay, as those that wait may be of another pool
                self.tasks.discard(worker)
                return
            if not self.limiter.waiting and len(self.tasks) < self.options.workers:
                self.start_workers(group, 1)

    def _update_breaker(self, row: int, result: CustomerResult) -> None:
        finding = result.finding
        if finding.reason in NO_ANSWER and finding.run_end is None:
            if row not in self.retried and not self.options.shares_limiter:
                self.failed.append((row, result.customer_id))
            if self.limiter.held:
                # an outage has its own limit, in the rate limiter
                return
        before, self.breaker = self.breaker, self.breaker.after(finding)
        if self.breaker is before and finding.run_end is None:
            return
        end = finding.run_end or self.breaker.run_end
        if end is not None:
            self.end = self.end or end
            self._stop()

    def _stop(self) -> None:
        """Stop all workers but the current one, which returns by itself."""
        if not self.options.shares_limiter:
            self.limiter.stop()
            return
        for worker in self.tasks - {asyncio.current_task()}:
            worker.cancel()

    def _remove_worker(self, worker: "asyncio.Task[None]") -> None:
        self.tasks.discard(worker)
        if not self.tasks:
            self.all_done.set()
