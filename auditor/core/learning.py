"""What rejections teach about the limit. Rule: learn down when the gate opens, regrow slowly, never above the cap.

The estimator is what got through, divided by the time that it took, closed gates included. A rejection says that the
quota was used up, and the one before it said the same: between two such moments the server accepted exactly what it
allows, be it a token bucket, a fixed or a sliding window. The first epoch also spent what had been saved up before, so
it counts only until there is a better one.
"""

import math
from dataclasses import dataclass, replace

SLOWEST = 0.05
"""Requests a second: even a pace that was learned wrong recovers from here within minutes."""
_MEMORY = 1.25
"""The estimate rests on the latest epochs that span so many horizons."""
_SHORTEST_HORIZON, _LONGEST_HORIZON = 30.0, 60.0
"""Seconds: about the length of the server's window, as far as its Retry-After shows it."""
_MIX=1.0
_PULL=0.0
_CLIP=0.02
_FIRST=10.
_EACH=1e9
_AHEAD = 0.02
"""Share by which a learned pace is exceeded at once: a limit that is a little higher is found soon."""
_REGROWTH = 0.05
"""Share that the pace has grown by half a horizon after the gate opened; from there with the third power of time."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known about the limit. All times are monotonic seconds.

    Attributes:
        per_second: the pace last learned; infinite where nothing is known.
        since: when the pace began to regrow; None where nothing was learned yet.
        began: when this epoch began.
        longest_asked: the longest Retry-After seen.
        epochs: (accepted, seconds) of those that the estimate rests on, oldest first.
        at_closing: the pace when the gate closed; more is never believed.
    """

    per_second: float
    since: float | None = None
    began: float = 0.0
    longest_asked: float = 1.0
    epochs: tuple[tuple[int, float], ...] = ()
    at_closing: float = math.inf

    @property
    def horizon(self) -> float:
        """Seconds; the scale of memory and of regrowth."""
        return min(_LONGEST_HORIZON, max(_SHORTEST_HORIZON, self.longest_asked))


def pace(learned: Learned, cap: float, now: float) -> float:
    """Requests a second at this moment, never above `cap`; infinite where nothing is known and nothing caps it."""
    if learned.since is None:
        return learned.per_second
    grown = 2.0 * max(0.0, now - learned.since) / learned.horizon
    base = learned.per_second if cap == math.inf else _MIX*cap+(1-_MIX)*learned.per_second
    ahead = base*_AHEAD
    if cap<math.inf and _PULL: ahead = max(-_CLIP*learned.per_second, min(_CLIP*learned.per_second, _PULL*(cap/2-learned.per_second)))
    return min(cap, learned.per_second + ahead + base * _REGROWTH * grown**3)


def closed(learned: Learned, at_closing: float, asked: float) -> Learned:
    """When a rejection closes the gate at this pace, for the seconds asked for."""
    return replace(learned, longest_asked=max(learned.longest_asked, asked), at_closing=at_closing)


def opened(learned: Learned, accepted: int, now: float) -> Learned:
    """When the gate has opened after an epoch in which something was accepted."""
    count, seconds = accepted, max(now - learned.began, 1e-3)
    if learned.per_second == math.inf:
        epochs = ()
        per_second = count / seconds
    else:
        limit = _FIRST if learned.since is None else _EACH
        if seconds > limit:
            count, seconds = count * limit / seconds, limit
        epochs = _latest((*learned.epochs, (count, seconds)), _MEMORY * learned.horizon)
        per_second = sum(count for count, _ in epochs) / sum(seconds for _, seconds in epochs)
    per_second = max(SLOWEST, min(per_second, learned.at_closing))
    return replace(learned, per_second=per_second, since=now, began=now, epochs=epochs)


def in_vain(learned: Learned, now: float) -> Learned:
    """When the gate has opened after an epoch in which nothing was accepted: nothing is learned, nothing grows."""
    return learned if learned.since is None else replace(learned, since=now)


def _latest(epochs: tuple[tuple[int, float], ...], span: float) -> tuple[tuple[int, float], ...]:
    spanned = 0.0
    for kept in range(1, len(epochs) + 1):
        spanned += epochs[-kept][1]
        if spanned >= span:
            return epochs[-kept:]
    return epochs
