"""An API response -> a finding: what it says of a customer, whether to retry, whether to stop the run."""

from auditor.core.judge import outage, retry
from auditor.core.judge.body import MESSAGE_LENGTH, clean, parse_json
from auditor.core.judge.breaker import BELIEVING, FIRST, FRESH, Breaker, doubted, nothing_answered
from auditor.core.judge.classification import classify
from auditor.core.judge.documented_answers import DECIDED, contradictory
from auditor.core.judge.membership import (
    PAGE_SIZE,
    Check,
    Listed,
    cheapest_way,
    is_member,
    judge_customer,
    judge_page,
    read_customer,
    read_page,
    with_membership,
)
from auditor.core.judge.outage import UNAVAILABLE_STATUSES
from auditor.core.judge.redaction import redact, without, without_bytes
from auditor.core.judge.retry import Again, RetryPolicy, decide, pending_customers, retry_after_seconds

__all__ = [
    "BELIEVING",
    "DECIDED",
    "FIRST",
    "FRESH",
    "MESSAGE_LENGTH",
    "PAGE_SIZE",
    "UNAVAILABLE_STATUSES",
    "Again",
    "Breaker",
    "Check",
    "Listed",
    "RetryPolicy",
    "cheapest_way",
    "classify",
    "clean",
    "contradictory",
    "decide",
    "doubted",
    "is_member",
    "judge_customer",
    "judge_page",
    "nothing_answered",
    "outage",
    "parse_json",
    "pending_customers",
    "read_customer",
    "read_page",
    "redact",
    "retry",
    "retry_after_seconds",
    "with_membership",
    "without",
    "without_bytes",
]
