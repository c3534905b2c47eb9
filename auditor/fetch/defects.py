"""An exception that nobody foresaw, met on one customer -> that customer's finding. Rule: the run goes on.

The exception is logged with its traceback, without anything that looks like a token: a defect that only a night's run
shows can then be reported without running it again.
"""

import logging
import traceback
from datetime import UTC, datetime

from auditor.core.judge import redact
from auditor.core.model import ApiResponse, CustomerResult, Finding, Reason

_log = logging.getLogger(__name__)
_LONGEST = 8000
"""Characters of a traceback; of a recursion without end only the last lines say anything."""


def internal_error(error: Exception, customer_id: str) -> Finding:
    """The finding for a customer on which auditor itself failed; `resume` asks for it again."""
    lines = "".join(traceback.format_exception(error, limit=-20)).splitlines()
    told = "\n".join(f"{line[: len(line) - len(line.lstrip())]}{redact(line, (), 1000)}" for line in lines)
    _log.error("customer %s: a defect of auditor, please report it; the run goes on\n%s", customer_id, told[-_LONGEST:])
    return Finding(reason=Reason.INTERNAL_ERROR, error_message=redact(f"{type(error).__name__}: {error}"))


def failed(error: Exception, customer_id: str, attempts: int = 1) -> CustomerResult:
    """The answer for such a customer, where no response is known that the exception belongs to.

    Args:
        error: what was raised.
        customer_id: lower-case GUID.
        attempts: requests that may have been sent for it.
    """
    return CustomerResult(
        customer_id, internal_error(error, customer_id), ApiResponse(received_at=datetime.now(UTC)), attempts
    )
