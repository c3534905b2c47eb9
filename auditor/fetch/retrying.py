"""One customer, from the first attempt to the finding that stands. Rule: `core` decides, tenacity turns the crank.

tenacity is entered only after a first attempt has failed: nearly all succeed, and its bookkeeping costs a third of the
throughput. One `AsyncRetrying` a customer (a shared one miscounts), no exception as control flow, attempts counted here.
"""

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from tenacity import AsyncRetrying, RetryCallState, retry_if_result
from tenacity.wait import wait_base

from auditor.core.judge import UNAVAILABLE_STATUSES, Again, RetryPolicy, Stop, classify, decide, retry_after_seconds
from auditor.core.judge import retry as retry_quota
from auditor.core.model import ApiResponse, Cause, CustomerResult, Finding, Next, RunEnd
from auditor.core.sign_in import claims_challenge
from auditor.errors import AuditorError
from auditor.fetch.defects import internal_error
from auditor.fetch.pacing import Pacing
from auditor.fetch.request_ids import new_id
from auditor.fetch.tokens import TokenSource

_log = logging.getLogger(__name__)

# an enumeration looks its members up in Python: this one is needed for every request
_DONE = Next.DONE
_NOTHING_CAME = ApiResponse(received_at=datetime.min.replace(tzinfo=UTC))

Attempt = Callable[[str, str, str, str], Awaitable[ApiResponse]]
"""(customer id, access token, request id, correlation id) -> ApiResponse; see `PartnerCenter.validation_status`."""


@dataclass(slots=True)
class _Spent:
    """What one customer has cost so far."""

    correlation_id: str
    request_id: str
    answered: bool = False
    attempts: int = 0
    failures: int = 0
    renewed: bool = False
    retry_cost: int = 0


_Outcome = tuple[Finding, ApiResponse, Again | None]
"""What one request came to; made for each, so no class of its own."""


class RetryBudget:
    """What is left of the run's retry quota, for all workers; the arithmetic is `core.retry_quota`."""

    def __init__(self) -> None:
        self._quota = retry_quota.RetryQuota()

    def take(self, cost: int) -> bool:
        """Takes what one retry costs; False where there is not enough: then it must not be made."""
        left = retry_quota.spent(self._quota, cost)
        self._quota = left or self._quota
        return left is not None

    def give_back(self, cost: int) -> None:
        """After an answer: what its last retry cost, 0 where it needed none."""
        self._quota = retry_quota.refunded(self._quota, cost)


@dataclass(frozen=True, slots=True)
class Means:
    """What every request of a run shares.

    Attributes:
        tokens: where access tokens come from.
        pacing: the gate and the pace of the run.
        policy: how patient to be with transient failures.
        dice: returns a number in [0, 1).
        budget: of retries, for the run as a whole.
    """

    tokens: TokenSource
    pacing: Pacing
    policy: RetryPolicy
    dice: Callable[[], float] = random.random
    budget: RetryBudget = field(default_factory=RetryBudget)


