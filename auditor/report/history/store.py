"""history/: what every run knew, for other programs and for later runs; one record a customer and run.

A Parquet data set partitioned by the date (UTC) on which the run began, `history/run_date=2026-11-22/<run-id>.parquet`; or, once
they are merged, by the first day of its month, `history/run_date=2026-11-01/2026-11.parquet` (`months`). A run that is resumed or
rendered again replaces its own records. Incomplete runs are in it too: their answers are as true as any other's, and a customer
without an answer is there as `undetermined`, which neither begins nor ends a stretch (`stretches`). Simulated runs, and customers
that were never asked for, are not in it.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet

from auditor.report.schema import TIME, WORD, columns

FOLDER = "history"
_MONTH = re.compile(r"run_date=([0-9]{4}-[0-9]{2})-01/\1\.parquet").fullmatch
UNREADABLE = (OSError, pa.ArrowException, LookupError, TypeError, ValueError, NotImplementedError)
"""What pyarrow raises for a file that is no Parquet, is torn, or has other columns."""
HISTORY_VERSION = 4
"""Carried in the Parquet metadata as `schema_version`. Versions 1 and 2 had no `partner_tenant`; version 3 had no `list` and no
`complete`, and records of customers that were never asked for.
"""
RECORDS = pa.schema(
    [
        pa.field("run_id", WORD, nullable=False),
        pa.field("started_at", TIME, nullable=False),
        pa.field("api", WORD, nullable=False),
        pa.field("validation_type", WORD, nullable=False),
        *columns("customer_id", nullable=False),
        *columns("company_name", "owner"),
        *columns("verdict", nullable=False),
        *columns("status"),
        *columns("reason", nullable=False),
        *columns("last_update", "checked_at"),
        pa.field("partner_tenant", pa.string()),
        pa.field("list", WORD),
        pa.field("complete", pa.bool_()),
    ],
    metadata={"schema_version": str(HISTORY_VERSION)},
)
"""The columns of a file; `run_date` is in its folder's name. Later versions only add columns."""
SQL_TYPES = {
    field.name: "timestamptz" if field.type == TIME else "boolean" if pa.types.is_boolean(field.type) else "varchar"
    for field in RECORDS
}
"""The columns as SQL has them."""
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "run_id": "Of the run.",
        "started_at": "When the run began.",
        "api": "Base URL of the API that the run asked.",
        "validation_type": "The `type` of the query to the API: `account`.",
        "partner_tenant": "Tenant id of the partner. Null where it is not known. Since version 3.",
        "list": "Names of the run's customer lists as the user gave them, joined by `; `. Null in files before version 4.",
        "complete": "Whether the run is complete: every row has a verdict, or no more are undetermined than allowed. Null in files "
        "before version 4.",
    }
)
"""What the columns mean that `results` does not have; the others mean the same, for the first row of the customer."""


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What the file system says of a file of the history.

    Attributes:
        size: in bytes.
        modified: when it was modified, in nanoseconds since 1970.
        is_file: False for a folder, a named pipe or a link that leads nowhere.
    """

    size: int
    modified: int
    is_file: bool


def list_files(history: Path) -> dict[str, FileStatus]:
    """The files of the history, by their path from it, in order. A run's own file is left out where its month's file has the run."""
    found: dict[str, FileStatus] = {}
    for folder in sorted(history.glob("run_date=*")):
        with suppress(OSError), os.scandir(folder) as entries:
            names = sorted((entry.name, entry) for entry in entries if entry.name.endswith(".parquet"))
            found.update((f"{folder.name}/{name}", _status(entry)) for name, entry in names)
    return _without_left_over(history, found)


def _status(entry: "os.DirEntry[str]") -> FileStatus:
    try:
        status = entry.stat()
        return FileStatus(status.st_size, status.st_mtime_ns, entry.is_file())
    except OSError:
        return FileStatus(0, 0, is_file=False)


def path_of(history: Path, run_id: str, started_at: date) -> Path:
    """The file of a run."""
    return history / f"run_date={started_at:%Y-%m-%d}" / f"{run_id}.parquet"


def month_file(history: Path, day: date) -> Path:
    """The file of a month, of which this is a day."""
    return history / f"run_date={day:%Y-%m}-01" / f"{day:%Y-%m}.parquet"


def runs_in(file: Path) -> set[str]:
    """The ids of the runs in a file; empty where it cannot be read."""
    try:
        with pyarrow.parquet.ParquetFile(file) as opened:
            batches = opened.iter_batches(1 << 20, columns=["run_id"])
            return {run for batch in batches for run in batch.column(0).unique().to_pylist()}
    except UNREADABLE:
        return set()


def _without_left_over(history: Path, files: Mapping[str, FileStatus]) -> dict[str, FileStatus]:
    """Leave out each run's own file whose month's file has the run: merging them was interrupted before it was removed."""
    names = set(files)
    for name in (name for name, status in files.items() if status.is_file and _MONTH(name)):
        own = [other for other in files if other.startswith(name[: len("run_date=2026-11")]) and other != name]
        merged = runs_in(history / name) if own else set()
        names.difference_update(other for other in own if Path(other).stem in merged)
    return {name: status for name, status in files.items() if name in names}
