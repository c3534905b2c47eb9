"""The rate limiter as a state machine: when the next request may be sent, what rejections teach, how long a run will take."""

from auditor.core.pacing import rate
from auditor.core.pacing.learning import SLOWEST, RememberedRate
from auditor.core.pacing.plan import Plan, Recalled, in_words, recalled, seconds_for
from auditor.core.pacing.rate import DOUBTED, PATIENCE

__all__ = [
    "DOUBTED",
    "PATIENCE",
    "SLOWEST",
    "Plan",
    "Recalled",
    "RememberedRate",
    "in_words",
    "rate",
    "recalled",
    "seconds_for",
]
