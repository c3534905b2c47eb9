"""`auditor verify`: check that no file of a run is missing or changed, and that the files agree. It changes nothing.

A run itself makes the same checks after rendering. This command also renders the reports again and compares them byte by byte.
"""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from auditor import journal
from auditor.core.text import shell_quote
from auditor.errors import OutputError, SettingsError, remedy
from auditor.fleet import FLEET
from auditor.runs.find import find_run, load_stored_run
from auditor.runs.published import open_folder
from auditor.version import __version__

if TYPE_CHECKING:
    from auditor.report import FleetSummary, Verified


def verify(run: str, reports: str) -> "Verified":
    """Re-read every file of a run.

    Args:
        run: a folder, a run-id, `latest`, or the URL of a published run.
        reports: where run folders are, or the URL of published runs.

    Raises:
        SettingsError: there is no such run.
        IncompleteError: the first disagreement.
        OutputError: there is no room to render the reports again.
    """
    from auditor import report

    with open_folder(run, reports, _find_folder) as folder:
        with report.as_disagreement(folder):
            stored = load_stored_run(folder)
        found = report.verify_run(stored)
        if found.schema_version != report.SCHEMA_VERSION:
            return found
        # the wording and the look of documents differ from version to version
        same_version = journal.read_header(folder).auditor == __version__
        try:
            report.check_reproducible(stored, records_only=not same_version)
        except OutputError as error:
            raise OutputError(
                f"the reports of {folder} cannot be rendered again to compare them: {error.message}",
                f"{remedy(error, 'make room where temporary files go (TMPDIR)')}, then: auditor verify {shell_quote(folder)}",
            ) from error
        return replace(found, reproducible=same_version)


def find_round(run: str) -> Path | None:
    """The folder of a fleet's round, where a path leads to one: a folder without a journal in a folder `fleet`."""
    folder = Path(run).resolve()
    is_round = folder.parent.name == FLEET and folder.is_dir() and not (folder / journal.JOURNAL).exists()
    return folder if is_round else None


def verify_round(folder: Path) -> "FleetSummary":
    """Re-read every file of a fleet's combined report.

    Args:
        folder: as of `find_round`.

    Raises:
        IncompleteError: the first disagreement.
    """
    from auditor import report

    return report.verify_fleet(folder)


def _find_folder(run: str, reports: str) -> Path:
    """Find a run as `find_run` does, or a folder that has a manifest but lost its journal: `verify` reports that."""
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
