"""The rate limiter as a state machine: when the next request may be sent, what rejections teach, how long a run will take."""

from auditor.core.pacing import rate, throttle
from auditor.core.pacing.estimate import Recalled, recalled, seconds_for
from auditor.core.pacing.learning import SLOWEST
from auditor.core.pacing.plan import Plan, RememberedRate
from auditor.core.pacing.throttle import DOUBTED
from auditor.core.pacing.usage import in_words

__all__ = [
    "DOUBTED",
    "SLOWEST",
    "Plan",
    "Recalled",
    "RememberedRate",
    "in_words",
    "rate",
    "recalled",
    "seconds_for",
    "throttle",
]
