"""Merge the files of a closed month into one, `history/run_date=2026-11-01/2026-11.parquet`, ordered by customer: smaller, and quicker to read.

Nothing is lost and nothing counts twice, wherever this is interrupted: the month's file appears in one step, and from then on
the files of its runs are left over, which every reader of auditor passes over (`store.list_files`), until they are removed. A
run of a merged month that is rendered again is replaced within the month's file, also in one step.

Only files as a run writes them are merged. What is damaged, of a later version, or written by another program stays as it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet
from filelock import Timeout

from auditor import locks
from auditor.atomic_file import sync_folder
from auditor.core.ids import is_run_id
from auditor.errors import IncompleteError, LockHeldError
from auditor.report.files import AtomicFile, as_output_error
from auditor.report.history.read import read_file
from auditor.report.history.store import FOLDER, RECORDS, UNREADABLE, month_file, runs_in

_ALL = pc.scalar(True)  # noqa: FBT003 - the value itself
_AT_ONCE = 1_000_000
"""Records in memory at a time, about 300 MB."""
_PATIENCE = 300.0
"""Seconds to wait for another process that merges; it takes some seconds a month."""
_LATEST_RUN = timedelta(days=1)
"""A month is closed this long after its end: no run of it is being published for the first time."""


@dataclass(frozen=True, slots=True)
class MergedMonth:
    """What became of a month.

    Attributes:
        month: such as `2026-11`.
        runs: runs merged by this call.
        records: records in the month's file.
        bytes_before, bytes_after: size of the files, before and after.
        left: files that stay as they are, with the reason.
    """

    month: str
    runs: int = 0
    records: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    left: Mapping[str, str] = field(default_factory=dict)


def is_closed(day: date, today: date) -> bool:
    """Whether the month of a day is over, and no run of it can still appear for the first time."""
    then = today - _LATEST_RUN
    return (day.year, day.month) < (then.year, then.month)


@contextmanager
def locked(history: Path) -> Iterator[None]:
    """Hold the lock of the merged files.

    Raises:
        LockHeldError: another process holds it for minutes.
        OutputError: it cannot be made.
    """
    path = history / ".lock"
    with as_output_error(path):
        try:
            lock = locks.acquire(path, timeout=_PATIENCE)
        except Timeout as error:
            raise LockHeldError(
                f"{history}: another process merges files of the history", "wait until it is done, then try again"
            ) from error
    with lock:
        try:
            yield
        finally:
            # while it is held: afterwards, another process may hold it. Windows removes no open file; there it stays
            with suppress(OSError):
                path.unlink(missing_ok=True)


def compact(history: Path) -> Iterator[MergedMonth]:
    """Merge the files of each closed month that has some.

    Raises:
        LockHeldError: another process does the same.
        OutputError: a file cannot be written.
    """
    today = datetime.now(UTC).date()
    folders = [
        folder for folder in sorted(history.glob("run_date=*")) if (day := _day_of(folder)) and is_closed(day, today)
    ]
    for month in sorted({folder.name[len("run_date=") :][: len("2026-11")] for folder in folders}):
        with locked(history):
            days = [folder for folder in folders if folder.name.startswith(f"run_date={month}")]
            yield _merge_month(history, date.fromisoformat(f"{month}-01"), days)


def _day_of(folder: Path) -> date | None:
    try:
        return date.fromisoformat(folder.name.removeprefix("run_date="))
    except ValueError:
        return None


def _merge_month(history: Path, month: date, days: Sequence[Path]) -> MergedMonth:
    target, left, own = month_file(history, month), {}, []
    for file in sorted(file for day in days for file in day.glob("*.parquet")):
        reason = _why_not(file)
        if file == target:
            continue
        if reason:
            left[file.relative_to(history).as_posix()] = reason
        else:
            own.append(file)
    if not own:
        return MergedMonth(f"{month:%Y-%m}", left=left)
    merged = runs_in(target) if target.exists() else set()
    before = sum(file.stat().st_size for file in [*own, *([target] if target.exists() else [])])
    new = [file for file in own if file.stem not in merged]
    if new:
        _write(history, target, [*([target] if target.exists() else []), *new])
    for file in own:
        with as_output_error(file):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty
            file.parent.rmdir()
    records = pyarrow.parquet.read_metadata(target).num_rows
    return MergedMonth(f"{month:%Y-%m}", len(own), records, before, target.stat().st_size, left)


def _why_not(file: Path) -> str:
    """Why a file stays as it is; empty where it may be merged."""
    if file.is_symlink() or not file.is_file():
        return "it is no regular file"
    if not is_run_id(file.stem):
        return "its name is not that of a run"
    try:
        if not set(pyarrow.parquet.read_schema(file).names) <= set(RECORDS.names):
            return "it has columns that this version does not know"
    except UNREADABLE as error:
        return f"it cannot be read ({error})"
    return "" if runs_in(file) <= {file.stem} else "it has records of other runs"


def replace_run(history: Path, run_id: str, started_at: date, file: Path | None) -> bool:
    """Replace a run's records in the file of its month, where that has the run.

    Args:
        history: the folder.
        run_id: of the run.
        started_at: when it began.
        file: its new records; None for none.

    Returns:
        Whether the month's file has the run, and so nothing else is to be done.

    Raises:
        OutputError: the file cannot be written.
        IncompleteError: it cannot be read; it stays as it is.
    """
    target = month_file(history, started_at)
    if not target.is_file() or run_id not in runs_in(target):
        return False
    _write(history, target, [target, *([file] if file else [])], without=run_id)
    return True


def extract_run(reports: Path, run_id: str, started_at: date, target: Path) -> bool:
    """Write a run's records from the file of its merged month into a file of its own, outside the history.

    Args:
        reports: the reports folder.
        run_id: of the run.
        started_at: when it began.
        target: the new file.

    Returns:
        False where the month's file does not have the run.

    Raises:
        IncompleteError: the month's file is damaged.
    """
    source = month_file(reports / FOLDER, started_at)
    if not source.is_file() or run_id not in runs_in(source):
        return False
    records = read_file(source, reports, pc.field("run_id") == run_id).drop_columns("run_date")
    pyarrow.parquet.write_table(records.cast(RECORDS), target, compression="snappy")
    return True


def _write(history: Path, target: Path, files: Sequence[Path], without: str = "") -> None:
    """Write the records of the files into one; of the target itself, without those of a run."""
    sources = [(file, pc.field("run_id") != without if file == target else _ALL) for file in files]
    expected, ids = 0, pa.array([], pa.string())
    for file, kept in sources:
        found = read_file(file, history.parent, kept)["customer_id"]
        expected += len(found)
        ids = pa.concat_arrays([ids, pc.unique(found)]).unique()
    ids = ids.sort()
    size = max(1, len(ids) * _AT_ONCE // max(_AT_ONCE, expected))
    with as_output_error(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    whole = AtomicFile(target)
    try:
        written = 0
        with pyarrow.parquet.ParquetWriter(whole, RECORDS, compression="snappy") as writer:
            for some in (ids.slice(start, size) for start in range(0, len(ids), size)):
                chosen = pc.field("customer_id").isin(some)
                tables = [read_file(source, history.parent, kept & chosen) for source, kept in sources]
                table = pa.concat_tables(tables).drop_columns("run_date").unify_dictionaries()
                # sorting is stable: records of one run keep the order of the files
                table = table.sort_by([("customer_id", "ascending"), ("started_at", "ascending")])
                writer.write_table(table.cast(RECORDS))
                written += len(table)
        if written != expected:
            raise IncompleteError(
                f"{target}: {written:,} records were written instead of {expected:,}; the files stay as they were",
                "this is a defect of auditor: please report it",
            )
        whole.finish()
        whole.publish()
    finally:
        whole.discard()
    sync_folder(target.parent)
