"""Does a written answer contradict itself? Rule: what makes a customer eligible or blocked says so in all its parts.

Source: "Partner Center REST: Retrieve the validation status of a customer"; `core.classify` writes no other combination.
"""

from types import MappingProxyType
from typing import Any, Protocol

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


_ERROR_CODES = MappingProxyType({200: None, 404: "600074"})


class Written(Protocol):
    """What an answer in a journal says.

    Attributes:
        reason: the reason given.
        final: whether it is said to stand for good.
        status, http_status, error_code: as written; None where nothing is.
        attempts: requests that it took.
        checked_at: when it came, in any form.
        reused_from: the run whose answer it is, where it took no request.
    """

    reason: Any
    final: bool
    status: str | None
    http_status: int | None
    error_code: str | None
    attempts: int
    checked_at: Any
    reused_from: Any


def contradictory(written: Written) -> bool:
    """True where an answer gives a reason for eligible or blocked, and says beside it what no such answer says, or does not
    say what each of them does.
    """
    right = DECIDED.get(written.reason)
    if right is None:
        return False
    said = (written.final, written.status, written.http_status, written.error_code)
    asked = written.attempts >= 1 or bool(written.reused_from)
    return said != (True, *right, _ERROR_CODES[right[1]]) or not asked or not written.checked_at
