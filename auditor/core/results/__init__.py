"""Rows and answers -> what people read: the ledger, changes since the baseline run, sums, advice, and which runs may be removed."""

from auditor.core.results.advice import ADVICE, LONG_NOTE, LONG_REVIEW, MEANINGS, UNDER_REVIEW, next_step, unresolved_step
from auditor.core.results.changes import CHANGES, Change, Counts, State, compare, news
from auditor.core.results.ledger import COMPLETE, Count, FAILED, FailOn, INCOMPLETE, Ledger, MATCHED, STOPPED, Tally, complete, exit_code, fold, internal_errors, matched
from auditor.core.results.money import Column, Sum
from auditor.core.results.retention import Candidate, runs_to_keep

__all__ = ["ADVICE", "CHANGES", "COMPLETE", "Candidate", "Change", "Column", "Count", "Counts", "FAILED", "FailOn", "INCOMPLETE", "LONG_NOTE", "LONG_REVIEW", "Ledger", "MATCHED", "MEANINGS", "STOPPED", "State", "Sum", "Tally", "UNDER_REVIEW", "compare", "complete", "exit_code", "fold", "internal_errors", "matched", "news", "next_step", "runs_to_keep", "unresolved_step"]
