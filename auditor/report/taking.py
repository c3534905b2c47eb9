"""What is counted and kept while the batches stream by to the tables. Rule: each batch is looked at once, in order."""

import pyarrow as pa

from auditor.core.results import Counts, Sum
from auditor.core.run_facts import RunFacts
from auditor.report import changes
from auditor.report.before import Before
from auditor.report.files import Staging
from auditor.report.frames import Batch
from auditor.report.history import Record
from auditor.report.sums import Adding


class Taking:
    """Changes (into changes.csv), sums, and the history's record of one run.

    Args:
        facts: of the run.
        before: what was known before it.
        staging: where changes.csv goes; it is made only where there is a baseline.
        record: the history's, or None where the run leaves none.

    Raises:
        OutputError: a file cannot be made.
    """

    def __init__(self, facts: RunFacts, before: Before, staging: Staging, record: Record | None) -> None:
        self._before, self._record = before, record
        self._adding = Adding(facts)
        self._counting = changes.Counting(staging.create(changes.CSV)) if before.compared else None

    def take(self, batch: Batch) -> Batch:
        """Takes in a batch, and gives it on.

        Raises:
            OutputError: a file cannot be written.
        """
        self._adding.add(batch.frame)
        if self._record:
            self._record.add(batch)
        if self._counting:
            self._count(changes.changed(batch, changes.beside(batch, self._before)))
        return batch

    def finish(self) -> tuple[Counts | None, tuple[Sum, ...]]:
        """(what changed, where there is a baseline; the sums) once all batches were taken in.

        Raises:
            OutputError: a file cannot be written.
        """
        if self._counting is None:
            return None, tuple(self._adding.sums())
        for table in changes.gone(self._before):
            self._count(table)
        return self._counting.counts(), tuple(self._adding.sums())

    def _count(self, table: pa.Table) -> None:
        if self._counting and len(table):
            self._counting.add(table)
