"""What every command that asks the API needs: one connection pool, one rate limiter, one sign-in.

Requests of sessions that were killed within the last window of the rate limit count against it.
"""

import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from auditor import journal
from auditor.core.judge import RetryPolicy, judge_customer, judge_page
from auditor.core.pacing import Plan, RememberedRate, StartingRate, starting_rate
from auditor.errors import IncompleteError
from auditor.fetch import (
    PartnerCenterClient,
    PoolOptions,
    RateLimiter,
    RateStore,
    RequestContext,
    RetryingClient,
    TokenSource,
    open_session,
    proxy_for,
    state_folder,
    timeouts_within,
)
from auditor.runs.credentials import REFUSED_MFA, tenant_of, token_source
from auditor.settings import AUTO, Settings


@dataclass(frozen=True, slots=True)
class Fetching:
    """The open API; all requests share one rate limiter.

    Attributes:
        status: asks for a customer's validation status.
        page: asks for a page of the partner's customer list.
        customer: asks for a customer's record.
        tokens: the sign-in.
        pacing: the rate limiter.
        crew: options of the worker pool.
        recalled: the starting rate, where an earlier run learned a lower one than is set.
    """

    status: RetryingClient
    page: RetryingClient
    customer: RetryingClient
    tokens: TokenSource
    pacing: RateLimiter
    crew: PoolOptions
    recalled: StartingRate | None = None


@asynccontextmanager
async def fetching(
    settings: Settings, show: Callable[[str], None], *, remember: bool = True, reports: Path | None = None
) -> AsyncIterator[Fetching]:
    """Open the connection pool and the sign-in; nothing is sent yet.

    Args:
        settings: of the run.
        show: receives messages about the sign-in, one sentence each.
        remember: start with the limit that earlier runs learned, and store what this one learns.
        reports: the folder whose runs may have been killed just now: their requests count against the limit.

    Raises:
        SignInError: nothing is set to sign in with.
        SettingsError: the extra certificate authorities cannot be read.
    """
    proxy = proxy_for(settings.api, settings.proxy, settings.no_proxy)
    plan = plan_of(settings)
    quota = _Quota.of(settings) if remember and plan.learns else None
    memory = quota.recall() if quota else None
    if reports is not None and remember:
        memory = with_killed_sessions(memory, plan, settings, reports)
    pacing = RateLimiter(plan, clock=time.monotonic, remembered=memory)
    tokens = token_source(settings, show)
    means = RequestContext(tokens, pacing, RetryPolicy(attempts=settings.attempts))
    timeouts, connections = timeouts_within(settings.timeout), settings.concurrency
    async with open_session(timeouts, settings.trust, proxy, connections=connections) as http:
        api = PartnerCenterClient(http, settings.api, lambda: show(REFUSED_MFA))
        try:
            yield Fetching(
                status=RetryingClient(api.validation_status, means),
                page=RetryingClient(api.customers_page, means, judge_page),
                customer=RetryingClient(api.customer, means, judge_customer),
                tokens=tokens,
                pacing=pacing,
                crew=PoolOptions(settings.concurrency, settings.grace),
                recalled=starting_rate(plan, memory),
            )
        finally:
            if quota and pacing.requests["sent"]:
                quota.keep(pacing.rate_to_remember())
            await tokens.close()


def plan_of(settings: Settings) -> Plan:
    """The rate plan of these settings."""
    return Plan(None if settings.rate == AUTO else settings.rate, burst=settings.burst)


@dataclass(frozen=True, slots=True)
class _Quota:
    """The stored rate limit of one API and partner tenant."""

    rates: RateStore
    api: str
    tenant: str

    @classmethod
    def of(cls, settings: Settings) -> "_Quota | None":
        """For the tenant in the token, or in the settings; None where there is no folder to store it in."""
        folder = state_folder()
        tenant = tenant_of(settings) or "unknown"
        return cls(RateStore(folder), settings.api, tenant) if folder else None

    def recall(self) -> RememberedRate | None:
        """Load what the last run stored."""
        return self.rates.load(self.api, self.tenant)

    def keep(self, memory: RememberedRate) -> None:
        """Store it for the next run."""
        self.rates.save(self.api, self.tenant, memory)


def learned(settings: Settings) -> RememberedRate | None:
    """The limit that earlier runs against this API and tenant learned; None where there is none."""
    quota = _Quota.of(settings)
    return quota.recall() if quota else None


def with_killed_sessions(
    memory: RememberedRate | None, plan: Plan, settings: Settings, reports: Path
) -> RememberedRate | None:
    """Add the requests of sessions that were killed before they could store theirs.

    Args:
        memory: what the last session stored, or None.
        plan: the rate plan; without a limit, nothing is counted.
        settings: of the run.
        reports: the folder of the runs.
    """
    guard = plan.window()
    if guard is None:
        return memory
    now = datetime.now(UTC)
    since = journal.RequestWindow(now, guard.seconds, None if memory is None else now - timedelta(seconds=memory.age))
    killed: list[journal.Sent] = []
    for run in journal.run_folders(reports):
        # the number of workers is in the header, which is read only for the few runs that count
        if journal.recent_requests(run, since, 0) and (workers := _workers(run, settings)):
            killed += journal.recent_requests(run, since, workers)
    if not killed:
        return memory
    return replace(memory or RememberedRate(math.inf), killed=tuple(sorted(killed, reverse=True)))


def _workers(run: Path, settings: Settings) -> int:
    """Number of workers that a run may have had; 0 where it asked another API, or for another partner."""
    try:
        header = journal.read_header(run)
    except (IncompleteError, OSError):
        return 0
    theirs, ours = header.settings.get("tenant_id"), tenant_of(settings)
    if header.api != settings.api or (theirs != ours and theirs is not None and ours is not None):
        return 0
    kept = header.settings.get("concurrency")
    return max(settings.concurrency, kept if isinstance(kept, int) else 0)
