"""Sliding windows over the requests of each partner tenant. Rule: in memory, one clock, no sleeping.

Sources: "Partner Center REST: Customer resources" (500 requests a minute per tenant identifier) and "Partner Center API
throttling guidance" (rejected requests count as well; Retry-After is in seconds).
"""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from auditor.simulator.options import ThrottleOptions, Window


@dataclass(slots=True)
class _Meter:
    """The times of the requests in one window, oldest first."""

    window: Window
    times: deque[float] = field(default_factory=deque)

    def wait(self, now: float, limit: int) -> float:
        """Seconds until there is room under `limit`; 0 where there is room now."""
        while self.times and self.times[0] <= now - self.window.seconds:
            self.times.popleft()
        if len(self.times) < limit:
            return 0.0
        if limit < 1:
            return self.window.seconds
        return self.times[-limit] + self.window.seconds - now


class Throttle:
    """Lets requests through or says how long to wait.

    Args:
        options: the limits.
        clock: monotonic seconds.
        seed: of the inaccuracy.
    """

    def __init__(self, options: ThrottleOptions, clock: Callable[[], float], seed: int = 0) -> None:
        self._options = options
        self._clock = clock
        self._random = Random(seed)
        self._meters: defaultdict[str, list[_Meter]] = defaultdict(lambda: [_Meter(each) for each in options.windows])
        self._customer_meters: dict[str, _Meter] = {}

    def ask(self, tenant_id: str, customer_id: str | None) -> int | None:
        """None lets the request through; else the whole seconds after which there is room again (1 at least)."""
        now = self._clock()
        meters = self._meters_of(tenant_id, customer_id)
        wait = max((meter.wait(now, self._limit(meter.window)) for meter in meters), default=0.0)
        if wait <= 0 or self._options.count_rejected:
            for meter in meters:
                meter.times.append(now)
        return max(1, math.ceil(wait)) if wait > 0 else None

    def _meters_of(self, tenant_id: str, customer_id: str | None) -> list[_Meter]:
        meters = self._meters[tenant_id]
        window = self._options.per_customer
        if window is None or customer_id is None:
            return meters
        own = self._customer_meters.setdefault(f"{tenant_id}/{customer_id}", _Meter(window))
        return [*meters, own]

    def _limit(self, window: Window) -> int:
        wobble = self._options.inaccuracy * self._random.uniform(-1, 1) if self._options.inaccuracy else 0.0
        return round(window.limit * (1 + wobble))
