"""Ask for one customer, from the first attempt to the final finding. `core` decides; tenacity runs the retry loop.

tenacity is used only after a first attempt has failed: nearly all succeed, and its bookkeeping costs a third of the
throughput. Each customer has its own `AsyncRetrying`, because a shared one miscounts. Attempts are counted here.
"""

import logging
import random
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from tenacity import AsyncRetrying, RetryCallState, retry_if_result
from tenacity.wait import wait_base

from auditor.core.ids import normalise_id
from auditor.core.judge import ATTEMPTS, UNAVAILABLE_STATUSES, Retry, classify, decide, redact, retry_after_seconds
from auditor.core.judge import retry as retry_quota
from auditor.core.model import ApiResponse, Cause, CustomerResult, Finding, Next, Reason, RunEnd
from auditor.core.sign_in import claims_challenge
from auditor.errors import AuditorError
from auditor.fetch.rate_limiter import RateLimiter
from auditor.fetch.response_matching import new_id
from auditor.fetch.tokens import TokenSource

_log = logging.getLogger(__name__)

# looking up an enumeration member is slow, and every request needs this one
_DONE = Next.DONE
_NO_RESPONSE = ApiResponse(received_at=datetime.min.replace(tzinfo=UTC))
_MAX_TRACEBACK = 8000
"""Characters of a traceback that are logged: its last ones."""

Attempt = Callable[[str, str, str, str], Awaitable[ApiResponse]]
"""(customer id, access token, request id, correlation id) -> response; see `PartnerCenterClient.validation_status`."""


@dataclass(slots=True)
class _RequestState:
    """The requests for one customer so far."""

    customer_id: str
    correlation_id: str
    request_id: str
    answered: bool = False
    attempts: int = 0
    failures: int = 0
    renewed: bool = False
    retry_cost: int = 0


_Outcome = tuple[Finding, ApiResponse, Retry | None]
"""The outcome of one request. A tuple for speed."""


