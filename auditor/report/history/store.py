"""history/: what every run knew, for other programs and for later runs; one record a customer and run.

A Parquet data set partitioned by the date (UTC) on which the run began, `history/run_date=2026-11-22/<run-id>.parquet`. A
run that is resumed or rendered again replaces its own file. Incomplete runs are in it too: their answers are as true as any
other's, and a customer without an answer is there as `undetermined`, which neither begins nor ends a stretch
(`stretches`). Simulated runs are never in it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
import pyarrow.parquet

from auditor.atomic_file import sync_folder
from auditor.core.run_facts import RunFacts
from auditor.report.files import AtomicFile, as_output_error
from auditor.report.schema import TIME, WORD, columns, from_pandas

FOLDER = "history"
UNREADABLE = (OSError, pa.ArrowException, LookupError, TypeError, ValueError, NotImplementedError)
"""What pyarrow raises for a file that is no Parquet, is torn, or has other columns."""
HISTORY_VERSION = 3
"""Carried in the Parquet metadata as `schema_version`. Versions 1 and 2 had no `partner_tenant`."""
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
    ],
    metadata={"schema_version": str(HISTORY_VERSION)},
)
"""The columns of a file; `run_date` is in its folder's name. Later versions only add columns."""
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "run_id": "Of the run.",
        "started_at": "When the run began.",
        "api": "Base URL of the API that the run asked.",
        "validation_type": "The `type` of the query to the API: `account`.",
        "partner_tenant": "Tenant id of the partner. Null where it is not known. Since version 3.",
    }
)
"""What the columns mean that `results` does not have; the others mean the same, for the first row of the customer."""


def list_files(history: Path) -> list[str]:
    """The files of the history, by their path from it, in order."""
    return sorted(file.relative_to(history).as_posix() for file in history.glob("run_date=*/*.parquet"))


def _path(history: Path, facts: RunFacts) -> Path:
    return history / f"run_date={facts.started_at:%Y-%m-%d}" / f"{facts.run_id}.parquet"


class HistoryFile:
    """A run's file of the history; it appears when it is published.

    Args:
        history: the folder.
        facts: of the run.
        partner_tenant: the partner's tenant; None where it is not known.

    Raises:
        OutputError: it cannot be created.
    """

    def __init__(self, history: Path, facts: RunFacts, partner_tenant: str | None = None) -> None:
        path = _path(history, facts)
        self._folder = path.parent
        with as_output_error(path):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._facts, self._partner_tenant, self._file = facts, partner_tenant, AtomicFile(path)

    def write(self, results: pd.DataFrame) -> None:
        """Write one record a customer.

        Raises:
            OutputError: it cannot be written.
        """
        facts = self._facts
        customers = results[results["first_row"]].assign(
            run_id=facts.run_id,
            started_at=facts.started_at,
            api=facts.api,
            validation_type=facts.validation_type,
            partner_tenant=self._partner_tenant,
        )
        # the codec and the form of dictionary pages that every reader of Parquet knows
        pyarrow.parquet.write_table(from_pandas(customers, RECORDS), self._file, compression="snappy")

    def publish(self) -> None:
        """Publish the file, in place of an earlier one of the same run.

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
def history_file(reports: Path, facts: RunFacts, partner_tenant: str | None = None) -> Iterator[HistoryFile | None]:
    """A run's history file, to be published once its reports are verified; None for a simulated run. Arguments as of `HistoryFile`.

    Raises:
        OutputError: it cannot be written.
    """
    if facts.simulated:
        # a run whose first session got no answer was not known to be simulated
        with as_output_error(path := _path(reports / FOLDER, facts)):
            path.unlink(missing_ok=True)
        yield None
        return
    file = HistoryFile(reports / FOLDER, facts, partner_tenant)
    try:
        yield file
    finally:
        file.discard()
