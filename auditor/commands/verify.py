"""`auditor verify`: is a run whole, and do its files agree? Rule: it reads, and changes nothing.

A run checks its reports with the first half of it; here they are made again as well, and compared to the last byte.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import __version__, journal
from auditor.core.text import shell_quote
from auditor.errors import OutputError, SettingsError, remedy
from auditor.runs.baseline import source_of
from auditor.runs.find import find_run

if TYPE_CHECKING:
    from auditor.report import Verified


def verify(run: str, reports: str) -> "Verified":
    """Re-reads every file of a run.

    Args:
        run: a folder, a run-id, or `latest`.
        reports: where run folders are.

    Raises:
        SettingsError: there is no such run.
        IncompleteError: the first disagreement.
        OutputError: there is no room to make the reports again.
    """
    from auditor import report

    folder = _folder(run, reports)
    with report.as_disagreement(folder):
        stored = source_of(folder)
    found = report.verify_run(stored)
    if journal.read_header(folder).auditor != __version__ or found.schema_version != report.SCHEMA_VERSION:
        # another version words and draws its reports otherwise
        return found
    try:
        report.check_reproducible(stored)
    except OutputError as error:
        raise OutputError(
            f"the reports of {folder} cannot be made again to compare them: {error.message}",
            f"{remedy(error, 'make room where temporary files go (TMPDIR)')}, then: auditor verify {shell_quote(folder)}",
        ) from error
    return replace(found, reproducible=True)


def _folder(run: str, reports: str) -> Path:
    """As `find_run`, but a folder that lost its journal is a run all the same: that is for `verify` to say."""
    from auditor.report import MANIFEST

    try:
        return find_run(run, reports)
    except SettingsError:
        for folder in (Path(run), Path(reports) / run):
            # a name may be too long
            with suppress(OSError):
                if (folder / MANIFEST).is_file() and not (folder / journal.JOURNAL).is_file():
                    return folder
        raise
