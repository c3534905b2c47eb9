"""What earlier runs know: `history/` beside the runs, the copy of it in a run's folder, and what changed since the baseline run."""

from auditor.report.history.changes import CHANGED, DERIVED, changed_customers, count, derive, newly_blocked
from auditor.report.history.files import RecordedRun, recorded_runs
from auditor.report.history.previous import Previous, as_previous, combine, read_previous, snapshot_previous
from auditor.report.history.read import COLUMNS, read_history
from auditor.report.history.store import HistoryFile, history_file

__all__ = [
    "CHANGED",
    "COLUMNS",
    "DERIVED",
    "HistoryFile",
    "Previous",
    "RecordedRun",
    "as_previous",
    "changed_customers",
    "combine",
    "count",
    "derive",
    "history_file",
    "newly_blocked",
    "read_history",
    "read_previous",
    "recorded_runs",
    "snapshot_previous",
]
