"""before.parquet: what was known of the customers before a run, copied into its folder once. So its reports stay a function of
that folder, whatever happens to the other runs.

One record a customer: its state in the baseline run (null where its lists did not have the customer) and the stretch that
the history knows (null where the history does not have it). Customers of the run come first, in the order of its rows;
then those of the baseline that its lists no longer have, with their names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.baseline import Baseline
from auditor.core.model import Reason
from auditor.errors import IncompleteError
from auditor.journal import JOURNAL
from auditor.report.files import Staging, measure
from auditor.report.history.earlier import read_stretches
from auditor.report.history.store import FOLDER
from auditor.report.records import NO_CUSTOMER, StoredRun, left_out, read_customers, read_records
from auditor.report.schema import SCHEMA_VERSION, TIME, WORD, columns, from_pandas, to_arrow, to_pandas

NAME = "before.parquet"
STATE = ("verdict", "status", "reason", "last_update", "checked_at")
NAMES = ("company_name", "domain", "owner")
SCHEMA = pa.schema(
    [
        *columns("customer_id", nullable=False),
        *columns(*NAMES, *STATE),
        pa.field("past_verdict", WORD),
        pa.field("since", TIME),
        pa.field("times_blocked", pa.int32()),
    ],
    metadata={"schema_version": str(SCHEMA_VERSION)},
)
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "past_verdict": "Verdict of the stretch that the customer is in, from history/. Null where history/ does not have the customer.",
        "since": "When that verdict was first seen in this stretch. Null where history/ does not have the customer.",
        "times_blocked": "Number of stretches of being blocked so far. Null where history/ does not have the customer.",
    }
)
"""What the columns mean that `results` does not have; the others are those of the baseline run."""
_PLAIN = pa.schema([pa.field(field.name, pa.string()) if field.type == WORD else field for field in SCHEMA])


@dataclass(frozen=True, slots=True)
class Previous:
    """What was known before a run.

    Attributes:
        compared: whether there is a baseline run.
        known: one record per customer of the run that was known before: `customer` (its number) and the columns of
            SCHEMA from `verdict` on.
        removed: the records of customers that no row of the run names, with the columns of SCHEMA.
    """

    compared: bool
    known: pd.DataFrame
    removed: pd.DataFrame


def snapshot_previous(
    stored: StoredRun,
    baseline: StoredRun | None,
    partner_tenant: str | None = None,
    noted: Callable[[str], object] = lambda _: None,
) -> tuple[str, tuple[str, ...]]:
    """Copy what the baseline run and the history beside the run know into the run's folder.

    Args:
        stored: the run.
        baseline: the run to compare with.
        partner_tenant: as of `earlier.read_stretches`.
        noted: receives a note where a long history is read.

    Returns:
        (SHA-256 of the copy, hex, empty where nothing was known; names of history files that could not be read)

    Raises:
        IncompleteError: rows.jsonl, or the baseline, is damaged.
        OutputError: a file cannot be read or written.
    """
    customers = read_customers(stored)
    # simulated customers have no history
    history = None if stored.facts.simulated else stored.folder.resolve().parent / FOLDER
    stretches, unread = read_stretches(history, stored.facts, customers, partner_tenant, noted)
    records = combine(customers, baseline, stretches)
    if not len(records) and baseline is None:
        return "", unread
    with Staging(stored.folder) as staging:
        pyarrow.parquet.write_table(records, staging.create(NAME), compression="zstd")
        (entry,) = staging.publish()
    return entry.sha256, unread


def combine(customers: pa.Array, baseline: StoredRun | None, stretches: pd.DataFrame) -> pa.Table:
    """The records of before.parquet.

    Args:
        customers: ids of the run's customers, by number.
        baseline: the run to compare with.
        stretches: as of `earlier.read_stretches`.

    Raises:
        IncompleteError: the baseline's files are damaged.
        OutputError: they cannot be read.
    """
    state = to_pandas(pa.schema([*columns("customer_id", *NAMES, *STATE), ("customer", pa.int32())]).empty_table())
    if baseline:
        found = read_records(baseline).frame
        state = found.loc[found["first_row"] | _first_left_out(found), ["customer_id", *NAMES, *STATE]]
        number = pc.fill_null(pc.index_in(to_arrow(state["customer_id"]), value_set=customers), NO_CUSTOMER)
        state = state.assign(customer=number.to_numpy(zero_copy_only=False))
        state = state[(state["customer"] != NO_CUSTOMER) | (state["reason"] != Reason.NOT_SELECTED.value)]
    listed = state["customer"] != NO_CUSTOMER
    known = state[listed].drop(columns=[*NAMES]).merge(stretches, on="customer", how="outer").sort_values("customer")
    known["customer_id"] = pd.arrays.ArrowExtensionArray(customers.take(to_arrow(known["customer"])))
    records = pa.concat_tables([from_pandas(known, SCHEMA), from_pandas(state[~listed], SCHEMA)]).combine_chunks()
    # words in the order in which the records have them: the same records always are the same bytes
    return records.cast(_PLAIN).cast(SCHEMA)


def _first_left_out(frame: pd.DataFrame) -> "pd.Series[bool]":
    """The first row of each customer that was not asked for: the baseline run does not know its state."""
    asked = frame["customer_id"].isin(frame.loc[frame["first_row"], "customer_id"])
    return left_out(frame) & frame["customer_id"].notna() & ~asked & ~frame.duplicated("customer_id")


def read_previous(run: Path, baseline: Baseline | None, customers: pa.Array) -> Previous:
    """Read what was known before a run from its own folder.

    Raises:
        IncompleteError: before.parquet is not the one that the journal names.
        OutputError: it cannot be read.
    """
    if baseline is None or not baseline.digest:
        return as_previous(SCHEMA.empty_table(), customers, compared=False)
    if measure(run / NAME).sha256 != baseline.digest:
        raise IncompleteError(f"{NAME}: not what {JOURNAL} says that it is", "put the file back as it was")
    table = pyarrow.parquet.read_table(run / NAME, schema=SCHEMA)
    return as_previous(table, customers, compared=bool(baseline.run_id))


def as_previous(table: pa.Table, customers: pa.Array, *, compared: bool) -> Previous:
    """The records of `combine`, divided into customers of the run and others."""
    number = pc.fill_null(pc.index_in(table["customer_id"], value_set=customers), NO_CUSTOMER)
    frame = to_pandas(table.append_column("customer", number))
    removed = frame["customer"] == NO_CUSTOMER
    known = frame[~removed].drop(columns=["customer_id", *NAMES])
    return Previous(compared, known, frame[removed] if compared else frame.iloc[:0])
