"""The configured rate of a run, how long the run will take with it, and in the end how it used the limit.

Source of the limit: "Customer resources" (500 requests a minute for a tenant).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from auditor.core.pacing import learning
from auditor.core.pacing.learning import RememberedRate
from auditor.core.pacing.window import Window
from auditor.core.text import MINUTE

DOCUMENTED = 500.0
"""Requests a minute for one partner tenant."""
SHARE = 0.995
"""Share of the limit that is used: no server counts exactly. Source: "Limit call rate by subscription" of API Management ("rate limiting
is never completely accurate")."""
_STEP = 1.0
"""Seconds per step of an estimate."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The configured rate of a run.

    Attributes:
        per_minute: the limit; None if unknown and to be learned; 0 for no limit, but a rejection still pauses all requests.
        burst: use the quota as soon as it is available, for a partner without other programs.
    """

    per_minute: float | None = DOCUMENTED
    burst: bool = False

    @property
    def per_second(self) -> float:
        """The limit; infinite without one."""
        return self.per_minute / MINUTE if self.per_minute else math.inf

    @property
    def pace(self) -> float:
        """The maximum rate, in requests a second; infinite without a limit."""
        return SHARE * self.per_second

    @property
    def limit_per_window(self) -> int:
        """Maximum requests in any window of a run that does not fit into one window; the whole limit with `burst`."""
        return self._limit if self.burst else math.ceil(SHARE * self._limit)

    @property
    def learns(self) -> bool:
        """Whether rejections lower the rate."""
        return self.per_minute != 0

    def window(self) -> Window | None:
        """An empty window for this limit; None without a limit."""
        if not self.per_minute:
            return None
        return Window(self._limit, self._limit / self.per_second)

    @property
    def _limit(self) -> int:
        return max(1, int(self.per_minute or 0.0))


@dataclass(frozen=True, slots=True)
class StartingRate:
    """A rate learned by an earlier run, with which this run starts, since it is lower than the configured one.

    Attributes:
        per_minute: requests a minute.
        ago: seconds since it was learned.
    """

    per_minute: float
    ago: float

    def describe(self, rate: float, now: datetime) -> str:
        """Describe it for people; `rate` is the configured one (requests a minute; not positive if it is to be learned)."""
        learned_on = (now - timedelta(seconds=self.ago)).date()
        grows = f"It returns to {rate:,.0f}" if rate > 0 else "It grows"
        return (
            f"Starting at {self.per_minute:,.0f} requests/min, the limit learned by the run of {learned_on}. "
            f"{grows} while nothing is rejected; --rate 0 does not pace."
        )


def starting_rate(plan: Plan, memory: RememberedRate | None) -> StartingRate | None:
    """The learned rate with which a run starts; None if it starts with the configured one."""
    if memory is None or not plan.learns or memory.starting_per_second >= plan.pace:
        return None
    learned = learning.resume_learning(memory, 0.0)
    return StartingRate(learned.per_second * MINUTE, memory.learned_ago + memory.age)


def estimate_seconds(plan: Plan, memory: RememberedRate | None, customers: int) -> float | None:
    """Estimate the seconds that a run takes without a rejection; None if no rate is known.

    Args:
        plan: the configured rate.
        memory: stored by the last run with the same quota, or None.
        customers: number of customers, one request each.
    """
    if memory is None or starting_rate(plan, memory) is None:
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


def describe_usage(requests: Mapping[str, int], pace: Mapping[str, float | None], seconds: float) -> list[str]:
    """Describe how a run used the limit: requests, rate and outcomes, in one line each; at least the first.

    Args:
        requests: by outcome; `sent` is their sum, `throttled` those rejected for exceeding the limit.
        pace: `waited_seconds`, `learned_per_minute`, `percent_of_ideal`; None or missing if unknown.
        seconds: duration of the run.
    """
    sent, throttled = requests.get("sent", 0), requests.get("throttled", 0)
    waited, learned, ideal = (pace.get(name) for name in ("waited_seconds", "learned_per_minute", "percent_of_ideal"))
    # the limit applies per minute, so a shorter run does not show its rate
    long_enough = seconds >= MINUTE
    paced = [
        f"{waited:,.1f} s waiting" if waited else "",
        f"{learned:,.0f} a minute at the end" if learned is not None and long_enough else "",
        f"{ideal:.0f} % of the ideal" if ideal is not None and long_enough else "",
    ]
    outcomes = sorted(((name, n) for name, n in requests.items() if name != "sent" and n), key=lambda one: -one[1])
    lines = [
        f"{sent:,} sent, {throttled:,} throttled, in {seconds:,.1f} s",
        ", ".join(filter(None, paced)),
        ", ".join(f"{count:,} {_outcome(name)}" for name, count in outcomes),
    ]
    return [line for line in lines if line]


def _outcome(name: str) -> str:
    if name.startswith("http_"):
        return f"status {name.removeprefix('http_')}"
    return {"transport_error": "without answer", "internal_error": "failed in auditor itself"}.get(name, name)
