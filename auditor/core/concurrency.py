"""How many requests must be in flight to keep a pace. Rule: Little's law with head-room, between 1 and a cap.

Little's law: in flight = requests a second x seconds each takes. More workers than that send nothing earlier; they only
make a burst larger when something goes wrong.
"""

import math

HEADROOM = 2.0
"""Answers are not equally quick: so many times the mean may be under way."""
SPARE = 2
"""Workers that write down, wait for a token or back off while the others ask."""
_WEIGHT = 0.1
"""Of the latest answer in the mean latency."""


def workers(per_second: float, latency: float, cap: int) -> int:
    """How many workers are useful.

    Args:
        per_second: the pace; infinite where requests are not paced.
        latency: mean seconds from departure to answer; 0 where nothing was answered yet: then the cap.
        cap: the most there may be.
    """
    if math.isinf(per_second) or not latency:
        return cap
    return max(1, min(cap, math.ceil(per_second * latency * HEADROOM) + SPARE))


def mean_latency(mean: float, latest: float) -> float:
    """The moving mean after one more answer; 0 is no mean yet."""
    return mean + _WEIGHT * (latest - mean) if mean else latest
