"""audit.xlsx, and a workbook of the same kind for each account manager. Two renderings of one run are the same to the byte."""

from datetime import UTC
from typing import IO, cast

from xlsxwriter import Workbook

from auditor.report2.data import RunData
from auditor.report2.files import PACKS, AtomicFile, Staging, as_output_error
from auditor.report2.remarks import note
from auditor.report2.workbook.about import add_about
from auditor.report2.workbook.by_owner import INDEX, write_by_owner
from auditor.report2.workbook.layout import add_styles
from auditor.report2.workbook.sheets import (
    WorkbookContext,
    add_action_needed,
    add_all_customers,
    add_changes,
    add_not_verified,
)
from auditor.report2.workbook.subset import Subset, for_run
from auditor.report2.workbook.summary import add_summary

NAME = "audit.xlsx"
_OPTIONS = {
    # rows are written to a temporary file as they come, so they must be written in order
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}


def owns(name: str) -> bool:
    """Whether a file (its path from the run's folder) is one of these."""
    return name in (NAME, INDEX) or (name.startswith(f"{PACKS}/") and name.endswith(".xlsx"))


def write(data: RunData, staging: Staging) -> None:
    """Write audit.xlsx, and the workbooks of the account managers where the lists name them.

    Raises:
        OutputError: one of them cannot be written.
    """
    run = for_run(data)
    workbooks = write_by_owner(run, staging, _write)
    _write(run, staging.create(NAME), workbooks)


def _write(subset: Subset, file: AtomicFile, workbooks: dict[str, str] | None = None) -> None:
    owner = "" if subset.owner is None else f", {subset.owner or 'without account manager'}"
    facts = subset.data.facts
    # the file takes bytes and tells its position, which is all that is asked of it
    book = Workbook(cast("IO[bytes]", file), _OPTIONS)
    created = (facts.finished_at or facts.started_at).astimezone(UTC)
    book.set_properties(
        {
            "title": f"Validation status{owner}",
            "comments": note(subset.data),
            "subject": facts.run_id,
            "created": created,
        }
    )
    context = WorkbookContext(book, add_styles(book), subset)
    add_summary(context, workbooks or {})
    add_action_needed(context)
    add_changes(context)
    add_all_customers(context)
    add_not_verified(context)
    add_about(context)
    with as_output_error(file.path):
        book.close()
    file.records = subset.ledger.rows
