"""audit.xlsx, and a workbook of the same kind for each account manager. Rule: made for people to act on, from what is told
and from nothing else; two renderings of one run are the same to the byte.

==========  ===============================================================
`share`     what one workbook tells of: the run, or one account manager
`columns`   what each sheet shows of a record
`sheets`    the sheets that are one table each
`summary`   the first sheet; `about` the last
`styles`    how it looks
`heads`     what stands around the tables
`cells`     columns -> the XML of rows
`table`     a table that streams into its sheet
`book`      XlsxWriter's workbook, put together with them
`limits`    what a spreadsheet can hold
`packs`     the workbooks of the account managers, and their index
`names`     their file names
`spool`     the run's records divided between them
==========  ===============================================================
"""

from auditor.report.files import PACKS, Sink, Staging
from auditor.report.told import Told
from auditor.report.workbook.about import add_about
from auditor.report.workbook.book import Book
from auditor.report.workbook.heads import Draft
from auditor.report.workbook.packs import INDEX, row_counts, write_packs
from auditor.report.workbook.share import Share, whole
from auditor.report.workbook.sheets import add_action_needed, add_all_customers, add_changes, add_not_verified
from auditor.report.workbook.spool import Spool
from auditor.report.workbook.styles import add_styles
from auditor.report.workbook.summary import add_summary

NAME = "audit.xlsx"


def owns(way: str) -> bool:
    """Whether a file, by its way from the run's folder, is one of these."""
    return way in (NAME, INDEX) or (way.startswith(f"{PACKS}/") and way.endswith(".xlsx"))


def write(told: Told, staging: Staging) -> None:
    """Writes audit.xlsx, and the packs where the lists name account managers.

    Raises:
        OutputError: one of them cannot be written.
    """
    spool = Spool(staging.folder, row_counts(told.ledger))
    try:
        share = whole(told, spool.put)
        ways = write_packs(told, spool, staging, _make) if spool else {}
    finally:
        spool.discard()
    _make(share, staging.create(NAME), ways)


def _make(share: Share, sink: Sink, packs: dict[str, str] | None = None) -> None:
    owner = "" if share.owner is None else f", {share.owner or 'without account manager'}"
    facts = share.told.facts
    properties = {"title": f"Validation status{owner}", "comments": share.told.note, "subject": facts.run_id}
    book = Book(sink, properties, facts.finished_at or facts.started_at)
    draft = Draft(book, add_styles(book.workbook), share)
    add_summary(draft, packs or {})
    add_action_needed(draft)
    add_changes(draft)
    add_all_customers(draft)
    add_not_verified(draft)
    add_about(draft)
    book.write()
    sink.records = share.ledger.rows
