"""How long a run will take, before it begins. Rule: reckoned with the pace that the run itself begins with, and regrows by."""

import math
from dataclasses import dataclass

from auditor.core import learning
from auditor.core.plan import MINUTE, Plan, RememberedRate
from auditor.core.words import lasting

_STEP = 1.0
"""Seconds for which the pace is taken as the same."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A pace that an earlier run learned, and this one begins with because it is lower than what is set.

    Attributes:
        per_minute: requests a minute.
        ago: seconds since it was learned.
    """

    per_minute: float
    ago: float

    def in_words(self, rate: float | str) -> str:
        """For people, beside the rate that is set."""
        set_to = f"{rate:,.0f} are set, and it grows back" if isinstance(rate, float | int) else "it grows"
        learned = lasting(self.ago).removeprefix("about ")
        return (
            f"begins with {self.per_minute:,.0f} requests a minute, which rejections taught an earlier run {learned} ago; "
            f"{set_to} while nothing is rejected (--rate 0 does not pace)"
        )


def recalled(plan: Plan, memory: RememberedRate | None) -> Recalled | None:
    """The remembered pace, where a run begins with it."""
    if memory is None or not plan.learns or memory.believed >= plan.pace:
        return None
    learned = learning.recalled(memory, 0.0)
    return Recalled(learned.per_second * MINUTE, memory.learned_ago + memory.age)


def seconds_for(plan: Plan, memory: RememberedRate | None, customers: int) -> float | None:
    """Seconds that a run takes in which nothing is rejected; None where no pace is known.

    Args:
        plan: how to pace.
        memory: what the last run against the same quota left, or None.
        customers: requests, one for each.
    """
    if memory is None or recalled(plan, memory) is None:
        return MINUTE * customers / plan.per_minute if plan.per_minute else None
    learned, seconds, left = learning.recalled(memory, 0.0), 0.0, float(customers)
    if plan.pace == math.inf:
        # how far a pace without a cap would grow nobody knows
        return left / learned.per_second
    while left > 0.0:
        per_second = learning.pace(learned, plan.pace, seconds)
        if per_second >= plan.pace:
            return seconds + left / plan.pace
        step = min(_STEP, left / per_second)
        seconds, left = seconds + step, left - step * per_second
    return seconds