class Asker:
    """Asks one question at a time, as often as it takes; `ask` is what the pipeline's workers call.

    Args:
        attempt: sends one request.
        means: what every request of a run shares.
        judge: says what a reply means: (reply, what was asked for) -> finding.
    """

    def __init__(self, attempt: Attempt, means: Means, judge: Callable[[ApiResponse, str], Finding] = classify) -> None:
        self._attempt = attempt
        self._judge = judge
        self._tokens = means.tokens
        self._pacing = means.pacing
        self._policy = means.policy
        self._dice = means.dice
        self._budget = means.budget

    async def ask(self, customer_id: str) -> CustomerResult:
        """The answer for one customer, with its evidence.

        Raises:
            IntakeClosed: the run ended while this customer waited.
            SignInError: there is no token to ask with.
            StoppedEarlyError: the sign-in service is busy for too long, or out of reach.
        """
        spent = _Spent(new_id(), new_id())
        finding, reply, again = await self._once(customer_id, spent)
        if again is not None:
            finding, reply, _ = await self._until_it_stands(customer_id, spent, again)
        return CustomerResult(customer_id, finding, reply, spent.attempts)

    async def _until_it_stands(self, customer_id: str, spent: _Spent, again: Again) -> _Outcome:
        await self._pacing.pause(again.after)
        crank = AsyncRetrying(sleep=self._pacing.pause, wait=_WaitAsDecided(), retry=retry_if_result(_is_asked_again))
        outcome: _Outcome = await crank(self._once, customer_id, spent)
        return outcome

    async def _once(self, customer_id: str, spent: _Spent) -> _Outcome:
        """One request and what follows from it."""
        token = await self._tokens.token()
        sent_at = await self._pacing.turn()
        spent.attempts += 1
        if spent.answered:
            # "MS-RequestId": the same again after a time-out, a new one after any response
            spent.request_id = new_id()
        reply = _NOTHING_CAME
        try:
            reply = await self._attempt(customer_id, token.value, spent.request_id, spent.correlation_id)
            finding = self._judge(reply, customer_id)
        except AuditorError:
            # about the machine or the sign-in, and so about all customers
            raise
        except Exception as error:  # noqa: BLE001 - whatever one customer's response raises must not end the run
            finding = internal_error(error, customer_id)
            reply = reply if reply is not _NOTHING_CAME else reply._replace(received_at=datetime.now(UTC))
        spent.answered = reply.http_status is not None
        if finding.next is _DONE and reply.http_status is not None:
            self._pacing.requests[_named(reply.http_status)] += 1
            self._pacing.accepted(sent_at)
            self._budget.give_back(spent.retry_cost)
            return finding, reply, None
        retry_after = retry_after_seconds(reply.retry_after, reply.received_at) if reply.retry_after else None
        self._tell_pacing(finding, reply, sent_at, retry_after)
        if finding.next is Next.RENEW_TOKEN:
            return await self._renewing(finding, reply, spent, token.generation)
        if finding.next is Next.WAIT and self._pacing.hopeless:
            return finding._replace(next=Next.END_RUN, run_end=_THROTTLED_FOR_GOOD), reply, None
        if finding.next is not Next.WAIT:
            spent.failures += 1
            _log.info("no answer yet (%s, HTTP %s): %s", finding.reason, reply.http_status, finding.error_message)
        decision = decide(finding, spent.failures, self._dice(), self._policy, retry_after)
        return finding, reply, self._within_budget(decision, finding, reply, spent)

    def _within_budget(
        self, decision: Again | Stop, finding: Finding, reply: ApiResponse, spent: _Spent
    ) -> Again | None:
        """The decision, unless the run has retried in vain so often that another one is not worth its request."""
        if not isinstance(decision, Again) or finding.next is Next.WAIT:
            return decision if isinstance(decision, Again) else None
        spent.retry_cost = retry_quota.COST_WITHOUT_ANSWER if reply.http_status is None else retry_quota.COST
        return decision if self._budget.take(spent.retry_cost) else None

    async def _renewing(self, finding: Finding, reply: ApiResponse, spent: _Spent, generation: int) -> _Outcome:
        """After a 401: once more, with a fresh token where one is to be had; refused again, the run ends."""
        if not spent.renewed:
            await self._tokens.renew(generation, claims_challenge(reply.www_authenticate))
            spent.renewed = True
            return finding, reply, Again(0.0)
        code = f", code {finding.error_code}" if finding.error_code else ""
        said = f": {finding.error_message}" if finding.error_message else ""
        token = "even a fresh token" if self._tokens.renewable else "the access token"
        end = RunEnd(Cause.SIGN_IN, f"{token} is refused (401{code}){said}", "sign in again, then resume")
        return finding._replace(next=Next.END_RUN, run_end=end), reply, None

    def _tell_pacing(self, finding: Finding, reply: ApiResponse, sent_at: float, retry_after: float | None) -> None:
        requests = self._pacing.requests
        if finding.next is Next.WAIT:
            requests["throttled"] += 1
            _log.info("throttled: nothing leaves until the gate opens (Retry-After: %s)", reply.retry_after)
            self._pacing.rejected(sent_at, retry_after)
            return
        if reply.http_status is None:
            requests["transport_error"] += 1
            self._pacing.lost(sent_at)
            return
        requests[_named(reply.http_status)] += 1
        if reply.http_status in UNAVAILABLE_STATUSES:
            self._pacing.unavailable(sent_at)
        else:
            self._pacing.accepted(sent_at)


def _is_asked_again(outcome: _Outcome) -> bool:
    return outcome[2] is not None


@cache
def _named(http_status: int) -> str:
    """What requests with such an answer are counted as."""
    return f"http_{http_status}"


class _WaitAsDecided(wait_base):
    """The wait that `core.retry` decided on with the outcome."""

    def __call__(self, retry_state: RetryCallState) -> float:
        outcome: _Outcome = retry_state.outcome.result() if retry_state.outcome else None  # type: ignore[assignment] # tenacity calls wait only after an outcome
        return outcome[2].after if outcome[2] else 0.0


_THROTTLED_FOR_GOOD = RunEnd(
    Cause.SERVICE,
    "the service throttles every request, however long the wait",
    "another program of the partner may be using the quota; resume later",
)
