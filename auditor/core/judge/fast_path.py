"""The answer as the documentation has it, byte for byte, read without a parser. Rule: whatever differs is not read here.

A parser with all that must be checked takes several times as long; nearly all answers look so. Source: "Partner Center
REST: Retrieve the validation status of a customer", the example of a response.
"""

import re
from types import MappingProxyType

from auditor.core.model import Finding, Next, Reason

# The documentation's own example, byte for byte: a body of this shape has no room for anything that speaks against it.
# No key stands twice, nothing is escaped or nested, and neither a status nor a time can hold a customer's id.
_BEGINS, _BETWEEN, _ENDS = b'{"type":"account","status":"', b'","lastUpdateDateTime":"', b'"}'
_time = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z?" + _ENDS).fullmatch
# an enumeration looks its members up in Python: this one is needed with every answer
_DONE = Next.DONE
_STATUSES = MappingProxyType(
    {
        mark + _BEGINS + status.encode(): (reason, status)
        for status, reason in {
            "Allowed": Reason.ALLOWED,
            "UnderReview": Reason.UNDER_REVIEW,
            "NotAllowed": Reason.NOT_ALLOWED,
            "Unknown": Reason.UNKNOWN,
        }.items()
        for mark in (b"", b"\xef\xbb\xbf")
    }
)
"""How such a body begins, with a byte order mark or without -> what it says: one look-up, where a pattern takes a step a byte."""


def as_documented(body: bytes) -> Finding | None:
    """What the body of a 200 says, if it is the documentation's example but for the status and the time; else None."""
    begins, _, time = body.partition(_BETWEEN)
    said = _STATUSES.get(begins)
    if said is None or _time(time) is None:
        return None
    return Finding(said[0], _DONE, said[1], time[: -len(_ENDS)].decode())