class _RetryBudget:
    """The retries that the run has left, for all workers; the arithmetic is in `core.judge.retry`."""

    def __init__(self) -> None:
        self._quota = retry_quota.CAPACITY

    def take(self, cost: int) -> bool:
        """Take the cost of one retry; False where too little is left: then there must be no retry."""
        left = retry_quota.spend(self._quota, cost)
        if left is None:
            return False
        self._quota = left
        return True

    def refund(self, cost: int) -> None:
        """Return the cost of the last retry of an answered request; 0 where it needed none."""
        self._quota = retry_quota.refund(self._quota, cost)


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The objects that all requests of a run share.

    Attributes:
        tokens: the source of access tokens.
        limiter: the rate limiter.
        attempts: maximum number of failed requests for one customer.
        random: returns a number in [0, 1), for jitter.
        budget: the retries that the whole run has left.
    """

    tokens: TokenSource
    limiter: RateLimiter
    attempts: int = ATTEMPTS
    random: Callable[[], float] = random.random
    budget: _RetryBudget = field(default_factory=_RetryBudget)


class RetryingClient:
    """Fetch one result at a time, with as many attempts as needed; the workers of the pool call `fetch`.

    Args:
        attempt: sends one request.
        context: the objects that all requests of a run share.
        judge: classifies a response: (response, customer id or page token) -> finding.
    """

    def __init__(
        self, attempt: Attempt, context: RequestContext, judge: Callable[[ApiResponse, str], Finding] = classify
    ) -> None:
        self._attempt = attempt
        self._judge = judge
        self._tokens = context.tokens
        self._limiter = context.limiter
        self._attempts = context.attempts
        self._random = context.random
        self._budget = context.budget

    async def fetch(self, customer_id: str) -> CustomerResult:
        """The result for one customer, with its evidence.

        Raises:
            RunStopping: the run is stopping; this customer has no result.
            SignInError: there is no access token.
            StoppedEarlyError: the sign-in service is busy for too long, or cannot be reached.
        """
        state = _RequestState(customer_id, new_id(), new_id())
        finding, response, retry = await self._send(customer_id, state)
        if retry is not None:
            await self._limiter.pause(retry.after)
            retryer = AsyncRetrying(sleep=self._limiter.pause, wait=_DecidedWait(), retry=retry_if_result(_needs_retry))
            outcome: _Outcome = await retryer(self._send, customer_id, state)
            finding, response, _ = outcome
        return CustomerResult(customer_id, finding, response, state.attempts)

    async def _send(self, customer_id: str, state: _RequestState) -> _Outcome:
        """Send one request and decide what to do next."""
        token = await self._tokens.token()
        sent_at = await self._limiter.acquire()
        state.attempts += 1
        if state.answered:
            # "MS-RequestId": unchanged after a time-out, new after any response
            state.request_id = new_id()
        response = _NO_RESPONSE
        try:
            response = await self._attempt(customer_id, token.value, state.request_id, state.correlation_id)
            finding = self._judge(response, customer_id)
        except AuditorError:
            # an error of the machine or the sign-in affects all customers
            raise
        except Exception as error:  # noqa: BLE001 - an error with one customer's response must not end the run
            finding = _internal_error(error, customer_id)
            response = response if response is not _NO_RESPONSE else response._replace(received_at=datetime.now(UTC))
        state.answered = response.http_status is not None
        if finding.next is _DONE and response.http_status is not None:
            self._limiter.requests[_counter_name(response.http_status)] += 1
            self._limiter.on_response(sent_at)
            self._budget.refund(state.retry_cost)
            return finding, response, None
        return await self._decide(finding, response, state, sent_at, token.generation)

    async def _decide(
        self, finding: Finding, response: ApiResponse, state: _RequestState, sent_at: float, generation: int
    ) -> _Outcome:
        """Report a response that is not final to the rate limiter, and decide about a retry."""
        retry_after = retry_after_seconds(response.retry_after, response.received_at) if response.retry_after else None
        self._report(finding, response, sent_at, retry_after)
        if finding.next is Next.WAIT and _log.isEnabledFor(logging.INFO):
            fields = _log_fields(finding, response, state, retry_after)
            _log.info(
                "throttled: no request is sent until the wait is over (Retry-After: %s)",
                response.retry_after,
                extra=fields,
            )
        if finding.next is Next.RENEW_TOKEN:
            return await self._renew_token(finding, response, state, generation)
        throttled = finding.next is Next.WAIT
        if throttled and self._limiter.gave_up:
            return finding._replace(next=Next.END_RUN, run_end=_THROTTLED_FOR_GOOD), response, None
        if not throttled:
            # a throttled request is never an attempt
            state.failures += 1
        retry = decide(finding, state.failures, self._random(), self._attempts, retry_after)
        if retry and not throttled:
            state.retry_cost = retry_quota.COST_WITHOUT_ANSWER if response.http_status is None else retry_quota.COST
            retry = retry if self._budget.take(state.retry_cost) else None
        if not throttled and _log.isEnabledFor(logging.INFO):
            fields = _log_fields(finding, response, state, retry.after if retry else None)
            _log.info(
                "no answer yet (%s, HTTP %s): %s",
                finding.reason,
                response.http_status,
                finding.error_message,
                extra=fields,
            )
        return finding, response, retry

    async def _renew_token(
        self, finding: Finding, response: ApiResponse, state: _RequestState, generation: int
    ) -> _Outcome:
        """After a 401: retry once with a new token, if it can be renewed. After a second 401 the run ends."""
        if not state.renewed:
            await self._tokens.renew(generation, claims_challenge(response.www_authenticate))
            state.renewed = True
            return finding, response, Retry(0.0)
        code = f", code {finding.error_code}" if finding.error_code else ""
        said = f": {finding.error_message}" if finding.error_message else ""
        token = "even a fresh token" if self._tokens.renewable else "the access token"
        end = RunEnd(Cause.SIGN_IN, f"{token} is refused (401{code}){said}", self._tokens.remedy)
        return finding._replace(next=Next.END_RUN, run_end=end), response, None

    def _report(self, finding: Finding, response: ApiResponse, sent_at: float, retry_after: float | None) -> None:
        requests = self._limiter.requests
        if finding.next is Next.WAIT:
            requests["throttled"] += 1
            self._limiter.on_throttled(sent_at, retry_after)
            return
        if response.http_status is None:
            requests["internal_error" if finding.reason is Reason.INTERNAL_ERROR else "transport_error"] += 1
            self._limiter.on_lost(sent_at)
            return
        requests[_counter_name(response.http_status)] += 1
        if response.http_status in UNAVAILABLE_STATUSES:
            self._limiter.on_unavailable(sent_at)
        else:
            self._limiter.on_response(sent_at)


def _log_fields(
    finding: Finding, response: ApiResponse, state: _RequestState, wait_seconds: float | None
) -> dict[str, object]:
    """Fields of a request for the log, those that are known.

    Args:
        finding: of its response.
        response: to it.
        state: of its customer.
        wait_seconds: until the next request; None where there is none, or where the rate limiter decides.
    """
    found = {
        # a request for a page of the customer list has a token here
        "customer_id": normalise_id(state.customer_id),
        "attempt": state.attempts,
        "http_status": response.http_status,
        "code": finding.error_code,
        "wait_seconds": None if wait_seconds is None else round(wait_seconds, 1),
        "correlation_id": state.correlation_id,
        "request_id": state.request_id,
    }
    return {name: value for name, value in found.items() if value is not None}


def _needs_retry(outcome: _Outcome) -> bool:
    return outcome[2] is not None


@cache
def _counter_name(http_status: int) -> str:
    """The name under which such responses are counted."""
    return f"http_{http_status}"


class _DecidedWait(wait_base):
    """The wait that `core.judge.decide` returned."""

    def __call__(self, retry_state: RetryCallState) -> float:
        outcome: _Outcome = retry_state.outcome.result() if retry_state.outcome else None  # type: ignore[assignment] # tenacity calls wait only after an outcome
        return outcome[2].after if outcome[2] else 0.0


_THROTTLED_FOR_GOOD = RunEnd(
    Cause.SERVICE,
    "the service throttles every request, however long the wait",
    "another program of the partner may be using the quota; resume later",
)


def _internal_error(error: Exception, customer_id: str) -> Finding:
    """The finding for a customer after a defect of auditor; `resume` asks for it again.

    The traceback is logged without anything that looks like a token, so that a defect in a long run can be reported
    without another run.
    """
    lines = "".join(traceback.format_exception(error, limit=-20)).splitlines()
    text = "\n".join(f"{line[: len(line) - len(line.lstrip())]}{redact(line, (), 1000)}" for line in lines)
    _log.error(
        "customer %s: a defect of auditor, please report it; the run continues\n%s",
        customer_id,
        text[-_MAX_TRACEBACK:],
        extra={"customer_id": customer_id},
    )
    return Finding(reason=Reason.INTERNAL_ERROR, error_message=redact(f"{type(error).__name__}: {error}"))


def internal_error_result(error: Exception, customer_id: str, attempts: int = 1) -> CustomerResult:
    """The result for a customer after a defect of auditor, without a response.

    Args:
        error: the exception.
        customer_id: lower-case GUID.
        attempts: requests that may have been sent for it.
    """
    response = ApiResponse(received_at=datetime.now(UTC))
    return CustomerResult(customer_id, _internal_error(error, customer_id), response, attempts)
