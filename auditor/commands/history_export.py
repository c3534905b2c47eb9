"""`auditor history export`: write what has changed in the history into a Delta table. The history itself stays as it is."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.core.text import shell_quote
from auditor.errors import SettingsError

if TYPE_CHECKING:
    from auditor.export.delta import DeltaExport


def export_history(reports: str, url: str) -> "DeltaExport":
    """Write the runs that the table does not have, or has in another state.

    Args:
        reports: the folder of the runs.
        url: the table: a local folder, or an address such as `s3://bucket/table`.

    Raises:
        SettingsError: there is no such folder of runs, the address holds credentials, the table has another schema, or
            deltalake is not installed.
        IncompleteError: a file of the history is damaged; the message names it.
        OutputError: the table cannot be read or written.
    """
    if (
        "?" in url
        or "@" in url.partition("://")[2].partition("@")[2]
        or ":" in url.partition("://")[2].partition("@")[0]
    ):
        raise SettingsError(
            "--delta: the address must not hold credentials, which others could read",
            "set them in the environment: docs/tables-and-databases.md has the variables of each store",
        )
    try:
        from auditor.export.delta import HistoryRun, write_history
    except ModuleNotFoundError as error:
        raise SettingsError(
            "the export as a Delta table needs deltalake, which is not installed",
            'pip install "partner-center-auditor[delta]"',
        ) from error
    from auditor import report

    if not Path(reports).is_dir():
        raise SettingsError(f"{reports}: there is no such folder", "name the folder of the runs with --reports")
    again = f"auditor history export --delta {shell_quote(url)} --reports {shell_quote(reports)}"
    digests: dict[Path, str] = {}

    def digest_of(file: Path) -> str:
        if file not in digests:
            with file.open("rb") as opened:
                digests[file] = hashlib.file_digest(opened, "sha256").hexdigest()
        return digests[file]

    runs = (
        HistoryRun(run.run_id, run.partner_tenant, run.started_at, digest_of(run.file), run.read)
        for run in report.recorded_runs(Path(reports))
    )
    return write_history(url, report.HISTORY_COLUMNS, runs, f"the history is safe; then again: {again}")
