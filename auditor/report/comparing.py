"""Any two runs compared. Rule: nothing is written, and both are read as their reports were made from."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.report import changes
from auditor.report.answers import read_answers
from auditor.report.before import Before, Source, as_before, read_before
from auditor.report.frames import batches
from auditor.report.members import read_members
from auditor.report.pasts import Pasts
from auditor.report.remembering import gather
from auditor.report.roster import NOBODY, Roster, read_roster
from auditor.report.schema import VERDICTS, arrow_types
from auditor.report.told import Changed

_VERDICT_VALUES = pa.array([verdict.value for verdict in VERDICTS])


def compare(old: Source, new: Source, note: str) -> Changed:
    """What became of each customer from one run to another.

    Args:
        old: the earlier run.
        new: the later one; what it knows of the history is taken from its own folder.
        note: what a reader must mind.

    Raises:
        IncompleteError: the files of one of them are damaged.
        OutputError: they cannot be read.
    """
    roster = read_roster(new.run)
    own = read_before(new.run, new.facts.baseline, roster)
    before = as_before(gather(roster, old, _pasts(own, roster)), roster, compared=True)
    answers = read_answers(new.answers, roster)
    members = read_members(new.members, roster, new.facts.membership)

    def tables() -> Iterator[pa.Table]:
        for batch in batches(new.run, new.facts.columns, roster, answers, members):
            yield changes.changed(batch, changes.beside(batch, before))
        yield from changes.gone(before)

    def frames() -> Iterator[pd.DataFrame]:
        return (table.to_pandas(types_mapper=arrow_types) for table in tables() if len(table))

    counting = changes.Counting()
    for table in tables():
        counting.add(table)
    counts = counting.counts()
    return Changed(old.facts.run_id, old.facts.started_at, note, counts.customers, counts.news, frames)


def _pasts(own: Before, roster: Roster) -> Pasts:
    """The stretches that a run's own folder tells of."""
    known = own.of(np.arange(len(roster.customers), dtype=np.int32))
    verdicts = pc.index_in(known["past_verdict"].cast(pa.string()), value_set=_VERDICT_VALUES)
    return Pasts(
        pc.fill_null(verdicts, NOBODY).to_numpy().astype(np.int8),
        pc.fill_null(known["since"].cast(pa.int64()), 0).to_numpy(),
        pc.fill_null(known["times_blocked"], 0).to_numpy(),
    )
