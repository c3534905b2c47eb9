"""What every command that asks the API needs: one connection pool, one rate limiter, one sign-in.

Requests of sessions that were killed within the last window of the rate limit count against it.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import journal
from auditor.core.judge import judge_customer, judge_page
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
from auditor.runs.caller_token import CallerToken, caller_token_source
from auditor.runs.credentials import REFUSED_MFA, tenant_of, token_source
from auditor.settings import AUTO, Settings

if TYPE_CHECKING:
    import aiohttp


@dataclass(frozen=True, slots=True)
class CallerParts:
    """What a caller of the library brings along.

    Attributes:
        token: the access token, or a function that returns one; None signs in as the settings say.
        session: sends the requests, and is not closed here; None opens one.
        clock: monotonic seconds.
        sleep: waits this many seconds.
    """

    token: CallerToken | None = None
    session: "aiohttp.ClientSession | None" = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


_NOTHING = CallerParts()


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The open API; all requests share one rate limiter.

    Attributes:
        status: asks for a customer's validation status.
        page: asks for a page of the partner's customer list.
        customer: asks for a customer's record.
        tokens: the sign-in.
        rate_limiter: of all requests.
        pool: options of the worker pool.
        starting_rate: the limit that an earlier run learned, where it is lower than the set one; else None.
    """

    status: RetryingClient
    page: RetryingClient
    customer: RetryingClient
    tokens: TokenSource
    rate_limiter: RateLimiter
    pool: PoolOptions
    starting_rate: StartingRate | None = None


@asynccontextmanager
async def open_api_client(
    settings: Settings,
    say: Callable[[str], None],
    *,
    remember: bool = True,
    reports: Path | None = None,
    parts: CallerParts = _NOTHING,
) -> AsyncIterator[ApiClient]:
    """Open the connection pool and the sign-in; nothing is sent yet.

    Args:
        settings: of the run.
        say: receives messages about the sign-in, one sentence each.
        remember: start with the limit that earlier runs learned, and store what this one learns.
        reports: the folder whose runs may have been killed just now: their requests count against the limit.
        parts: what a caller of the library brings along.

    Raises:
        SignInError: nothing is set to sign in with, or the token cannot be used.
        SettingsError: the extra certificate authorities cannot be read.
    """
    plan = plan_of(settings)
    learns = remember and plan.learns
    # one store for loading and saving: it tells this run's own predecessor from a run that shared the quota
    folder = state_folder() if learns else None
    rates = RateStore(folder) if folder else None
    memory = rates.load(settings.api, _rate_key(settings)) if rates else None
    if reports is not None and remember:
        memory = _add_killed_sessions(memory, plan, settings, reports)
    rate_limiter = RateLimiter(plan, clock=parts.clock, sleep=parts.sleep, remembered=memory)
    if parts.token is None:
        tokens = token_source(settings, say)
    else:
        tokens = caller_token_source(parts.token, settings, say, parts.clock)
    context = RequestContext(tokens, rate_limiter, settings.attempts)
    async with _open_partner_center(settings, say, parts.session) as api:
        try:
            yield ApiClient(
                status=RetryingClient(api.validation_status, context),
                page=RetryingClient(api.customers_page, context, judge_page),
                customer=RetryingClient(api.customer, context, judge_customer),
                tokens=tokens,
                rate_limiter=rate_limiter,
                pool=PoolOptions(settings.concurrency, settings.grace),
                starting_rate=starting_rate(plan, memory),
            )
        finally:
            if rates and rate_limiter.requests["sent"]:
                rates.save(settings.api, _rate_key(settings), rate_limiter.rate_to_remember())
            await tokens.close()


@asynccontextmanager
async def _open_partner_center(
    settings: Settings, say: Callable[[str], None], session: "aiohttp.ClientSession | None"
) -> AsyncIterator[PartnerCenterClient]:
    """The API over the caller's session, else over one that is opened and closed here."""
    timeouts = timeouts_within(settings.timeout)

    def report_no_mfa() -> None:
        say(REFUSED_MFA)

    if session is not None:
        yield PartnerCenterClient(session, settings.api, report_no_mfa, timeouts)
        return
    proxy = proxy_for(settings.api, settings.proxy, settings.no_proxy)
    async with open_session(timeouts, settings.trust, proxy, connections=settings.concurrency) as http:
        yield PartnerCenterClient(http, settings.api, report_no_mfa)


def plan_of(settings: Settings) -> Plan:
    """The rate plan of these settings."""
    return Plan(None if settings.rate == AUTO else settings.rate, burst=settings.burst)


def load_learned_rate(settings: Settings) -> RememberedRate | None:
    """Load the limit that earlier runs against this API and tenant learned; None where there is none."""
    folder = state_folder()
    return RateStore(folder).load(settings.api, _rate_key(settings)) if folder else None


def _rate_key(settings: Settings) -> str:
    """The partner tenant that a learned limit is stored for."""
    return tenant_of(settings) or "unknown"


def _add_killed_sessions(
    memory: RememberedRate | None, plan: Plan, settings: Settings, reports: Path
) -> RememberedRate | None:
    """Add to what the last session stored the requests of sessions that were killed before they could store theirs."""
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
    if header.api != settings.api or (theirs and ours and theirs != ours):
        return 0
    workers = header.settings.get("concurrency")
    return max(settings.concurrency, workers if isinstance(workers, int) else 0)
