"""before.parquet: what was known of the customers before a run. Rule: copied into the run's own folder once, so that its
reports stay a function of that folder, whatever becomes of the other runs.

One record a customer: what the baseline run says of it (null where its lists do not have it), and the stretch that the
history says it is in (null where that knows nothing). The customers of the run come first, in the order of its rows; then
those of the baseline that its lists no longer have, with their names.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.baseline import Baseline
from auditor.core.run_facts import RunFacts
from auditor.errors import IncompleteError
from auditor.report import ids
from auditor.report.files import measure
from auditor.report.roster import NOBODY, Roster
from auditor.report.schema import JOURNAL, SCHEMA_VERSION, TIME, VERDICTS, WORD

NAME = "before.parquet"
_NAMES = ("company_name", "domain", "owner")
_STATE = ("verdict", "status", "reason", "last_update", "checked_at")
SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in _NAMES),
        pa.field("verdict", WORD),
        pa.field("status", WORD),
        pa.field("reason", WORD),
        pa.field("last_update", TIME),
        pa.field("checked_at", TIME),
        pa.field("past_verdict", WORD),
        pa.field("since", TIME),
        pa.field("times_blocked", pa.int32()),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)
_VERDICT_VALUES = pa.array([verdict.value for verdict in VERDICTS])


@dataclass(frozen=True, slots=True)
class Source:
    """A run to be read: its folder and what its journal says.

    Attributes:
        run: the folder, with rows.jsonl.
        facts: what the journal says of the run as a whole.
        answers: its undamaged answer lines, in blocks of whole lines, in its order.
        members: likewise the lines about who is in the partner's own customer list; read only where `facts` say that it
            was asked for.
    """

    run: Path
    facts: RunFacts
    answers: Iterable[bytes]
    members: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True)
class Before:
    """What was known of the roster's customers.

    Attributes:
        compared: whether there is a baseline run.
        lines: the records of those of whom something was known, with the columns of SCHEMA but id and names.
        at: for each customer which of them is about it, or NOBODY.
        gone: the records of those that no row names.
    """

    compared: bool
    lines: pa.Table
    at: npt.NDArray[np.int64]
    gone: pa.Table

    def of(self, numbers: npt.NDArray[np.int32]) -> pa.Table:
        """The record of each of these customers; nulls where there is none."""
        at = np.where(numbers != NOBODY, self.at[numbers], NOBODY) if len(self.at) else np.full(len(numbers), NOBODY)
        return self.lines.take(pa.array(at, pa.int64(), mask=at == NOBODY))


def nothing(roster: Roster) -> Before:
    """Of whom nothing was known."""
    none = SCHEMA.empty_table()
    lines = none.drop_columns(["customer_id", *_NAMES])
    return Before(compared=False, lines=lines, at=np.full(len(roster.customers), NOBODY), gone=none)


def read_before(run: Path, baseline: Baseline | None, roster: Roster) -> Before:
    """What was known of the roster's customers, from the run's own folder.

    Raises:
        IncompleteError: before.parquet is not the one that the journal names.
        OutputError: it cannot be read.
    """
    if baseline is None or not baseline.digest:
        return nothing(roster)
    if measure(run / NAME).sha256 != baseline.digest:
        raise IncompleteError(f"{NAME}: not what {JOURNAL} says that it is", "put the file back as it was")
    table = pyarrow.parquet.read_table(run / NAME, schema=SCHEMA)
    return as_before(table, roster, compared=bool(baseline.run_id))


def as_before(table: pa.Table, roster: Roster, *, compared: bool) -> Before:
    """The records of `gather`, by the roster's customers."""
    numbers = pc.fill_null(pc.index_in(ids.pack(table["customer_id"], NAME), value_set=roster.customers), NOBODY)
    at = np.full(len(roster.customers), NOBODY, np.int64)
    places = numbers.to_numpy()
    (listed,) = np.nonzero(places != NOBODY)
    at[places[listed]] = np.arange(len(listed))
    mine = pa.array(places != NOBODY)
    lines = table.drop_columns(["customer_id", *_NAMES]).filter(mine).combine_chunks()
    return Before(compared, lines, at, table.filter(pc.invert(mine)))


def gone_tables(before: Before) -> Iterator[pa.Table]:
    """The records of those that no row names, in pieces."""
    if before.compared:
        yield from (pa.table(batch) for batch in before.gone.to_batches(max_chunksize=15_000))
