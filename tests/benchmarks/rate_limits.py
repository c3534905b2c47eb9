"""Servers that limit requests, in virtual time, and the best possible client for each.

Nothing here is shared with the client's pacing. A server is asked with `arrive(now)` and says None for accepted, else the
seconds until it may accept again.
"""

import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

Share = Callable[[float], float]
"""The share of the limit that another client takes at a time, from 0 to 1."""


class Server(Protocol):
    """A rate limit."""

    def arrive(self, now: float) -> float | None:
        """None if the request is accepted, else seconds."""

    def ideal(self, count: int, share: Share) -> float:
        """The earliest time at which the last of this many requests could be accepted."""


class TokenBucket:
    """Refills evenly; full at the start. A rejected request that counts takes a token that must be earned back."""

    def __init__(self, limit: int, window: float, *, counts_rejected: bool) -> None:
        self.per_second = limit / window
        self.size = float(limit)
        self.tokens = self.size
        self.at = 0.0
        self.counts_rejected = counts_rejected

    def arrive(self, now: float) -> float | None:
        """See `Server`."""
        self.tokens = min(self.size, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        if self.tokens >= 1 - 1e-9:
            self.tokens -= 1
            return None
        if self.counts_rejected:
            self.tokens = max(-self.size, self.tokens - 1)
        return (1 - self.tokens) / self.per_second

    def ideal(self, count: int, share: Share) -> float:
        """See `Server`."""
        now, earned, step = 0.0, self.size, 0.05
        while earned < count:
            earned += self.per_second * (1 - share(now)) * step
            now += step
        return now


class FixedWindow:
    """A number of requests in each fixed window; the first window began before the run."""

    def __init__(self, limit: int, window: float, *, phase: float) -> None:
        self.limit, self.window, self.phase = limit, window, phase
        self.number, self.used = 0, 0

    def arrive(self, now: float) -> float | None:
        """See `Server`. Rejected requests change nothing: a new window begins with nothing used."""
        number = math.floor((now + self.phase) / self.window)
        if number != self.number:
            self.number, self.used = number, 0
        if self.used < self.limit:
            self.used += 1
            return None
        return (number + 1) * self.window - self.phase - now

    def ideal(self, count: int, share: Share) -> float:
        """See `Server`. The best client sends all requests of a window when it opens."""
        begins, sent = 0.0, 0.0
        while True:
            ends = (math.floor((begins + self.phase + 1e-6) / self.window) + 1) * self.window - self.phase
            taken = sum(share(begins + (ends - begins) * (part + 0.5) / 20) for part in range(20)) / 20
            sent += self.limit - self.limit * (ends - begins) / self.window * taken
            if sent >= count:
                return begins
            begins = ends


class SlidingWindow:
    """A number of requests in any window. A rejected request that counts stays in the window like an accepted one."""

    def __init__(self, limit: int, window: float, *, counts_rejected: bool) -> None:
        self.limit, self.window, self.counts_rejected = limit, window, counts_rejected
        self.seen: deque[float] = deque(maxlen=limit)

    def arrive(self, now: float) -> float | None:
        """See `Server`."""
        while self.seen and self.seen[0] <= now - self.window:
            self.seen.popleft()
        if len(self.seen) < self.limit:
            self.seen.append(now)
            return None
        wait = self.seen[0] + self.window - now
        if self.counts_rejected:
            self.seen.append(now)
        return wait

    def ideal(self, count: int, share: Share) -> float:
        """See `Server`."""
        return FixedWindow(self.limit, self.window, phase=0.0).ideal(count, share)


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of a server.

    Attributes:
        kind: `bucket`, `fixed` or `sliding`.
        limit: requests in a window.
        counts_rejected: whether rejected requests count.
        retry_after: `honest`, `missing`, or a number of seconds said always.
        window: seconds.
    """

    kind: str
    limit: int = 500
    counts_rejected: bool = False
    retry_after: str = "honest"
    window: float = 60.0

    def server(self, seed: int) -> Server:
        """A new one; the phase of its windows comes from the seed."""
        if self.kind == "bucket":
            return TokenBucket(self.limit, self.window, counts_rejected=self.counts_rejected)
        if self.kind == "fixed":
            return FixedWindow(self.limit, self.window, phase=random.Random(seed).random() * self.window)
        return SlidingWindow(self.limit, self.window, counts_rejected=self.counts_rejected)

    def retry_after_header(self, seconds: float) -> str | None:
        """The Retry-After header for this many seconds."""
        if self.retry_after == "honest":
            return str(max(1, math.ceil(seconds)))
        return None if self.retry_after == "missing" else self.retry_after
