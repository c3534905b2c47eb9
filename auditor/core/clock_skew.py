"""How far this machine's clock is from a service's, and what that means for a token. Rule: values in, words out."""

from dataclasses import dataclass

from auditor.core.words import lasting

WRONG_FROM = 300.0
"""Seconds from which sign-in services refuse a request, and a fresh token seems expired."""
SET_CLOCK = "set this machine's clock, or let it be set (NTP)"


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """What a service's `Date` says of this machine's clock.

    Attributes:
        ahead: seconds that this machine is ahead; negative where it is behind.
        uncertain: seconds that the measurement may be wrong by, either way.
        whose: the service, for people.
    """

    ahead: float
    uncertain: float
    whose: str = "the sign-in service"

    @property
    def words(self) -> str | None:
        """That the clock is wrong, with the measured difference; None where it is right enough."""
        if abs(self.ahead) - self.uncertain < WRONG_FROM:
            return None
        way = "ahead of" if self.ahead > 0 else "behind"
        size = abs(self.ahead)
        return f"this machine's clock is {size:.0f} s ({lasting(size)}) {way} that of {self.whose}"
