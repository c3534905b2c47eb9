"""How near to the limit does the pacing come, and how many requests does it waste? Virtual time, real code.

The tool's own pipeline, retries and pacing ask made-up servers on a virtual clock.

    python tests/benchmarks/pacing.py [--quick] [WORD ...]      only the cases whose name holds a WORD
"""

import asyncio
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import virtual_time
from rate_limits import Limit, Server, Share

from auditor.core.model import Answer, Reply, Verdict
from auditor.core.plan import Plan
from auditor.core.retry import RetryPolicy
from auditor.fetch import pipeline
from auditor.fetch.auth import given_token
from auditor.fetch.pacing import Pacing
from auditor.fetch.retrying import Asker, Means

LATENCY = 0.2
"""Seconds, median; log-normal, between half and three times that. A rejection comes sooner."""
BODY = b'{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}'
NOW = datetime(2026, 11, 22, tzinfo=UTC)
WORKERS = 16


@dataclass(frozen=True)
class Other:
    """Another client of the same tenant: takes this share of the limit, evenly, and gives up what is rejected."""

    share: float = 0.5
    begins: float = 120.0
    ends: float = 420.0

    def at(self, now: float) -> float:
        """Its share at a time."""
        return self.share if self.begins <= now < self.ends else 0.0


@dataclass(frozen=True)
class Case:
    """One run to measure.

    Attributes:
        limit: the server's.
        customers: of each copy.
        plan: ours.
        other: who else is there.
        copies: of our tool at the same time.
        fits: whether the pacing is told the length of the list.
    """

    limit: Limit
    customers: int = 5000
    plan: Plan = field(default_factory=Plan)
    other: Other | None = None
    copies: int = 1
    told: bool = True


@dataclass
class Outcome:
    """What came of it."""

    finished: list[float] = field(default_factory=list)
    answered: int = 0
    lost: int = 0
    rejected: int = 0
    others: int = 0
    others_rejected: int = 0
    arrivals: list[float] = field(default_factory=list)
    ideal: float = 0.0


async def _measured(case: Case, seed: int) -> Outcome:
    outcome, server, dice = Outcome(), case.limit.server(seed), random.Random(seed)
    copies = [
        asyncio.ensure_future(_copy(case, server, random.Random(dice.random()), outcome)) for _ in range(case.copies)
    ]
    others = asyncio.ensure_future(_another(case, server, outcome)) if case.other else None
    await asyncio.gather(*copies)
    if others:
        others.cancel()
    share: Share = case.other.at if case.other else lambda _now: 0.0
    outcome.ideal = server.ideal(case.customers * case.copies, share)
    return outcome


async def _copy(case: Case, server: Server, dice: random.Random, outcome: Outcome) -> None:
    loop = asyncio.get_running_loop()
    pacing = Pacing(case.plan, clock=loop.time)
    if case.told:
        pacing.expect(case.customers)

    async def attempt(_customer: str, _token: str, _request: str, _correlation: str) -> Reply:
        latency = min(max(dice.lognormvariate(math.log(LATENCY), 0.35), LATENCY / 2), LATENCY * 3)
        await asyncio.sleep(0.3 * latency)
        outcome.arrivals.append(loop.time())
        wait = server.arrive(loop.time())
        if wait is None:
            await asyncio.sleep(0.7 * latency)
            return Reply(http_status=200, body=BODY, received_at=NOW)
        outcome.rejected += 1
        await asyncio.sleep(0.03 + 0.1 * latency)
        return Reply(http_status=429, body=b"", retry_after=case.limit.said(wait), received_at=NOW)

    def record(_row: int, answer: Answer) -> None:
        answered = answer.finding.verdict is Verdict.ELIGIBLE
        outcome.answered += answered
        outcome.lost += not answered

    asker = Asker(attempt, Means(given_token("t"), pacing, RetryPolicy(), dice.random))
    ids = ((row, str(row)) for row in range(case.customers))
    await pipeline.run(ids, asker.ask, record, pacing, pipeline.Crew(WORKERS))
    outcome.finished.append(loop.time())


async def _another(case: Case, server: Server, outcome: Outcome) -> None:
    loop, other = asyncio.get_running_loop(), case.other
    assert other is not None
    await asyncio.sleep(other.begins)
    apart = case.limit.window / (other.share * case.limit.limit)
    while loop.time() < other.ends:
        outcome.others += 1
        outcome.others_rejected += server.arrive(loop.time()) is not None
        await asyncio.sleep(apart)


def measure(case: Case, seed: int) -> Outcome:
    return virtual_time.run(_measured(case, seed))
