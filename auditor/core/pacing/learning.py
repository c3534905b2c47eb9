"""What rejections teach about the limit: lower the rate after a pause, let it grow slowly, never above the cap.

The estimate is the number of accepted requests divided by their time, pauses included. At each rejection the quota is used up, so between
two rejections the server accepts exactly what it allows, whether it uses a token bucket, a fixed or a sliding window. The first epoch also
uses what had accumulated before, so it counts little.

Growth adds the same amount to every rate, however low it is, and a rate above half the cap gives a little away: so two runs that share
one quota reach equal shares.
"""

import math
from dataclasses import dataclass, replace

LONGEST_ASKED = 300.0
"""Seconds: longer than any window of API Management; a longer Retry-After is cut to this."""
SLOWEST = 0.05
"""Requests a second: even a wrongly learned rate recovers from here within minutes."""
_SHORTEST_HORIZON, _LONGEST_HORIZON = 30.0, 60.0
"""Seconds: about the length of the server's window, as far as its Retry-After shows it."""
_SHORTEST_MEMORY, _WINDOWS_REMEMBERED = 37.5, 2.25
"""The estimate rests on the latest seconds, or on so many times the longest Retry-After, where that is more."""
_FIRST_COUNTS, _EACH_COUNTS = 5.0, 10.0
"""Seconds that the first and any later epoch count for at most: else a long good time hides that it is over. Where the
server's Retry-After shows a longer window, an epoch counts for as much: a part of a window is not like the whole.
"""
_RECALLED_COUNTS = 0.5
"""Share of the first estimate that comes from an earlier run."""
_AHEAD = 0.01
"""Share by which a learned pace is exceeded at once where there is no cap: a higher limit is found soon."""
_PULL, _STRONGEST_PULL = 0.1, 0.05
"""Share of the way to half the cap that a learned pace is moved at once, and the largest share of itself."""
_REGROWTH = 0.06
"""Share of the cap that the pace has grown by half a horizon after a pause; with the third power of time."""
FEWEST_TEACH = 30
"""Answers; fewer of them, as of single look-ups, show nothing about a limit of hundreds a minute, even with a rejection."""
DOUBTED_AFTER = 7 * 86400.0
"""Seconds after which a remembered rate counts half: limits are adjusted, and other programs start and stop."""


