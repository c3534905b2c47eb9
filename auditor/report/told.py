"""What every document for people is made from. Rule: a document adds nothing that is not told here, and hides nothing.

A document is made after the tables are written and the ledger is counted, so that its first line can say how complete the
run is. It goes over the records again as often as it likes: a batch is in memory, not the report.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import pandas as pd
import pyarrow as pa

from auditor.core.baseline import Baseline
from auditor.core.results import CHANGES, Change, Ledger, Sum, complete
from auditor.core.run_facts import RunFacts
from auditor.report import changes
from auditor.report.before import Before
from auditor.report.frames import Batch
from auditor.report.schema import TIME, WORD, arrow_types
from auditor.report.summary import Summary, note

_FLAG = pa.bool_()

BESIDE = pa.schema(
    [
        ("first", _FLAG),
        ("owner_first", _FLAG),
        ("change", WORD),
        ("verdict_before", WORD),
        ("status_before", pa.string()),
        ("blocked_since", TIME),
        ("times_blocked", pa.int32()),
        ("since", TIME),
        ("days_in_state", pa.int32()),
    ]
)
"""The columns that a document's frame has beside those of `results`:

================  =====================================================================================================
`first`           whether the record is the first of its customer (False on a row without a valid id)
`owner_first`     likewise, of its customer under its owner
`change`          what changed for the customer since the baseline run (`core.changes.Change`); null where nothing did
`verdict_before`  in the baseline run; null where there is none, or it does not have the customer
`status_before`   likewise
`blocked_since`   the earlier of `last_update` and when an audit first found the customer blocked in this stretch; null
                  where it is not blocked
`times_blocked`   how many such stretches the history has, this one included
`since`           when the customer was first seen with its present verdict in this stretch
`days_in_state`   whole days from `since` to `checked_at`
================  =====================================================================================================
"""


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed since the baseline run.

    Attributes:
        run_id: of the baseline.
        started_at: when the baseline run began; aware, UTC.
        note: what this is compared with, and what a reader must mind, in one sentence.
        counts: customers by change, every `Change` in its order, 0 included.
        news: how many customers are blocked now that the baseline does not have as blocked (`core.changes.news`).
        frames: gives what changed, in batches with the columns of `report.changes.CHANGED`: in input order, then whoever
            is gone.
    """

    run_id: str
    started_at: datetime
    note: str
    counts: Mapping[Change, int]
    news: int
    frames: Callable[[], Iterator[pd.DataFrame]]

    @property
    def total(self) -> int:
        """Customers for whom something changed; those that could not be compared are not among them."""
        return sum(self.counts[change] for change in CHANGES)


@dataclass(frozen=True, slots=True)
class Told:
    """What a run has to tell.

    Attributes:
        facts: of the run; `facts.presentation` says how it wants to be shown.
        ledger: its counts.
        note: whether it is complete, and what a reader must mind, in one line; as in the summaries.
        frames: gives the records in input order, in batches; each frame has the columns of `results`, then BESIDE.
        changes: since the baseline run; None where there is none to compare with.
        without_changes: why there is none, in one sentence.
        sums: of the columns in `facts.presentation.sums`, in this order: by column; first all owners together (owner
            None), then by owner; of each the three verdicts, always all of them.
        tables: names of the files that hold every column of every row, as far as they are written beside the documents.
    """

    facts: RunFacts
    ledger: Ledger
    note: str
    frames: Callable[[], Iterator[pd.DataFrame]]
    changes: Changed | None = None
    without_changes: str = ""
    sums: tuple[Sum, ...] = ()
    tables: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """True where every row has a verdict, and no more of them are undetermined than allowed."""
        return complete(self.ledger, self.facts)


def tell(counted: Summary, before: Before, parts: Callable[[], Iterator[Batch]]) -> Told:
    """What the documents are made from.

    Args:
        counted: what the summaries tell.
        before: what was known of the customers before the run.
        parts: gives the run's records.
    """
    baseline = counted.facts.baseline or Baseline()

    def changed() -> Iterator[pa.Table]:
        for batch in parts():
            yield changes.changed(batch, changes.beside(batch, before))
        yield from changes.gone(before)

    def frames() -> Iterator[pd.DataFrame]:
        return (table.to_pandas(types_mapper=arrow_types) for table in changed() if len(table))

    found = None
    if counted.changes and baseline.started_at:
        found = Changed(
            *(baseline.run_id, baseline.started_at, baseline.note),
            *(counted.changes.customers, counted.changes.news, frames),
        )
    return Told(
        counted.facts,
        counted.ledger,
        note(counted),
        lambda: (beside(batch, before) for batch in parts()),
        found,
        "" if found else baseline.note,
        counted.sums,
    )


def sentence(text: str) -> str:
    """A remark as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in {'', '.', '!', '?'} else '.'}"


def beside(batch: Batch, before: Before) -> pd.DataFrame:
    """The batch's records with the columns of BESIDE."""
    known = changes.beside(batch, before)
    table = pa.table([known[field.name].cast(field.type) for field in BESIDE], schema=BESIDE)
    added = table.to_pandas(types_mapper=arrow_types)
    return cast("pd.DataFrame", pd.concat([batch.frame, added], axis="columns"))
