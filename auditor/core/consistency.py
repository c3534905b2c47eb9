"""Does a written answer contradict itself? Rule: what makes a customer eligible or blocked says so in all its parts.

Source: "Partner Center REST: Retrieve the validation status of a customer"; `core.classify` writes no other combination.
"""

from types import MappingProxyType

from auditor.core.model import NO_STATUS, Reason

DECIDED = MappingProxyType(
    {
        Reason.ALLOWED: ("Allowed", 200),
        Reason.UNDER_REVIEW: ("UnderReview", 200),
        Reason.NOT_ALLOWED: ("NotAllowed", 200),
        Reason.UNKNOWN: ("Unknown", 200),
        Reason.NO_ACCOUNT_STATUS: (NO_STATUS, 404),
    }
)
"""Reasons of a verdict that is no `undetermined`: the status and the HTTP status that come with it."""


def contradictory(reason: Reason, *, final: bool, status: str | None, http_status: int | None) -> bool:
    """True where an answer gives a reason for eligible or blocked, and says beside it what no such answer says.

    Args:
        reason: the reason given.
        final: whether it is said to stand for good.
        status: as written; None where nothing is.
        http_status: likewise.
    """
    right = DECIDED.get(reason)
    return right is not None and not (final and status in (right[0], None) and http_status in (right[1], None))
