"""Bounded workers over one lazy iterator: fetch, then record. Rule: knows no HTTP and no files, makes no task per customer.

`record` runs in the worker, before it takes the next customer: a slow disk slows the intake by itself. Not an async
generator, because yielding inside a TaskGroup leaks workers when the consumer leaves early.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from auditor.core.breaker import Breaker
from auditor.core.model import Answer, RunEnd
from auditor.fetch.pacing import IntakeClosed, Pacing

Wanted = tuple[int, str]
"""(row index, customer id)"""


async def run(
    wanted: Iterator[Wanted],
    ask: Callable[[str], Awaitable[Answer]],
    record: Callable[[int, Answer], None],
    pacing: Pacing,
    workers: int,
) -> RunEnd | None:
    """Asks for every customer and records every answer.

    Args:
        wanted: the customers, read as workers get free.
        ask: the answer for one customer.
        record: writes one answer down; called in the order of arrival.
        pacing: closed when the run must end, so that nobody waits for a turn in vain.
        workers: how many customers are asked for at a time.

    Returns:
        Why the run ended before every customer was asked, or None.

    Raises:
        Exception: whatever `ask` or `record` raised first; the other workers are cancelled.
    """
    ends: list[RunEnd] = []
    breaker = Breaker()

    async def work() -> None:
        nonlocal breaker
        for row, customer_id in wanted:
            try:
                answer = await ask(customer_id)
            except IntakeClosed:
                return
            record(row, answer)
            breaker = breaker.after(answer.finding)
            if end := answer.finding.run_end or breaker.run_end:
                ends.append(end)
                pacing.close()
            if ends:
                return

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
    except ExceptionGroup as failures:
        # one failure ends the run; its fellows were cancelled or say the same
        raise failures.exceptions[0] from failures
    return ends[0] if ends else None
