"""Decide after a failed attempt: (finding, failures so far, jitter) -> Retry or None. tenacity runs the retry loop.

A throttled request is not a failure of its customer: it is sent again as often as needed. Sources: "Partner Center API throttling
guidance" (honour Retry-After, no immediate retries), RFC 9110 section 10.2.3 (both its forms).

A run has a retry quota: retries spend it, successes refund it, and when it is empty, nothing is retried. So a service that fails now and
then is retried as often as needed; one that is down does not get five requests for every customer. A successful retry refunds its own
cost. The numbers are those of "AWS SDKs and Tools Reference Guide: Retry behavior", standard mode.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from types import MappingProxyType

from auditor.core.model import Finding, Next
from auditor.core.pacing import SHORT_PAUSE

LONGEST_RETRY_AFTER = 300.0
"""Seconds: the longest window of API Management; a longer Retry-After is cut to this."""
ATTEMPTS = 5
"""Failed requests for one customer at most, unless the settings say otherwise."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
"""Seconds: the upper bound of the first wait, which doubles with each failure, and its maximum."""
SPREAD = 0.25
"""A Retry-After is extended by up to this share, so that workers do not return at the same time."""


@dataclass(frozen=True, slots=True)
class Retry:
    """Retry after this number of seconds; 0 leaves the time to the rate limiter."""

    after: float


_TRIES = MappingProxyType({Next.RETRY_ONCE: 2, Next.RETRY_TWICE: 3})


def decide(
    finding: Finding, failures: int, jitter: float, attempts: int, retry_after: float | None = None
) -> Retry | None:
    """Decide whether to retry, and when; None where the finding is the result.

    Args:
        finding: of the last response.
        failures: number of failed requests for this customer, this one included, throttled ones not.
        jitter: a random number in [0, 1).
        attempts: maximum number of failed requests for one customer.
        retry_after: in seconds, or None.
    """
    match finding.next:
        case Next.WAIT:
            # other customers may not be paused, if the limit is this customer's own
            return Retry(retry_after if retry_after is not None and retry_after > SHORT_PAUSE else 0.0)
        case Next.RETRY | Next.RETRY_ONCE | Next.RETRY_TWICE:
            if failures >= min(attempts, _TRIES.get(finding.next, attempts)):
                return None
            return Retry(_backoff(failures, jitter, retry_after))
        case Next.DONE | Next.RENEW_TOKEN | Next.END_RUN:
            return None


def _backoff(failures: int, jitter: float, retry_after: float | None) -> float:
    """Exponential with full jitter, never earlier than Retry-After."""
    longest = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 30))
    if retry_after is None:
        return jitter * longest
    return max(jitter * longest, retry_after * (1 + SPREAD * jitter))


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """A Retry-After header in seconds, from 0 to 300; None if it is missing or invalid.

    Args:
        header: as received: whole seconds, or an HTTP date.
        now: aware; subtracted from an HTTP date.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        # a number of a hundred digits is not an error
        return min(float(text[:6]) if len(text) <= 6 else LONGEST_RETRY_AFTER, LONGEST_RETRY_AFTER)  # noqa: PLR2004 - see above
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=now.tzinfo)
    return min(max((date - now).total_seconds(), 0.0), LONGEST_RETRY_AFTER)


CAPACITY = 500
"""The full retry quota, with which a run starts."""
COST = 5
"""Of a retry after a failed response."""
COST_WITHOUT_ANSWER = 10
"""Of a retry after a time-out or a lost connection, which occupy a worker for long."""
REFUND = 1
"""For every success without a retry."""


def spend(quota: int, cost: int = COST) -> int | None:
    """Take the cost of one retry from the quota; None if too little is left: then there must be no retry."""
    return quota - cost if quota >= cost else None


def refund(quota: int, cost: int = 0) -> int:
    """The quota after a success. `cost` is that of its last retry, 0 for a first attempt."""
    return min(CAPACITY, quota + max(cost, REFUND))


def pending_customers(wanted: Iterable[tuple[int, str]], done: AbstractSet[int]) -> Iterator[tuple[int, str]]:
    """Yield the customers without a final answer, in list order: only a final answer counts as done.

    Args:
        wanted: (row, customer id) of each distinct customer; the row is the first that names it.
        done: the rows of customers with a final answer.
    """
    return (item for item in wanted if item[0] not in done)
