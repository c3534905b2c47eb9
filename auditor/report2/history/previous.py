"""before.parquet: what was known of the customers before a run, copied into its folder once, so that its reports stay a
function of that folder whatever becomes of the other runs.

One record a customer: its state in the baseline run (null where its lists did not have the customer) and the stretch that
the history knows (null where the history does not have it). Customers of the run come first, in the order of its rows;
then those of the baseline that its lists no longer have, with their names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.baseline import Baseline
from auditor.errors import IncompleteError
from auditor.report2.files import Staging, measure
from auditor.report2.history.stretches import Stretches, no_stretches, read_stretches
from auditor.report2.history.store import FOLDER
from auditor.report2.records import NO_CUSTOMER, Records, StoredRun, read_records
from auditor.report2.schema import JOURNAL, SCHEMA_VERSION, TIME, WORD, from_pandas, to_pandas

NAME = "before.parquet"
STATE = ("verdict", "status", "reason", "last_update", "checked_at")
NAMES = ("company_name", "domain", "owner")
SCHEMA = pa.schema(
    [
        pa.field("customer_id", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in NAMES),
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


@dataclass(frozen=True, slots=True)
class Previous:
    """What was known before a run.

    Attributes:
        compared: whether there is a baseline run.
        known: one record a customer of the run of whom something was known: `customer` (its number) and the columns of
            SCHEMA from `verdict` on.
        removed: the records of customers that no row of the run names, with the columns of SCHEMA.
    """

    compared: bool
    known: pd.DataFrame
    removed: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A written before.parquet: its SHA-256 (hex; empty where nothing was known), and history files that could not be read."""

    digest: str
    unread: tuple[str, ...]


def snapshot_previous(stored: StoredRun, baseline: StoredRun | None) -> Snapshot:
    """Copy what the baseline run and the history beside the run know into the run's folder.

    Raises:
        IncompleteError: rows.jsonl, or the baseline, is damaged.
        OutputError: a file cannot be read or written.
    """
    customers = read_records(StoredRun(stored.folder, stored.facts, ())).customers
    # made-up customers have no history
    stretches = (
        no_stretches()
        if stored.facts.simulated
        else read_stretches(stored.folder.resolve().parent / FOLDER, stored.facts, customers)
    )
    records = combine(customers, baseline, stretches)
    return Snapshot(_write(stored.folder, records, compared=baseline is not None), stretches.unread)


def combine(customers: pa.Array, baseline: StoredRun | None, stretches: Stretches) -> pa.Table:
    """The records of before.parquet.

    Raises:
        IncompleteError: the baseline's files are damaged.
        OutputError: they cannot be read.
    """
    state = _baseline_state(customers, baseline)
    known = state[state["customer"] != NO_CUSTOMER].merge(stretches.frame, on="customer", how="outer")
    known = known.sort_values("customer")
    known["customer_id"] = pd.Series(pd.array(customers.take(pa.array(known["customer"])), dtype=pd.ArrowDtype(pa.string())), index=known.index)
    known[[*NAMES]] = None
    removed = state[state["customer"] == NO_CUSTOMER]
    return pa.concat_tables([from_pandas(known, SCHEMA), from_pandas(removed, SCHEMA)]).unify_dictionaries()


def _baseline_state(customers: pa.Array, baseline: StoredRun | None) -> pd.DataFrame:
    """One record a customer of the baseline, in its order, with the customer's number in the run."""
    if baseline is None:
        return _empty_state()
    records: Records = read_records(baseline)
    frame = records.frame.loc[records.frame["first_row"], ["customer_id", *NAMES, *STATE]]
    number = pc.fill_null(pc.index_in(pa.array(frame["customer_id"]), value_set=customers), NO_CUSTOMER)
    return frame.assign(customer=number.to_numpy())


def _empty_state() -> pd.DataFrame:
    columns = [SCHEMA.field(name) for name in ("customer_id", *NAMES, *STATE)]
    return to_pandas(pa.schema([*columns, ("customer", pa.int32())]).empty_table())


def _write(run: Path, records: pa.Table, *, compared: bool) -> str:
    if not len(records) and not compared:
        return ""
    with Staging(run) as staging:
        pyarrow.parquet.write_table(records, staging.create(NAME), compression="zstd")
        (entry,) = staging.publish()
    return entry.sha256


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
