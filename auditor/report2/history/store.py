"""history/: what every run knew, for programs and for the runs to come. Rule: one record a customer and run.

A Parquet data set partitioned by the date (UTC) on which the run began, `history/run_date=2026-11-22/<run-id>.parquet`. A
run whose reports are made again, or that is resumed, replaces its own file. Runs that are not complete are in it too:
their answers are as true as any other's, and a customer that they do not know is there as `undetermined`, which neither
begins nor ends a stretch (`core.history`). Simulated runs never are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from auditor.core.run_facts import RunFacts
from auditor.report2.files import AtomicFile, as_output_error, sync_folder
from auditor.report2.schema import SCHEMA_VERSION, TIME, WORD, from_pandas

FOLDER = "history"
RECORDS = pa.schema(
    [
        pa.field("run_id", WORD, nullable=False),
        pa.field("started_at", TIME, nullable=False),
        pa.field("api", WORD, nullable=False),
        pa.field("validation_type", WORD, nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("company_name", pa.string()),
        pa.field("owner", pa.string()),
        pa.field("verdict", WORD, nullable=False),
        pa.field("status", WORD),
        pa.field("reason", WORD, nullable=False),
        pa.field("last_update", TIME),
        pa.field("checked_at", TIME),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)
"""The columns of a file; `run_date` is in its folder's name. Later versions only add columns."""
_OF_CUSTOMER = [name for name in RECORDS.names if name not in ("run_id", "started_at", "api", "validation_type")]


class HistoryFile:
    """A run's own file in the making; it appears when it is published.

    Raises:
        OutputError: it cannot be made.
    """

    def __init__(self, history: Path, facts: RunFacts) -> None:
        self._folder = history / f"run_date={facts.started_at:%Y-%m-%d}"
        path = self._folder / f"{facts.run_id}.parquet"
        with as_output_error(path):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._facts, self._file = facts, AtomicFile(path)

    def write(self, results: pd.DataFrame) -> None:
        """Write one record a customer.

        Raises:
            OutputError: it cannot be written.
        """
        facts = self._facts
        customers = results.loc[results["first_row"], _OF_CUSTOMER].assign(
            run_id=facts.run_id, started_at=facts.started_at, api=facts.api, validation_type=facts.validation_type
        )
        # the codec and the form of dictionary pages that every reader of Parquet knows
        pyarrow.parquet.write_table(from_pandas(customers, RECORDS), self._file, compression="snappy")

    def publish(self) -> None:
        """Let the file appear, in place of an earlier one of the same run.

        Raises:
            OutputError: it cannot be written.
        """
        self._file.finish()
        self._file.publish()
        sync_folder(self._folder)

    def discard(self) -> None:
        """Remove what was written, unless it was published."""
        self._file.discard()


@contextmanager
def history_file(reports: Path, facts: RunFacts) -> Iterator[HistoryFile | None]:
    """A run's history file, to be published when its reports are verified; None for a simulated run.

    Raises:
        OutputError: it cannot be written.
    """
    if facts.simulated:
        yield None
        return
    file = HistoryFile(reports / FOLDER, facts)
    try:
        yield file
    finally:
        file.discard()
