"""Write audit.xlsx, and a workbook of the same kind for each account manager. The same run gives the same bytes."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC
from functools import partial
from io import BytesIO
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory, gettempdir

from xlsxwriter import Workbook, xmlwriter
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from auditor.core.results import NO_OWNER
from auditor.core.text import shell_quote
from auditor.errors import OutputError, describe_os_error
from auditor.report.data import RunData
from auditor.report.files import PACKS, AtomicFile, Staging
from auditor.report.kept import is_kept
from auditor.report.remarks import note
from auditor.report.workbook.about import add_about
from auditor.report.workbook.by_owner import INDEX, write_by_owner
from auditor.report.workbook.layout import Styles, WorkbookContext
from auditor.report.workbook.notes import add_hidden_sheet
from auditor.report.workbook.sheets import (
    add_action_needed,
    add_all_customers,
    add_changes,
    add_not_verified,
    add_other_notes,
)
from auditor.report.workbook.subset import Subset, for_run
from auditor.report.workbook.summary import add_summary

__all__ = ["NAME", "make_workbook", "owns", "temporary_folder", "write"]

NAME = "audit.xlsx"
_OPTIONS = {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
MOST_CELLS = 500_000
"""Up to so many cells of its records a workbook is made in memory, which takes some 50 MiB and no temporary file; a larger one
goes through the temporary folder row by row.
"""

# XlsxWriter has no option for these two. Of escapes that share a `_`, as in `_x005F_x0041_`, it marks only the first as text;
# and it takes a text from `<r>` to `</r>` for markup, unless `<` is written as the format's escape for it.
xmlwriter.re_control_chars_1 = re.compile("(_)(?=x[0-9a-fA-F]{4}_)")
xmlwriter.re_control_chars_2 = re.compile(r"([\x00-\x08\x0b-\x1f]|^<(?=r>))")


def owns(name: str) -> bool:
    """Whether a file (its path from the run's folder) is one of these."""
    return name in (NAME, INDEX) or (name.startswith(f"{PACKS}/") and name.endswith(".xlsx") and not is_kept(name))


def write(data: RunData, staging: Staging) -> None:
    """Write audit.xlsx, and the workbooks of the account managers where the lists name them.

    Raises:
        OutputError: one of them cannot be written.
    """
    run = for_run(data)
    file = staging.create(NAME)
    with temporary_folder(file) as folder:
        write_one = partial(_write, folder)
        write_one(run, file, write_by_owner(run, staging, write_one))


def _write(folder: str, subset: Subset, file: AtomicFile, workbooks: dict[str, str] | None = None) -> None:
    """Write one workbook.

    Args:
        folder: for temporary files.
        subset: what it is about.
        file: that it is written to.
        workbooks: account manager -> path of their own workbook.
    """
    make_workbook(file, folder, subset.results.size, lambda book: _add_sheets(book, subset, workbooks or {}))
    file.records = subset.ledger.rows


def make_workbook(file: AtomicFile, folder: str, cells: int, add_sheets: Callable[[Workbook], None]) -> None:
    """Make a workbook: a small one in memory, a large one row by row in a temporary file.

    Args:
        file: that it is written to.
        folder: for temporary files.
        cells: number of cells of its records.
        add_sheets: adds its sheets, each row after the row above it.

    Raises:
        OSError: of the temporary folder.
        OutputError: it cannot be written, or a sheet is too large for the format.
    """
    small = cells <= MOST_CELLS
    mode = {"in_memory": True} if small else {"constant_memory": True, "tmpdir": folder}
    # not into `file` itself: after a failure XlsxWriter writes the end of the archive all the same
    made = BytesIO() if small else Path(folder, NAME)
    book = Workbook(made, {**_OPTIONS, **mode})
    try:
        add_sheets(book)
        book.close()
    except FileCreateError as error:
        raise error.__context__ or error from None
    except FileSizeError as error:
        raise OutputError(
            f"{file.name}: a sheet would be larger than the format holds", "leave it out: --format parquet,csv,html"
        ) from error
    finally:
        if not small:  # XlsxWriter leaves them open after a failure
            for page in book.worksheets():
                page.row_data_fh.close()
    if isinstance(made, BytesIO):
        file.write(made.getvalue())
    else:
        with made.open("rb") as finished:
            copyfileobj(finished, file)


@contextmanager
def temporary_folder(file: AtomicFile) -> Iterator[str]:
    """A folder for the temporary files of workbooks.

    Raises:
        OutputError: there is no room in it; `file` cannot be written.
    """
    try:
        with TemporaryDirectory(prefix="auditor-") as folder:
            yield folder
    except OSError as error:  # of the temporary folder: those of the files themselves are OutputErrors already
        then = f"the answers are safe; set TMPDIR to a folder with room, then: auditor report {shell_quote(file.path.parent)}"
        raise OutputError(f"{file.path}: temporary folder {gettempdir()}: {describe_os_error(error)}", then) from error


def _add_sheets(book: Workbook, subset: Subset, workbooks: dict[str, str]) -> None:
    facts, language = subset.data.facts, subset.data.language
    owner = "" if subset.owner is None else f", {subset.owner or language.text(NO_OWNER)}"
    book.set_properties(
        {
            "title": (facts.presentation.title or language.text("Validation status")) + owner,
            "comments": note(subset.data, language),
            "subject": facts.run_id,
            "created": (facts.finished_at or facts.started_at).astimezone(UTC),
        }
    )
    context = WorkbookContext(book, Styles(book, language, facts.presentation.accent), subset)
    add_summary(context, workbooks)
    add_action_needed(context)
    add_changes(context)
    add_all_customers(context)
    add_not_verified(context)
    add_other_notes(context)
    add_about(context)
    add_hidden_sheet(book, subset)
