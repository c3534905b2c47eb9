"""One run of auditor's worker pool, retries and pacing against a simulated server, in virtual time."""

import asyncio
import math
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime

import virtual_time
from rate_limits import Limit, Server

from auditor import fetch
from auditor.core.model import ApiResponse, CustomerResult, Verdict
from auditor.core.pacing.learning import RememberedRate
from auditor.core.pacing.plan import Plan
from auditor.fetch.rate_limiter import RateLimiter
from auditor.fetch.retries import RequestContext, RetryingClient
from auditor.fetch.tokens import fixed_token

LATENCY = 0.2
"""Seconds, median; log-normal, between half of it and three times. A rejection comes sooner."""
WORKERS = 16
BODY = b'{"type":"account","status":"Allowed","lastUpdateDateTime":"2021-07-14T18:02:00"}'
NOW = datetime(2026, 11, 22, tzinfo=UTC)


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
        customers: of each copy of the tool.
        plan: how each copy paces.
        other: who else is there.
        later: for each copy, how many seconds after the first it begins.
        singled_out: share of the customers whose first request is rejected for a reason of their own.
        asked: seconds that such a rejection asks for.
        memory: what an earlier run left.
    """

    limit: Limit
    customers: int = 5000
    plan: Plan = field(default_factory=Plan)
    other: Other | None = None
    later: tuple[float, ...] = (0.0,)
    singled_out: float = 0.0
    asked: int = 1
    memory: RememberedRate | None = None

    @property
    def total(self) -> int:
        """Customers of all copies."""
        return self.customers * len(self.later)


@dataclass
class Outcome:
    """The outcome of a case.

    Attributes:
        finished: when each copy was done.
        ideal: when one could have been done that knew all about the server and sent in bursts.
        eligible: customers with the answer that the server has for everybody.
        rejected: requests of ours.
        others: requests of the other client.
        others_rejected: of these.
        arrivals: when our requests came to the server.
    """

    finished: list[float] = field(default_factory=list)
    ideal: float = 0.0
    eligible: int = 0
    rejected: int = 0
    others: int = 0
    others_rejected: int = 0
    arrivals: list[float] = field(default_factory=list)

    def most_in_any(self, window: float) -> int:
        """The largest number of our requests that any window held."""
        times, first, most = sorted(self.arrivals), 0, 0
        for last, now in enumerate(times):
            while times[first] <= now - window + 1e-6:
                first += 1
            most = max(most, last - first + 1)
        return most


def measure(case: Case, seed: int) -> Outcome:
    """Runs it."""
    return virtual_time.run(_measure(case, seed))


async def _measure(case: Case, seed: int) -> Outcome:
    outcome, server, dice = Outcome(), case.limit.server(seed), random.Random(seed)
    other = asyncio.ensure_future(_send_others(case.limit, case.other, server, outcome)) if case.other else None
    await asyncio.gather(
        *(_copy(case, later, _Wire(case, server, random.Random(dice.random()), outcome)) for later in case.later)
    )
    if other:
        other.cancel()
    outcome.ideal = server.ideal(case.total, case.other.at if case.other else lambda _now: 0.0)
    return outcome


async def _copy(case: Case, later: float, wire: "_Wire") -> None:
    await asyncio.sleep(later)
    pacing = RateLimiter(case.plan, clock=asyncio.get_running_loop().time, remembered=case.memory)
    pacing.expect(case.customers)

    def record(_row: int, answer: CustomerResult) -> None:
        wire.outcome.eligible += answer.finding.verdict is Verdict.ELIGIBLE

    asker = RetryingClient(wire.attempt, RequestContext(fixed_token("t"), pacing, random=wire.dice.random))
    ids = ((row, str(row)) for row in range(case.customers))
    await fetch.run_pool(ids, asker.fetch, record, pacing, fetch.PoolOptions(WORKERS))
    wire.outcome.finished.append(asyncio.get_running_loop().time())


@dataclass(frozen=True)
class _Wire:
    """The simulated network between one copy and the server."""

    case: Case
    server: Server
    dice: random.Random
    outcome: Outcome
    met: set[str] = field(default_factory=set)

    async def attempt(self, customer: str, _token: str, _request: str, _correlation: str) -> ApiResponse:
        """Send one request; replaces HTTP."""
        latency = min(max(self.dice.lognormvariate(math.log(LATENCY), 0.35), LATENCY / 2), LATENCY * 3)
        await asyncio.sleep(0.3 * latency)
        now = asyncio.get_running_loop().time()
        self.outcome.arrivals.append(now)
        wait = self.server.arrive(now)
        own = customer not in self.met and self.dice.random() < self.case.singled_out
        self.met.add(customer)
        if wait is None and own:
            return ApiResponse(http_status=429, body=b"", retry_after=str(self.case.asked), received_at=NOW)
        if wait is None:
            await asyncio.sleep(0.7 * latency)
            return ApiResponse(http_status=200, body=BODY, received_at=NOW)
        self.outcome.rejected += 1
        await asyncio.sleep(0.03 + 0.1 * latency)
        return ApiResponse(
            http_status=429, body=b"", retry_after=self.case.limit.retry_after_header(wait), received_at=NOW
        )


async def _send_others(limit: Limit, other: Other, server: Server, outcome: Outcome) -> None:
    now = asyncio.get_running_loop().time
    await asyncio.sleep(other.begins)
    while now() < other.ends:
        outcome.others += 1
        outcome.others_rejected += server.arrive(now()) is not None
        await asyncio.sleep(limit.window / (other.share * limit.limit))
