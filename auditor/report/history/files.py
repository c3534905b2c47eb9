"""Which runs the files of history/ hold, so that a run is read only where it is wanted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset

from auditor.report.history.read import read_file
from auditor.report.history.store import FOLDER, UNREADABLE, list_files
from auditor.report.schema import TIME

_KEYS = pa.schema([("run_id", pa.string()), ("started_at", TIME), ("partner_tenant", pa.string())])


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run in a file of the history.

    Attributes:
        file: that holds it.
        reports: the reports folder.
        run_id: of the run.
        started_at: when it began; aware, UTC.
        partner_tenant: tenant of the partner; None where the file does not name it.
    """

    file: Path
    reports: Path
    run_id: str
    started_at: datetime
    partner_tenant: str | None

    def read(self) -> pa.Table:
        """Read its records, with the columns of `read.COLUMNS`.

        Raises:
            IncompleteError: the file is damaged.
        """
        is_run = (pc.field("run_id") == self.run_id) & (pc.field("started_at") == pa.scalar(self.started_at, TIME))
        return read_file(self.file, self.reports, is_run)


def recorded_runs(reports: Path) -> Iterator[RecordedRun]:
    """List the runs of the history, file by file.

    Raises:
        IncompleteError: a file is damaged; the message names it.
    """
    for name in list_files(reports / FOLDER):
        file = reports / FOLDER / name
        keys = _read_keys(file, reports).group_by(_KEYS.names).aggregate([])
        for key in sorted(keys.to_pylist(), key=lambda key: (key["started_at"], key["run_id"])):
            yield RecordedRun(file, reports, **key)


def _read_keys(file: Path, reports: Path) -> pa.Table:
    try:
        if file.is_file():
            return pyarrow.dataset.dataset(file, schema=_KEYS, format="parquet").to_table()
    except UNREADABLE:
        pass
    # this says what is wrong with it
    return read_file(file, reports, pc.scalar(True)).select(_KEYS.names)  # noqa: FBT003 - the value itself