@dataclass(frozen=True, slots=True)
class RememberedRate:
    """What one run stores for the next.

    Attributes:
        per_second: the rate at its end, in requests a second; infinite if it was neither configured nor learned.
        longest_asked: the longest Retry-After, in seconds.
        held: number of requests that still counted against the last minute's window.
        learned_ago: seconds from the rejection that taught the rate to the end of the run.
        age: seconds since the run ended.
        killed: (seconds ago, requests) of killed sessions, not included in `held`; oldest first.
    """

    per_second: float
    longest_asked: float = 1.0
    held: int = 0
    learned_ago: float = 0.0
    age: float = 0.0
    killed: tuple[tuple[float, int], ...] = ()

    @property
    def starting_per_second(self) -> float:
        """The rate to start with, in requests a second: the older it is, the less it slows the next run down."""
        return self.per_second * math.exp2(min(1000.0, (self.learned_ago + self.age) / DOUBTED_AFTER))

    def for_next_run(self, answers: int, earlier: "RememberedRate | None", seconds: float) -> "RememberedRate":
        """The rate to store for the next run: after too few answers, the earlier rate, older by this run.

        Args:
            answers: number of answers in this run.
            earlier: with which this run started, or None.
            seconds: since the start of this run.
        """
        if answers >= FEWEST_TEACH:
            return self
        if earlier is None:
            return replace(self, per_second=math.inf, longest_asked=1.0, learned_ago=0.0)
        ago = earlier.learned_ago + earlier.age + seconds
        return replace(self, per_second=earlier.per_second, longest_asked=earlier.longest_asked, learned_ago=ago)


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known about the limit. All times are monotonic seconds.

    Attributes:
        per_second: the pace last learned; infinite where nothing is known.
        since: when the pace began to regrow; None where nothing was learned yet.
        began: when this epoch began.
        longest_asked: the longest Retry-After seen.
        epochs: (accepted, seconds) of those that the estimate rests on, oldest first.
        at_pause: the pace at the start of the pause; the learned one is never higher.
        learned_at: when a rejection last taught the pace, perhaps in an earlier run.
    """

    per_second: float
    since: float | None = None
    began: float = 0.0
    longest_asked: float = 1.0
    epochs: tuple[tuple[float, float], ...] = ()
    at_pause: float = math.inf
    learned_at: float = 0.0

    @property
    def horizon(self) -> float:
        """Seconds; the scale of regrowth."""
        return min(_LONGEST_HORIZON, max(_SHORTEST_HORIZON, self.longest_asked))

    @property
    def memory(self) -> float:
        """Seconds that the estimate rests on."""
        return max(_SHORTEST_MEMORY, _WINDOWS_REMEMBERED * min(_LONGEST_HORIZON, self.longest_asked))


def resume_learning(memory: RememberedRate, now: float) -> Learned:
    """Start with what an earlier run learned; the rate grows from there."""
    per_second = max(SLOWEST, memory.starting_per_second)
    learned_at = now - memory.age - memory.learned_ago
    learned = Learned(per_second, now, now, usable(memory.longest_asked), learned_at=learned_at)
    counts = _RECALLED_COUNTS * learned.memory
    return replace(learned, epochs=((per_second * counts, counts),))


def pace(learned: Learned, cap: float, now: float) -> float:
    """The present rate in requests a second, never above `cap`; infinite where neither is known."""
    if learned.since is None:
        return learned.per_second
    base = learned.per_second
    grown = _REGROWTH * (2.0 * max(0.0, now - learned.since) / learned.horizon) ** 3
    if cap == math.inf:
        return base * (1.0 + _AHEAD + grown)
    strongest = _STRONGEST_PULL * base
    pull = min(strongest, max(-strongest, _PULL * (cap / 2.0 - base)))
    return min(cap, base + pull + cap * grown)


def usable(retry_after: float | None) -> float:
    """Seconds that a server asked for; 0 where that is missing, negative or not a number."""
    return min(retry_after, LONGEST_ASKED) if retry_after is not None and retry_after > 0 else 0.0


def paused(learned: Learned, at_pause: float, asked: float) -> Learned:
    """When a rejection starts a pause, at this rate."""
    return replace(learned, longest_asked=max(learned.longest_asked, asked), at_pause=at_pause)


def resumed(learned: Learned, accepted: int, now: float) -> Learned:
    """After a pause, where something was accepted before it."""
    seconds = max(now - learned.began, 1e-3)
    if learned.per_second == math.inf:
        # a burst shows what had been saved up rather than the limit, and is not stored
        epochs: tuple[tuple[float, float], ...] = ()
        per_second = accepted / seconds
    else:
        most = _FIRST_COUNTS if learned.since is None else max(_EACH_COUNTS, learned.longest_asked)
        counts = min(seconds, most)
        epochs = _latest((*learned.epochs, (accepted * counts / seconds, counts)), learned.memory)
        per_second = sum(count for count, _ in epochs) / sum(span for _, span in epochs)
    per_second = max(SLOWEST, min(per_second, learned.at_pause))
    return replace(learned, per_second=per_second, since=now, began=now, epochs=epochs, learned_at=now)


def resumed_without_success(learned: Learned, now: float) -> Learned:
    """After a pause, where nothing was accepted before it: learn nothing, restart the growth."""
    return learned if learned.since is None else replace(learned, since=now)


def _latest(epochs: tuple[tuple[float, float], ...], span: float) -> tuple[tuple[float, float], ...]:
    """The epochs of the latest `span` seconds; the oldest in part."""
    counted = 0.0
    for kept, (count, seconds) in enumerate(reversed(epochs), 1):
        if counted + seconds >= span:
            part = (span - counted) / seconds
            return ((count * part, seconds * part), *epochs[len(epochs) - kept + 1 :])
        counted += seconds
    return epochs
