"""rows.jsonl and journal.jsonl. Rule: append-only; a line is with the operating system before its worker goes on.

JSON Lines, so that a run can live on a network share and be read with any tool. The rows as read come first and whole
(one line a row, in list order); then the journal: a header, one line a customer answered, and an end. Every journal
line closes with a CRC-32 of what stands before it, so that damage is seen and reported with its line. A kill loses
nothing (each line is one `os.write`); a power cut loses what came since the last `sync`, a second by default.

===========  ==============================================================
`rows`       rows.jsonl: the lists as read
`lines`      one line of the journal: its checksum, its number
`shapes`     what each kind of line must look like
`appending`  a file of lines, open for appending: how it gets to the disk
`writing`    the journal, open for appending
`reading`    what it says of its run
`answered`   who was asked, and who is done
`reusing`    answers of earlier runs that may serve again
`recent`     requests of a session that was killed, for the limit
`folders`    which folders hold a run
===========  ==============================================================
"""

from auditor.journal.answered import doubtful, finally_answered, is_resumed, looked_up, still_open
from auditor.journal.folders import folders, holds_journal
from auditor.journal.lines import JOURNAL
from auditor.journal.reading import answer_blocks, is_simulated, member_blocks, read_facts, read_header, read_settings
from auditor.journal.recent import Sent, Since, recent_requests
from auditor.journal.reusing import Asked, reusable, reusable_customers
from auditor.journal.rows import ROWS, RowsFile, RowsWritten, check_rows, wanted, write_rows
from auditor.journal.shapes import Header
from auditor.journal.writing import Journal, Spent

__all__ = [
    "JOURNAL",
    "ROWS",
    "Asked",
    "Header",
    "Journal",
    "RowsFile",
    "RowsWritten",
    "Sent",
    "Since",
    "Spent",
    "answer_blocks",
    "check_rows",
    "doubtful",
    "finally_answered",
    "folders",
    "holds_journal",
    "is_resumed",
    "is_simulated",
    "looked_up",
    "member_blocks",
    "read_facts",
    "read_header",
    "read_settings",
    "recent_requests",
    "reusable",
    "reusable_customers",
    "still_open",
    "wanted",
    "write_rows",
]
