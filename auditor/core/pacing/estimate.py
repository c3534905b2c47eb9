"""How long a run will take, estimated before it starts from the rate that it starts with and its growth."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.core.pacing import learning
from auditor.core.pacing.plan import Plan, RememberedRate
from auditor.core.text import MINUTE

_STEP = 1.0
"""Seconds per step of the estimate."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A rate that an earlier run learned; this run starts with it, since it is lower than the set one.

    Attributes:
        per_minute: requests a minute.
        ago: seconds since it was learned.
    """

    per_minute: float
    ago: float

    def in_words(self, rate: float, now: datetime) -> str:
        """For people, with the rate that is set (requests a minute; not positive where it is to be learned)."""
        learned_on = (now - timedelta(seconds=self.ago)).date()
        grows = f"It returns to {rate:,.0f}" if rate > 0 else "It grows"
        return (
            f"Starting at {self.per_minute:,.0f} requests/min, the limit learned by the run of {learned_on}. "
            f"{grows} while nothing is rejected; --rate 0 does not pace."
        )


def recalled(plan: Plan, memory: RememberedRate | None) -> Recalled | None:
    """The rate of an earlier run, where a run starts with it; else None."""
    if memory is None or not plan.learns or memory.believed >= plan.pace:
        return None
    learned = learning.resume_learning(memory, 0.0)
    return Recalled(learned.per_second * MINUTE, memory.learned_ago + memory.age)


def seconds_for(plan: Plan, memory: RememberedRate | None, customers: int) -> float | None:
    """Seconds that a run takes without a rejection; None where no rate is known.

    Args:
        plan: the configured rate.
        memory: what the last run against the same quota stored, or None.
        customers: number of customers, one request each.
    """
    if memory is None or recalled(plan, memory) is None:
        return MINUTE * customers / plan.per_minute if plan.per_minute else None
    learned, seconds, left = learning.resume_learning(memory, 0.0), 0.0, float(customers)
    if plan.pace == math.inf:
        # the growth of a rate without a cap is not known
        return left / learned.per_second
    while left > 0.0:
        per_second = learning.pace(learned, plan.pace, seconds)
        if per_second >= plan.pace:
            return seconds + left / plan.pace
        step = min(_STEP, left / per_second)
        seconds, left = seconds + step, left - step * per_second
    return seconds
