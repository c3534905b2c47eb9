"""`auditor verify`: is a run whole, and do its files agree? Rule: it reads, and changes nothing."""

from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.render import find_run
from auditor.errors import SettingsError

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
    """
    from auditor import report

    return report.verify(_folder(run, reports))


def _folder(run: str, reports: str) -> Path:
    """As `find_run`, but a folder that lost its journal is a run all the same: that is for `verify` to say."""
    from auditor.report import MANIFEST

    try:
        return find_run(run, reports)
    except SettingsError:
        for folder in (Path(run), Path(reports) / run):
            if (folder / MANIFEST).is_file():
                return folder
        raise
