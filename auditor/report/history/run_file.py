"""The file of a run in history/, and its place in the file of a month that was merged."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow.parquet

from auditor.atomic_file import sync_folder
from auditor.core.model import Reason
from auditor.core.run_facts import RunFacts
from auditor.report.files import AtomicFile, as_output_error
from auditor.report.history import months
from auditor.report.history.store import FOLDER, RECORDS, path_of
from auditor.report.schema import from_pandas


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
        path = path_of(history, facts.run_id, facts.started_at)
        self._history, self._folder = history, path.parent
        with as_output_error(path):
            self._folder.mkdir(parents=True, exist_ok=True)
        self._facts, self._partner_tenant, self._file = facts, partner_tenant, AtomicFile(path)

    def write(self, results: pd.DataFrame, *, complete: bool) -> None:
        """Write one record a customer that was asked for.

        Args:
            results: as of `data.RunData`.
            complete: whether the run is complete.

        Raises:
            OutputError: it cannot be written.
        """
        facts = self._facts
        asked = results["first_row"] & (results["reason"] != Reason.NOT_ATTEMPTED.value)
        customers = results[asked].assign(
            run_id=facts.run_id,
            started_at=facts.started_at,
            api=facts.api,
            validation_type=facts.validation_type,
            partner_tenant=self._partner_tenant,
            list="; ".join(facts.lists),
            complete=complete,
        )
        # the codec and the form of dictionary pages that every reader of Parquet knows
        pyarrow.parquet.write_table(from_pandas(customers, RECORDS), self._file, compression="snappy")

    def publish(self) -> None:
        """Publish the file, in place of an earlier one of the same run.

        Raises:
            OutputError: it cannot be written.
        """
        self._file.finish()
        with _locked_if_closed(self._history, self._facts):
            if not months.replace_run(self._history, self._facts.run_id, self._facts.started_at, self._file.part):
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
        history = reports / FOLDER
        with as_output_error(path := path_of(history, facts.run_id, facts.started_at)):
            path.unlink(missing_ok=True)
        if history.is_dir():
            with _locked_if_closed(history, facts):
                months.replace_run(history, facts.run_id, facts.started_at, None)
        yield None
        return
    file = HistoryFile(reports / FOLDER, facts, partner_tenant)
    try:
        yield file
    finally:
        file.discard()


@contextmanager
def _locked_if_closed(history: Path, facts: RunFacts) -> Iterator[None]:
    """Hold the lock of the merged files where the run's month may be merged."""
    with ExitStack() as stack:
        if months.is_closed(facts.started_at, datetime.now(UTC).date()):
            stack.enter_context(months.locked(history))
        yield
