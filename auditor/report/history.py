"""history/: what every run knew, for programs and for the runs to come. Rule: one record a customer and run.

A Parquet data set partitioned by the date (UTC) on which the run began, `history/run_date=2026-11-22/<run-id>.parquet`. A
run whose reports are made again, or that is resumed, replaces its own file. Runs that are not complete are in it too:
their answers are as true as any other's, and a customer that they do not know is there as `undetermined`, which neither
begins nor ends a stretch (`core.history`). Simulated runs never are.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from auditor.core.run_facts import RunFacts
from auditor.errors import AuditorError
from auditor.report.files import Sink, sync_folder, told_as_output_error
from auditor.report.frames import Batch
from auditor.report.schema import SCHEMA_VERSION, TIME, WORD

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


class Record:
    """A run's own file in the making; it appears when it is published."""

    def __init__(self, history: Path, facts: RunFacts) -> None:
        folder = history / f"run_date={facts.started_at:%Y-%m-%d}"
        path = folder / f"{facts.run_id}.parquet"
        with told_as_output_error(path):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._sink = folder, Sink(path)
        same = (facts.run_id, pa.scalar(facts.started_at, TIME), facts.api, facts.validation_type)
        self._same = [pa.scalar(value) for value in same]
        # the codec and the form of dictionary pages that every reader of Parquet knows
        self._writer = pyarrow.parquet.ParquetWriter(self._sink, RECORDS, compression="snappy")

    def add(self, batch: Batch) -> None:
        """Appends the customers whose first row is in the batch.

        Raises:
            OutputError: it cannot be written.
        """
        first = pa.Table.from_pandas(batch.frame.loc[batch.first, _OF_CUSTOMER], preserve_index=False)
        columns = [*(pa.repeat(value, len(first)) for value in self._same), *(first[name] for name in _OF_CUSTOMER)]
        self._writer.write_table(
            pa.table([one.cast(f.type) for one, f in zip(columns, RECORDS, strict=True)], schema=RECORDS)
        )

    def publish(self) -> None:
        """Lets the file appear, in place of an earlier one of the same run.

        Raises:
            OutputError: it cannot be written.
        """
        self._writer.close()
        self._sink.finish()
        self._sink.take_name()
        sync_folder(self._folder)

    def discard(self) -> None:
        """Removes what there is of it, unless it was published."""
        # what is to be thrown away may fail to be written; left open it would be written when it is collected
        with suppress(OSError, ValueError, AuditorError, pa.ArrowException):
            self._writer.close()
        self._sink.discard()


@contextmanager
def recording(reports: Path, facts: RunFacts) -> Iterator[Record | None]:
    """A run's record, to be published when its reports are verified; None for a simulated run.

    Raises:
        OutputError: it cannot be written.
    """
    if facts.simulated:
        yield None
        return
    record = Record(reports / FOLDER, facts)
    try:
        yield record
    finally:
        record.discard()
