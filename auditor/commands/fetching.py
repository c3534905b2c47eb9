"""What every command needs that asks the API: one connection pool, one pace, one sign-in."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from auditor.commands.killed import with_killed_sessions
from auditor.commands.signing_in import REFUSED_MFA, tenant_of, token_source
from auditor.core.customer_page import judge_customer, judge_page
from auditor.core.plan import Plan, RememberedRate
from auditor.core.reckoning import Recalled, recalled
from auditor.core.retry import RetryPolicy
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
from auditor.settings import AUTO, Settings


@dataclass(frozen=True, slots=True)
class Fetching:
    """The API, ready to be asked; all questions share one pace.

    Attributes:
        status: asks for a customer's validation status.
        page: asks for a page of the partner's customer list.
        customer: asks for a customer's record.
        tokens: the sign-in.
        pacing: the gate and the pace.
        crew: how many may ask at a time.
        recalled: the pace to begin with, where an earlier run learned a lower one than is set.
    """

    status: RetryingClient
    page: RetryingClient
    customer: RetryingClient
    tokens: TokenSource
    pacing: RateLimiter
    crew: PoolOptions
    recalled: Recalled | None = None


@asynccontextmanager
async def fetching(
    settings: Settings, show: Callable[[str], None], *, remember: bool = True, reports: Path | None = None
) -> AsyncIterator[Fetching]:
    """Opens the connection pool and the sign-in; nothing is sent before the first question.

    Args:
        settings: of the run.
        show: is given what the user should know of the sign-in, a sentence each.
        remember: begin with what earlier runs learned about the limit, and leave the next one what this one did.
        reports: the folder whose runs may just have been killed: their requests count against the limit.

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
                recalled=recalled(plan, memory),
            )
        finally:
            if quota and pacing.requests["sent"]:
                quota.keep(pacing.rate_to_remember())
            await tokens.close()


def plan_of(settings: Settings) -> Plan:
    """How a run with these settings means to pace."""
    return Plan(None if settings.rate == AUTO else settings.rate, burst=settings.burst)


@dataclass(frozen=True, slots=True)
class _Quota:
    """One API's limit for one partner tenant, and where what is learned about it is kept."""

    rates: RateStore
    api: str
    tenant: str

    @classmethod
    def of(cls, settings: Settings) -> "_Quota | None":
        """That of the tenant that the token, or else the user, names; None where there is no folder to keep it in."""
        folder = state_folder()
        tenant = tenant_of(settings) or "unknown"
        return cls(RateStore(folder), settings.api, tenant) if folder else None

    def recall(self) -> RememberedRate | None:
        """What the last run left."""
        return self.rates.load(self.api, self.tenant)

    def keep(self, memory: RememberedRate) -> None:
        """Leaves it to the next run."""
        self.rates.save(self.api, self.tenant, memory)


def learned(settings: Settings) -> RememberedRate | None:
    """What earlier runs against this API and tenant learned about its limit; None where that is nothing."""
    quota = _Quota.of(settings)
    return quota.recall() if quota else None
