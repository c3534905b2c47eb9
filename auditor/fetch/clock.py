"""This machine's clock against the `Date` of a service's answers. Rule: measured, never set; the newest answer counts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from auditor.core.sign_in import ClockSkew


def ahead_of(date: str | None, sent_at: datetime, seconds: float) -> tuple[float | None, float]:
    """How far this clock is ahead of a `Date` header, which has whole seconds, and by how much that may be wrong.

    Args:
        date: the header; None where there is none.
        sent_at: when the request was sent; aware.
        seconds: that the answer took.
    """
    try:
        told = parsedate_to_datetime(date or "")
        told = told if told.tzinfo else told.replace(tzinfo=UTC)
        # the service wrote it at some time between sending and receiving, and cut off up to a second
        return (sent_at - told).total_seconds() + seconds / 2 - 0.5, seconds / 2 + 0.5
    except (ValueError, OverflowError):
        # whatever a service writes there must not keep anybody from signing in
        return None, 0.0


@dataclass(slots=True)
class ServiceClock:
    """What the answers of the sign-in service say of this machine's clock; `skew` is None before the first."""

    skew: ClockSkew | None = None

    def note(self, date: str | None, sent_at: datetime, seconds: float) -> None:
        """Takes the `Date` of an answer."""
        ahead, uncertain = ahead_of(date, sent_at, seconds)
        if ahead is not None:
            self.skew = ClockSkew(ahead, uncertain)
