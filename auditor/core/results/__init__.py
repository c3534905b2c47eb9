"""Rows and answers -> what people read: the ledger, changes since the baseline run, sums, advice, and which runs may be removed."""

from auditor.core.results.advice import (
    ADVICE,
    LONG_NOTE,
    LONG_REVIEW,
    MEANINGS,
    UNDER_REVIEW,
    next_step,
    unresolved_step,
)
from auditor.core.results.changes import CHANGES, Change, ChangeCounts, CustomerState, compare, is_newly_blocked
from auditor.core.results.ledger import (
    COMPLETE,
    FAILED,
    INCOMPLETE,
    MATCHED,
    STOP_EXIT_CODES,
    Count,
    FailOn,
    Ledger,
    Tally,
    build_ledger,
    count_internal_errors,
    counts_as_complete,
    exit_code,
    match_fail_on,
)
from auditor.core.results.money import Sum, add_up
from auditor.core.results.owner_mail import NO_OWNER, OwnerResults, mail_subject, mail_text
from auditor.core.results.retention import PruneCandidate, runs_to_keep

__all__ = [
    "ADVICE",
    "CHANGES",
    "COMPLETE",
    "FAILED",
    "INCOMPLETE",
    "LONG_NOTE",
    "LONG_REVIEW",
    "MATCHED",
    "MEANINGS",
    "NO_OWNER",
    "STOP_EXIT_CODES",
    "UNDER_REVIEW",
    "Change",
    "ChangeCounts",
    "Count",
    "CustomerState",
    "FailOn",
    "Ledger",
    "OwnerResults",
    "PruneCandidate",
    "Sum",
    "Tally",
    "add_up",
    "build_ledger",
    "compare",
    "count_internal_errors",
    "counts_as_complete",
    "exit_code",
    "is_newly_blocked",
    "mail_subject",
    "mail_text",
    "match_fail_on",
    "next_step",
    "runs_to_keep",
    "unresolved_step",
]
