"""Write audit.xlsx, and a workbook of the same kind for each account manager. The same run gives the same bytes."""

from datetime import UTC
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from auditor.errors import OutputError
from auditor.report.data import RunData
from auditor.report.files import PACKS, AtomicFile, Staging, as_output_error
from auditor.report.remarks import note
from auditor.report.workbook.by_owner import INDEX, write_by_owner
from auditor.report.workbook.layout import add_styles
from auditor.report.workbook.sheets import (
    WorkbookContext,
    add_action_needed,
    add_all_customers,
    add_changes,
    add_not_verified,
)
from auditor.report.workbook.subset import Subset, for_run
from auditor.report.workbook.summary import add_about, add_summary

__all__ = ["NAME", "owns", "write"]

NAME = "audit.xlsx"
_OPTIONS = {
    # XlsxWriter keeps one row in memory, so rows must be written in order
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
    with as_output_error(file.path), TemporaryDirectory(prefix="auditor-") as folder:
        # not into `file` itself: after a failure XlsxWriter writes the end of the archive all the same
        path = Path(folder) / NAME
        book = Workbook(path, {**_OPTIONS, "tmpdir": folder})
        _add_sheets(book, subset, workbooks or {})
        try:
            book.close()
        except FileCreateError as error:
            raise error.__context__ or error from None
        except FileSizeError as error:
            raise OutputError(
                f"{file.name}: a sheet would be larger than the format holds", "leave it out: --format parquet,csv,html"
            ) from error
        with path.open("rb") as made:
            copyfileobj(made, file)
    file.records = subset.ledger.rows


def _add_sheets(book: Workbook, subset: Subset, workbooks: dict[str, str]) -> None:
    owner = "" if subset.owner is None else f", {subset.owner or 'without account manager'}"
    facts = subset.data.facts
    book.set_properties(
        {
            "title": f"Validation status{owner}",
            "comments": note(subset.data),
            "subject": facts.run_id,
            "created": (facts.finished_at or facts.started_at).astimezone(UTC),
        }
    )
    context = WorkbookContext(book, add_styles(book), subset)
    add_summary(context, workbooks)
    add_action_needed(context)
    add_changes(context)
    add_all_customers(context)
    add_not_verified(context)
    add_about(context)
