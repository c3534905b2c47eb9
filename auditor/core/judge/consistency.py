"""Does a stored answer contradict itself? An answer that makes a customer eligible or blocked must say so in all its parts.

Source: "Partner Center REST: Retrieve the validation status of a customer"; `classification` produces no other combination.
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
"""Reason of a blocked or eligible verdict -> its status and HTTP status."""


_ERROR_CODES = MappingProxyType({200: None, 404: "600074"})


class Written(Protocol):
    """An answer as a journal has it.

    Attributes:
        reason: the reason.
        final: whether the answer is final.
        status, http_status, error_code: as written; None where missing.
        attempts: number of requests.
        checked_at: when it arrived, in any form.
        reused_from: the run that it was copied from, or None.
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
    """True where an answer has a reason for blocked or eligible, but not the fields that every such answer has."""
    right = DECIDED.get(written.reason)
    if right is None:
        return False
    said = (written.final, written.status, written.http_status, written.error_code)
    asked = written.attempts >= 1 or bool(written.reused_from)
    return said != (True, *right, _ERROR_CODES[right[1]]) or not asked or not written.checked_at
