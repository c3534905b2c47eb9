"""An API response -> a finding: what it says of a customer, whether to retry, whether to stop the run."""

from auditor.core.judge import outage, retry
from auditor.core.judge.body import MESSAGE_LENGTH, clean, parse_json
from auditor.core.judge.breaker import (
    FIRST_ANSWERS,
    LENIENT_BREAKER,
    NEW_BREAKER,
    Breaker,
    end_without_answer,
    is_suspect_refusal,
)
from auditor.core.judge.classification import classify
from auditor.core.judge.documented_answers import DOCUMENTED, is_contradictory
from auditor.core.judge.membership import (
    PAGE_SIZE,
    CustomerPage,
    ListedCustomer,
    MembershipCheck,
    apply_membership,
    cheapest_source,
    is_member,
    judge_customer,
    judge_page,
    read_customer,
    read_page,
)
from auditor.core.judge.outage import UNAVAILABLE_STATUSES
from auditor.core.judge.redaction import redact, remove_secret, remove_secret_bytes
from auditor.core.judge.retry import ATTEMPTS, Retry, decide, pending_customers, retry_after_seconds

__all__ = [
    "ATTEMPTS",
    "DOCUMENTED",
    "FIRST_ANSWERS",
    "LENIENT_BREAKER",
    "MESSAGE_LENGTH",
    "NEW_BREAKER",
    "PAGE_SIZE",
    "UNAVAILABLE_STATUSES",
    "Breaker",
    "CustomerPage",
    "ListedCustomer",
    "MembershipCheck",
    "Retry",
    "apply_membership",
    "cheapest_source",
    "classify",
    "clean",
    "decide",
    "end_without_answer",
    "is_contradictory",
    "is_member",
    "is_suspect_refusal",
    "judge_customer",
    "judge_page",
    "outage",
    "parse_json",
    "pending_customers",
    "read_customer",
    "read_page",
    "redact",
    "remove_secret",
    "remove_secret_bytes",
    "retry",
    "retry_after_seconds",
]
