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
from auditor.core.pacing import Memory, Plan, Recalled, recalled
from auditor.errors import IncompleteError
from auditor.fetch.learned import LearnedRates
from auditor.fetch.pacing import Pacing
from auditor.fetch.partner_center import Connection, PartnerCenter, Timeouts, open_session
from auditor.fetch.pipeline import Crew
from auditor.fetch.proxy import proxy_for
from auditor.fetch.retrying import Asker, Means
from auditor.fetch.state import state_folder
from auditor.fetch.tokens import TokenSource
from auditor.runs.credentials import REFUSED_MFA, tenant_of, token_source
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

    status: Asker
    page: Asker
    customer: Asker
    tokens: TokenSource
    pacing: Pacing
    crew: Crew
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
    connection = _connection(settings)
    plan = plan_of(settings)
    quota = _Quota.of(settings) if remember and plan.learns else None
    memory = quota.recall() if quota else None
    if reports is not None and remember:
        memory = with_killed_sessions(memory, plan, settings, reports)
    pacing = Pacing(plan, clock=time.monotonic, memory=memory)
    tokens = token_source(settings, show)
    means = Means(tokens, pacing, RetryPolicy(attempts=settings.attempts))
    async with open_session(connection) as http:
        api = PartnerCenter(http, settings.api, lambda: show(REFUSED_MFA))
        try:
            yield Fetching(
                status=Asker(api.validation_status, means),
                page=Asker(api.customers_page, means, judge_page),
                customer=Asker(api.customer, means, judge_customer),
                tokens=tokens,
                pacing=pacing,
                crew=Crew(connection.concurrency, settings.grace),
                recalled=recalled(plan, memory),
            )
        finally:
            if quota and pacing.requests["sent"]:
                quota.keep(pacing.memory())
            await tokens.close()


def plan_of(settings: Settings) -> Plan:
    """How a run with these settings means to pace."""
    return Plan(None if settings.rate == AUTO else settings.rate, burst=settings.burst)


def _connection(settings: Settings) -> Connection:
    return Connection(
        settings.api,
        Timeouts.within(settings.timeout),
        settings.trust,
        settings.concurrency,
        proxy_for(settings.api, settings.proxy, settings.no_proxy),
    )


@dataclass(frozen=True, slots=True)
class _Quota:
    """One API's limit for one partner tenant, and where what is learned about it is kept."""

    rates: LearnedRates
    api: str
    tenant: str

    @classmethod
    def of(cls, settings: Settings) -> "_Quota | None":
        """That of the tenant that the token, or else the user, names; None where there is no folder to keep it in."""
        folder = state_folder()
        tenant = tenant_of(settings) or "unknown"
        return cls(LearnedRates(folder), settings.api, tenant) if folder else None

    def recall(self) -> Memory | None:
        """What the last run left."""
        return self.rates.recall(self.api, self.tenant)

    def keep(self, memory: Memory) -> None:
        """Leaves it to the next run."""
        self.rates.keep(self.api, self.tenant, memory)


def learned(settings: Settings) -> Memory | None:
    """What earlier runs against this API and tenant learned about its limit; None where that is nothing."""
    quota = _Quota.of(settings)
    return quota.recall() if quota else None


def with_killed_sessions(memory: Memory | None, plan: Plan, settings: Settings, reports: Path) -> Memory | None:
    """The same, with the requests of sessions that ended without leaving anything to the next one.

    Args:
        memory: what the last session that ended in order left, or None.
        plan: how to pace; where there is no limit, nothing is counted.
        settings: of the run.
        reports: the folder in which the runs stand.
    """
    guard = plan.window()
    if guard is None:
        return memory
    now = datetime.now(UTC)
    since = journal.RequestWindow(now, guard.seconds, None if memory is None else now - timedelta(seconds=memory.age))
    untold: list[journal.Sent] = []
    for run in journal.run_folders(reports):
        # their number of workers stands in the header, which is read for the few that count only
        if journal.recent_requests(run, since, 0) and (workers := _workers(run, settings)):
            untold += journal.recent_requests(run, since, workers)
    if not untold:
        return memory
    return replace(memory or Memory(math.inf), untold=tuple(sorted(untold, reverse=True)))


def _workers(run: Path, settings: Settings) -> int:
    """How many workers a run may have had; 0 where it asked another API, or for another partner."""
    try:
        header = journal.read_header(run)
    except (IncompleteError, OSError):
        return 0
    theirs, ours = header.settings.get("tenant_id"), tenant_of(settings)
    if header.api != settings.api or (theirs != ours and theirs is not None and ours is not None):
        return 0
    kept = header.settings.get("concurrency")
    return max(settings.concurrency, kept if isinstance(kept, int) else 0)
