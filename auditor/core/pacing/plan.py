"""The configured rate of a run, and what it stores for the next one. Values only; `rate` acts on them.

Source of the limit: "Customer resources" (500 requests a minute for a tenant).
"""

import math
from dataclasses import dataclass, replace

from auditor.core.pacing.window import Window
from auditor.core.text import MINUTE

DOCUMENTED = 500.0
"""Requests a minute for one partner tenant."""
SHARE = 0.995
"""Of a limit, what is paced at: no server counts to the request. Source: "Limit call rate by subscription" of API
Management ("rate limiting is never completely accurate").
"""
FEWEST_TEACH = 30
"""Answers; fewer of them, as of single look-ups, show nothing of a limit of hundreds a minute, even where one is rejected."""
DOUBTED_AFTER = 7 * 86400.0
"""Seconds in which a remembered pace comes to count for half: limits are adjusted, and other programs come and go."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The configured rate of a run.

    Attributes:
        per_minute: the limit to keep to; None is not known, and learned; 0 does not pace, but the gate still holds.
        burst: use the quota up as soon as it is there, for a partner whose other programs are silent.
    """

    per_minute: float | None = DOCUMENTED
    burst: bool = False

    @property
    def per_second(self) -> float:
        """The limit; infinite where there is none."""
        return self.per_minute / MINUTE if self.per_minute else math.inf

    @property
    def pace(self) -> float:
        """The pace never exceeded, in requests a second; infinite where there is none."""
        return SHARE * self.per_second

    @property
    def in_a_window(self) -> int:
        """Requests that any window of a run may hold that does not fit into one; all of them where bursts are wanted."""
        return self._limit if self.burst else math.ceil(SHARE * self._limit)

    @property
    def learns(self) -> bool:
        """Whether rejections lower the pace."""
        return self.per_minute != 0

    def window(self) -> Window | None:
        """The guard of this limit, nothing in it; None where there is no limit."""
        if not self.per_minute:
            return None
        return Window(self._limit, self._limit / self.per_second)

    @property
    def _limit(self) -> int:
        return max(1, int(self.per_minute or 0.0))


@dataclass(frozen=True, slots=True)
class RememberedRate:
    """What one run stores for the next.

    Attributes:
        per_second: the pace at its end, in requests a second; infinite where it neither knew nor learned one.
        longest_asked: the longest Retry-After, in seconds.
        held: how many requests still held a place in the last minute's window.
        learned_ago: seconds, when the run ended, since a rejection had taught the pace.
        age: seconds since the run ended.
        killed: (seconds ago, requests) of killed sessions, which are not in `held`; oldest first.
    """

    per_second: float
    longest_asked: float = 1.0
    held: int = 0
    learned_ago: float = 0.0
    age: float = 0.0
    killed: tuple[tuple[float, int], ...] = ()

    @property
    def believed(self) -> float:
        """The pace to begin with, in requests a second: the older the lesson, the less it holds the next run back."""
        return self.per_second * math.exp2(min(1000.0, (self.learned_ago + self.age) / DOUBTED_AFTER))

    def handed_on(self, answers: int, earlier: "RememberedRate | None", seconds: float) -> "RememberedRate":
        """What the next run may know: of too few answers the earlier lesson stays, and grows older.

        Args:
            answers: in this run.
            earlier: what this run began with, or None.
            seconds: since it began.
        """
        if answers >= FEWEST_TEACH:
            return self
        if earlier is None:
            return replace(self, per_second=math.inf, longest_asked=1.0, learned_ago=0.0)
        ago = earlier.learned_ago + earlier.age + seconds
        return replace(self, per_second=earlier.per_second, longest_asked=earlier.longest_asked, learned_ago=ago)
