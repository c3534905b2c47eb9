"""The rate limiter as a state machine: when the next request may be sent, what rejections teach, how long a run will take."""

from auditor.core.pacing import rate
from auditor.core.pacing.learning import SLOWEST, RememberedRate
from auditor.core.pacing.plan import Plan, StartingRate, describe_usage, estimate_seconds, starting_rate
from auditor.core.pacing.rate import PATIENCE, SHORT_PAUSE

__all__ = [
    "PATIENCE",
    "SHORT_PAUSE",
    "SLOWEST",
    "Plan",
    "RememberedRate",
    "StartingRate",
    "describe_usage",
    "estimate_seconds",
    "rate",
    "starting_rate",
]
