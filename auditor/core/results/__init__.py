"""Rows and answers -> what people read: the ledger, changes since the baseline run, sums, advice, messages, and which runs may be removed."""

from auditor.core.results.blocked_customer import BlockedCustomer
from auditor.core.results.case_group import OLD_CASE_DAYS, CaseGroup, case_group, group_name
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
from auditor.core.results.message import (
    Message,
    NotifyWhen,
    RunResult,
    code_after_message,
    describe_error,
    describe_run,
    is_success,
    should_notify,
)
from auditor.core.results.money import Amounts, Sum, add_exactly, add_up, format_amounts, format_total
from auditor.core.results.notes import Edit, NoteCell, NoteText, merge_edits
from auditor.core.results.owner_mail import NO_OWNER, OwnerResults, mail_subject, mail_text
from auditor.core.results.retention import PruneCandidate, runs_to_keep
from auditor.core.results.words import (
    ACCOUNT_VERIFICATION,
    CHANGE_NAMES,
    LONG_NOTE,
    LONG_REVIEW,
    REASONS,
    STATUSES,
    UNDER_REVIEW,
    VERDICTS,
    advice,
    next_step,
    rows_note,
    status_text,
    unresolved_step,
)
