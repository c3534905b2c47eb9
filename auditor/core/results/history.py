"""What the runs so far know of one customer, folded. Rule: only an answer that says eligible or blocked begins or ends a
stretch; in a run that does not know, and in a run without the customer, it goes on.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from auditor.core.model import Verdict


@dataclass(frozen=True, slots=True)
class Past:
    """The stretch that a customer is in.

    Attributes:
        verdict: eligible or blocked: what the last answer that said either says.
        since: when the first answer of this stretch arrived.
        times_blocked: how many stretches of being blocked there were, this one included.
    """

    verdict: Verdict
    since: datetime
    times_blocked: int = 0

    @property
    def blocked_since(self) -> datetime | None:
        """When the customer was first seen blocked in this stretch; None where it is not blocked."""
        return self.since if self.verdict is Verdict.BLOCKED else None


def step(past: Past | None, verdict: Verdict, checked_at: datetime) -> Past | None:
    """The past with one more answer, which is not older than those in it.

    Args:
        past: None where nothing is known.
        verdict: of the answer.
        checked_at: when it arrived.
    """
    if verdict is Verdict.UNDETERMINED or (past is not None and past.verdict is verdict):
        return past
    blocked = int(verdict is Verdict.BLOCKED)
    if past is None:
        return Past(verdict, checked_at, blocked)
    return replace(past, verdict=verdict, since=checked_at, times_blocked=past.times_blocked + blocked)
