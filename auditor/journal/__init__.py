"""rows.jsonl and journal.jsonl of a run, and mailed.jsonl: declared, written and read here, and nowhere else.

The first two are JSON Lines, so that a run can live on a network share and any tool can read it. The rows come first and complete
(one line a row, in list order); then the journal, append-only: a header, one line for each result, an end. A kill loses
nothing (each line is one `os.write`); a power cut loses what came since the last `sync`, a second by default.

=================  ==========================================================
`records`          the kinds of lines of the journal, and their checksum
`lines`            which lines are undamaged, and their records
`rows`             rows.jsonl: the lists as read
`writer`           the journal, open for appending
`reader`           facts of the run, and who has a final answer
`reuse`            answers of earlier runs that may be used again
`killed_sessions`  requests of killed sessions, for the rate limit
`mailed`           mailed.jsonl: who has had a workbook by mail
=================  ==========================================================
"""

from auditor.journal.killed_sessions import RequestWindow, Sent, recent_requests
from auditor.journal.mailed import MAILED, MailLog, MailRecord, read_mailed, recipient_digest
from auditor.journal.reader import (
    answer_blocks,
    checked_singly,
    finally_answered,
    holds_journal,
    is_resumed,
    is_simulated,
    member_blocks,
    membership_unknown,
    pending_rows,
    read_facts,
    read_header,
    run_folders,
)
from auditor.journal.records import JOURNAL, AnswerRecord, Header, MemberRecord
from auditor.journal.reuse import Query, find_reusable, find_reusable_customers
from auditor.journal.rows import (
    ROWS,
    RowRecord,
    RowsFile,
    RowsWritten,
    check_rows,
    read_customers,
    read_selected_rows,
    write_rows,
)
from auditor.journal.writer import Journal, SessionStats

__all__ = [
    "JOURNAL",
    "MAILED",
    "ROWS",
    "AnswerRecord",
    "Header",
    "Journal",
    "MailLog",
    "MailRecord",
    "MemberRecord",
    "Query",
    "RequestWindow",
    "RowRecord",
    "RowsFile",
    "RowsWritten",
    "Sent",
    "SessionStats",
    "answer_blocks",
    "check_rows",
    "checked_singly",
    "finally_answered",
    "find_reusable",
    "find_reusable_customers",
    "holds_journal",
    "is_resumed",
    "is_simulated",
    "member_blocks",
    "membership_unknown",
    "pending_rows",
    "read_customers",
    "read_facts",
    "read_header",
    "read_mailed",
    "read_selected_rows",
    "recent_requests",
    "recipient_digest",
    "run_folders",
    "write_rows",
]
