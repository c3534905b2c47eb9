"""How much retrying a run may do. Rule: retries spend, successes refund; when the quota is empty, failures stand.

A service that fails now and then is retried as often as it takes; one that is down is not asked five times for every
customer. A retry that succeeds gives back what it took, so only retries in vain use the quota up. The numbers are those
of "AWS SDKs and Tools Reference Guide: Retry behavior", standard mode.
"""

from dataclasses import dataclass

CAPACITY = 500
COST = 5
"""Of a retry after an answer that failed."""
COST_WITHOUT_ANSWER = 10
"""Of a retry after a time-out or a lost connection: those hold a worker for long."""
REFUND = 1
"""For every success that was no retry."""


@dataclass(frozen=True, slots=True)
class RetryQuota:
    """What is left of the quota; from 0 to CAPACITY."""

    left: int = CAPACITY


def spent(quota: RetryQuota, cost: int = COST) -> RetryQuota | None:
    """After taking what one retry costs; None where there is not enough: then it must not be made."""
    return RetryQuota(quota.left - cost) if quota.left >= cost else None


def refunded(quota: RetryQuota, cost: int = 0) -> RetryQuota:
    """After a success. `cost` is what its last retry took, 0 where it was a first attempt."""
    return quota if quota.left == CAPACITY else RetryQuota(min(CAPACITY, quota.left + max(cost, REFUND)))
