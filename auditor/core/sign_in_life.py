"""How long a sign-in still lasts. Rule: a refresh token ends 90 days after it was given; every use gives a new one.

Source: "Refresh tokens in the Microsoft identity platform": 90 days, not configurable; a policy of the tenant
(Conditional Access: sign-in frequency) may end it earlier, and nothing in the token says so.
"""

from datetime import datetime, timedelta

LIFE = timedelta(days=90)
WARN_FROM = 14
"""Days left from which the end is announced."""

MEND = "; to mend it: "
"""Stands between what a person should know of a sign-in and what to do about it."""


def days_left(given_at: datetime, now: datetime) -> int:
    """Days until a refresh token given at `given_at` ends, begun ones counted; 0 where it has ended. Both are aware."""
    left = given_at + LIFE - now
    return max(-(-left // timedelta(days=1)), 0)


def warning(days: int | None, where: str) -> str | None:
    """What to say of a refresh token with so many days left; None where there is nothing to say, or nothing is known.

    Args:
        days: left; None where nobody knows when the token was given.
        where: what holds it, for people.
    """
    if days is None or days > WARN_FROM:
        return None
    ends = "should have ended" if days == 0 else "ends within a day" if days == 1 else f"ends within {days} days"
    return f"{where}: this sign-in {ends}, and is not renewed there; sign in again: auditor login"
