"""How long a sign-in still lasts. Rule: a refresh token ends 90 days after it was given; every use gives a new one.

Source: "Refresh tokens in the Microsoft identity platform": 90 days, not configurable; a policy of the tenant
(Conditional Access: sign-in frequency) may end it earlier, and nothing in the token says so.
"""

from datetime import datetime, timedelta

LIFE = timedelta(days=90)
WARN_FROM = 14
"""Days left from which the end is announced."""


def days_left(given_at: datetime, now: datetime) -> int:
    """Whole days until a refresh token given at `given_at` ends, 0 on its last day or later. Both are aware."""
    return max((given_at + LIFE - now).days, 0)


def warning(days: int | None, where: str) -> str | None:
    """What to say of a refresh token with so many days left; None where there is nothing to say, or nothing is known.

    Args:
        days: left; None where nobody knows when the token was given.
        where: what holds it, for people.
    """
    if days is None or days > WARN_FROM:
        return None
    left = "today" if days == 0 else "in one day" if days == 1 else f"in {days} days"
    return f"the sign-in in {where} ends {left}, and was not renewed there: sign in again with `auditor login`"
