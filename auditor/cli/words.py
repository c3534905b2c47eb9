"""Numbers in words for people. Rule: one row is one row, never 1 rows."""

from auditor.core.words import many

__all__ = ("lasting", "many")

MINUTE, HOUR = 60, 3600
_SOON = 90
"""Seconds from which minutes say enough."""


def lasting(seconds: float) -> str:
    """About how long something takes."""
    if seconds < _SOON:
        return f"about {many(max(1, round(seconds)), 'second')}"
    if seconds < 2 * HOUR:
        return f"about {many(round(seconds / MINUTE), 'minute')}"
    return f"about {seconds / HOUR:,.1f} hours"
