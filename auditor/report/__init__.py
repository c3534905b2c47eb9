"""The report stage: a run folder -> its reports. No network, no credentials, no customer list.

==============  ==================================================================================================
`records`       rows.jsonl and the journal -> one DataFrame, one record a row (`jsonl`, `times`, `schema`)
`history/`      history/, the copy of it in a run's folder, and what changed since the baseline run
`data`          all of these -> `RunData`: what the reports say, computed once
`tables/`       results.csv and its split by verdict, results.parquet, the summaries
`workbook/`     audit.xlsx, and a workbook for each account manager
`page/`         report.html
`notes`         notes.jsonl: what people typed; `typed` reads it from workbooks (`formulas`: texts taken for formulas), `kept` keeps changed workbooks
`owners`        what the mail to each account manager says
`notebook`      what a notebook shows of a run
`render`        `RunData` -> all files, manifest.json last (`files`: complete or absent)
`verify/`       the written files read back by other code: do they agree with rows.jsonl and the journal?
`fleet/`        the combined report of many partners' runs
==============  ==================================================================================================
"""

from auditor.report import times
from auditor.report.blocked_customers import blocked_customers
from auditor.report.data import RunChanges, RunData, compare, load
from auditor.report.files import point_latest
from auditor.report.fleet import FleetPartner, FleetSummary, PartnerSummary, render_fleet, repair_command, verify_fleet
from auditor.report.history import COLUMNS as HISTORY_COLUMNS
from auditor.report.history import FOLDER as HISTORY
from auditor.report.history import (
    SQL_TYPES,
    HistoryFile,
    MergedMonth,
    extract_run,
    history_file,
    partner_of,
    read_history,
    recorded_runs,
    snapshot_previous,
)
from auditor.report.history import compact as compact_history
from auditor.report.history import list_files as list_history
from auditor.report.kept import is_as_written, written_hashes
from auditor.report.notebook import notebook_html
from auditor.report.notes import COLUMNS as NOTE_COLUMNS
from auditor.report.notes import NAME as NOTES
from auditor.report.notes import CustomerNote, partner_key, read_notes
from auditor.report.owners import ended_in_zone, read_owner_results
from auditor.report.records import StoredRun
from auditor.report.remarks import note
from auditor.report.render import FORMATS, render, results_table
from auditor.report.schema import MANIFEST, SCHEMA_VERSION, to_arrow, to_pandas
from auditor.report.tables.summary import summary_json
from auditor.report.typed import NotReadableError, TypedRow, TypedWorkbook, find_workbooks, read_typed
from auditor.report.verify import Verified, as_disagreement, check_reproducible, verify_run

__all__ = [
    "FORMATS",
    "HISTORY",
    "HISTORY_COLUMNS",
    "MANIFEST",
    "NOTES",
    "NOTE_COLUMNS",
    "SCHEMA_VERSION",
    "SQL_TYPES",
    "CustomerNote",
    "FleetPartner",
    "FleetSummary",
    "HistoryFile",
    "MergedMonth",
    "NotReadableError",
    "PartnerSummary",
    "RunChanges",
    "RunData",
    "StoredRun",
    "TypedRow",
    "TypedWorkbook",
    "Verified",
    "as_disagreement",
    "blocked_customers",
    "check_reproducible",
    "compact_history",
    "compare",
    "ended_in_zone",
    "extract_run",
    "find_workbooks",
    "history_file",
    "is_as_written",
    "list_history",
    "load",
    "note",
    "notebook_html",
    "partner_key",
    "partner_of",
    "point_latest",
    "read_history",
    "read_notes",
    "read_owner_results",
    "read_typed",
    "recorded_runs",
    "render",
    "render_fleet",
    "repair_command",
    "results_table",
    "snapshot_previous",
    "summary_json",
    "times",
    "to_arrow",
    "to_pandas",
    "verify_fleet",
    "verify_run",
    "written_hashes",
]
