"""What earlier runs know: `history/` beside the runs, the copy of it in a run's folder, and what changed since the baseline run."""

from auditor.report.history.answers import partner_of
from auditor.report.history.changes import CHANGED, DERIVED, changed_customers, count, derive
from auditor.report.history.files import RecordedRun, recorded_runs
from auditor.report.history.months import MergedMonth, compact, extract_run
from auditor.report.history.previous import Previous, as_previous, combine, read_previous, snapshot_previous
from auditor.report.history.read import COLUMNS, read_history
from auditor.report.history.run_file import HistoryFile, history_file
from auditor.report.history.store import FOLDER, SQL_TYPES, list_files

__all__ = [
    "CHANGED",
    "COLUMNS",
    "DERIVED",
    "FOLDER",
    "SQL_TYPES",
    "HistoryFile",
    "MergedMonth",
    "Previous",
    "RecordedRun",
    "as_previous",
    "changed_customers",
    "combine",
    "compact",
    "count",
    "derive",
    "extract_run",
    "history_file",
    "list_files",
    "partner_of",
    "read_history",
    "read_previous",
    "recorded_runs",
    "snapshot_previous",
]
