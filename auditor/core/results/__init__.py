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
from auditor.core.results.changes import CHANGES, Change, Counts, State, compare, news
from auditor.core.results.ledger import (
    COMPLETE,
    FAILED,
    INCOMPLETE,
    MATCHED,
    STOPPED,
    Count,
    FailOn,
    Ledger,
    Tally,
    complete,
    exit_code,
    fold,
    internal_errors,
    matched,
)
from auditor.core.results.money import Sum, add_up
from auditor.core.results.retention import Candidate, runs_to_keep

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
    "STOPPED",
    "UNDER_REVIEW",
    "Candidate",
    "Change",
    "Count",
    "Counts",
    "FailOn",
    "Ledger",
    "State",
    "Sum",
    "Tally",
    "add_up",
    "compare",
    "complete",
    "exit_code",
    "fold",
    "internal_errors",
    "matched",
    "news",
    "next_step",
    "runs_to_keep",
    "unresolved_step",
]
