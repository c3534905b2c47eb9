"""Bounded workers over one lazy iterator: fetch, then record. Rule: knows no HTTP and no files, makes no task per customer.

`record` runs in the worker, before it takes the next customer: a slow disk slows the intake by itself. Not an async
generator, because yielding inside a TaskGroup leaks workers when the consumer leaves early.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from auditor.core.breaker import Breaker
from auditor.core.model import Answer, RunEnd
from auditor.fetch.pacing import IntakeClosed, Pacing

Wanted = tuple[int, str]
"""(row index, customer id)"""


@dataclass(frozen=True, slots=True)
class Crew:
    """Workers.

    Attributes:
        workers: how many customers are asked for at a time.
        grace: seconds that requests in flight are given once the intake is closed.
    """

    workers: int
    grace: float = 30.0


async def run(
    wanted: Iterator[Wanted],
    ask: Callable[[str], Awaitable[Answer]],
    record: Callable[[int, Answer], None],
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
            crew_at_work = [group.create_task(work()) for _ in range(crew.workers)]
            watching = group.create_task(_send_home(crew_at_work, pacing, crew.grace))
            await asyncio.wait(crew_at_work)
            watching.cancel()
    except ExceptionGroup as failures:
        # one failure ends the run; its fellows were cancelled or say the same
        raise failures.exceptions[0] from failures
    return ends[0] if ends else None


async def _send_home(crew_at_work: list["asyncio.Task[None]"], pacing: Pacing, grace: float) -> None:
    """Cancels whoever has not finished some time after the intake was closed: resume asks for these customers again."""
    await pacing.closed()
    await asyncio.sleep(grace)
    for worker in crew_at_work:
        worker.cancel()
