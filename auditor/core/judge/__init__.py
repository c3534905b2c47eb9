"""An API response -> a finding: what it says of a customer, whether to retry, whether to stop the run."""

from auditor.core.judge.body import MESSAGE_LENGTH, clean, parse_json
from auditor.core.judge.breaker import BELIEVING, Breaker, FIRST, FRESH, doubted, nothing_answered
from auditor.core.judge.classification import classify
from auditor.core.judge.consistency import DECIDED, contradictory
from auditor.core.judge.customer_page import Listed, PAGE_SIZE, judge_customer, judge_page, read_customer, read_page
from auditor.core.judge.membership import Check, cheapest_way, is_member, with_membership
from auditor.core.judge.outage import UNAVAILABLE_STATUSES
from auditor.core.judge.redaction import redact, without, without_bytes
from auditor.core.judge.resume import RowSet, pending_customers
from auditor.core.judge.retry import Again, RetryPolicy, decide, retry_after_seconds
from auditor.core.judge import outage, retry

__all__ = ["Again", "BELIEVING", "Breaker", "Check", "DECIDED", "FIRST", "FRESH", "Listed", "MESSAGE_LENGTH", "PAGE_SIZE", "RetryPolicy", "RowSet", "UNAVAILABLE_STATUSES", "cheapest_way", "classify", "clean", "contradictory", "decide", "doubted", "is_member", "judge_customer", "judge_page", "nothing_answered", "outage", "parse_json", "pending_customers", "read_customer", "read_page", "redact", "retry", "retry_after_seconds", "with_membership", "without", "without_bytes"]
