"""What the worker pool of a stream and the stream's consumer share: the ids to ask for, and the results that wait.

A worker takes a slot before it takes the next id, and the slot is free again when the consumer takes the result. A customer
that got no answer waits until it is clear whether an outage was the cause: if so, it is asked once more when the service is
back, as `fetch.pool` does at the end of a list; else its failure is the result.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from auditor.core.ids import normalise_id
from auditor.core.model import ApiResponse, CustomerResult, Finding, Reason
from auditor.fetch import NO_ANSWER, RateLimiter, RowCustomer


class _Unanswered(NamedTuple):
    """A customer without an answer.

    Attributes:
        row: of the customer.
        result: how the requests for it failed.
        outages: number of outages before the one that may be the cause.
        answers: number of answers of the stream before the failure.
    """

    row: int
    result: CustomerResult
    outages: int
    answers: int


class Stream(AsyncIterator[RowCustomer]):
    """The customers of a stream, for its pool, and their results.

    Args:
        ids: of the caller.
        slots: maximum number of customers in flight and of results that wait for the consumer, together.
        limiter: knows of outages.

    Attributes:
        error: what the caller's iterable raised, or None.
        ended: whether every id was taken.
    """

    def __init__(self, ids: Iterable[str] | AsyncIterable[str], slots: int, limiter: RateLimiter) -> None:
        self._is_async = isinstance(ids, AsyncIterable)
        self._ids: Any = aiter(ids) if isinstance(ids, AsyncIterable) else iter(ids)
        self._slots = asyncio.Semaphore(slots)
        self._limiter = limiter
        self._reading = asyncio.Lock()
        self._results: asyncio.Queue[CustomerResult | None] = asyncio.Queue()
        self._row = -1
        self._in_flight = 0
        self._answers = 0
        self._unanswered: deque[_Unanswered] = deque()
        self._earlier_attempts: dict[int, int] = {}
        """By row, for customers that are asked again."""
        self.error: BaseException | None = None
        self.ended = False

    async def __anext__(self) -> RowCustomer:
        while True:
            await self._slots.acquire()
            if self._unanswered and self._is_decided(self._unanswered[0]):
                again = self._decide(self._unanswered.popleft())
                if again is not None:
                    return again
                continue
            given = await self._read()
            if given is None:
                self._slots.release()
                if self._unanswered:
                    continue
                raise StopAsyncIteration
            self._row += 1
            customer_id = normalise_id(given)
            if customer_id is not None:
                self._in_flight += 1
                return self._row, customer_id
            invalid = CustomerResult(given, Finding(Reason.INVALID_ID), ApiResponse(datetime.now(UTC)), attempts=0)
            self._results.put_nowait(invalid)

    def put(self, row: int, result: CustomerResult) -> None:
        """Keep a result until the consumer takes it, or until it is clear whether to ask again."""
        self._in_flight -= 1
        earlier_attempts = self._earlier_attempts.pop(row, 0)
        if result.finding.reason not in NO_ANSWER:
            self._answers += 1
        elif result.finding.run_end is None and not earlier_attempts:
            outages = self._limiter.outages - self._limiter.held
            self._unanswered.append(_Unanswered(row, result, outages, self._answers))
            self._slots.release()
            return
        if earlier_attempts:
            result = result._replace(attempts=result.attempts + earlier_attempts)
        self._results.put_nowait(result)

    async def take(self) -> CustomerResult | None:
        """The next result; None after the last one."""
        result = await self._results.get()
        self._slots.release()
        return result

    def close(self, _pool: object) -> None:
        """End the results, after those that wait: the pool has ended."""
        for each in self._unanswered:
            self._results.put_nowait(each.result)
        self._results.put_nowait(None)

    def _is_decided(self, one: _Unanswered) -> bool:
        """Whether it is clear if an outage was the cause, or nothing else is left that could show it."""
        # an async iterable may wait for this very result
        if self.ended or (self._is_async and not self._in_flight):
            return True
        if self._limiter.held:
            return False
        return self._limiter.outages > one.outages or self._answers > one.answers

    def _decide(self, one: _Unanswered) -> RowCustomer | None:
        """The customer, to ask again; None where its failure is the result."""
        if self._limiter.outages == one.outages:
            self._results.put_nowait(one.result)
            return None
        self._earlier_attempts[one.row] = one.result.attempts
        self._in_flight += 1
        return one.row, one.result.customer_id

    async def _read(self) -> str | None:
        """The next id as text; None at the end, and after an exception of the caller's iterable."""
        try:
            if not self._is_async:
                return None if self.ended else str(_next(self._ids))
            # an async generator must not be resumed by two workers at once
            async with self._reading:
                return None if self.ended else str(await anext(self._ids))
        except (StopIteration, StopAsyncIteration):
            self.ended = True
        except (Exception, asyncio.CancelledError) as error:
            self.ended = True
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            self.error = error
        return None


def _next(ids: Iterator[object]) -> object:
    """The next id of a plain iterator. Its StopAsyncIteration is an error of the caller's, not the end of the ids."""
    try:
        return next(ids)
    except StopAsyncIteration as error:
        raise RuntimeError("the iterable of ids raised StopAsyncIteration") from error
