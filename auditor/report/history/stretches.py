"""history/ -> the stretch of one verdict that each customer is in.

Only an answer that says eligible or blocked begins or ends a stretch; in a run that is undetermined or lacks the customer, it continues.

Only the columns that are needed are read, so another program may have rewritten the data set.
"""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from auditor.core.model import Verdict
from auditor.core.run_facts import RunFacts
from auditor.report import times
from auditor.report.history.store import UNREADABLE
from auditor.report.schema import TIME, WORD, to_pandas

_COLUMNS = ["run_id", "started_at", "api", "validation_type", "customer_id", "verdict", "checked_at"]
_TYPES = dict.fromkeys(_COLUMNS, pa.string()) | {"started_at": TIME, "checked_at": TIME}
_AT_ONCE = 4_000_000
"""Records in memory at a time, about 200 MB: of a longer history, some customers are folded after the others."""
_STRETCH = pa.schema([("customer", pa.int32()), ("past_verdict", WORD), ("since", TIME), ("times_blocked", pa.int32())])


def read_stretches(history: Path | None, facts: RunFacts, customers: pa.Array) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Fold the answers of runs that began before this one; only those that asked the same service count.

    Args:
        history: the folder; None where nothing is known.
        facts: of the run.
        customers: ids of the run's customers, by number.

    Returns:
        (one record per known customer: `customer` (its number), `past_verdict`, `since` (when that
        verdict was first seen in this stretch), `times_blocked` (stretches of being blocked so far); names of the history
        files that could not be read)
    """
    files = sorted(history.glob("run_date=*/*.parquet")) if history else []
    unread: dict[str, None] = {}
    size = max(1, len(customers) * _AT_ONCE // max(_AT_ONCE, sum(map(_record_count, files))))
    stretches = [to_pandas(_STRETCH.empty_table())]
    for start in range(0, max(1, len(customers)), size):
        some = customers.slice(start, size)
        found = [answers for file in files if (answers := _read(file, facts, some, unread)) is not None]
        if found:
            folded = _fold(pd.concat(found, ignore_index=True))
            stretches.append(folded.assign(customer=folded["customer"] + start))
    return pd.concat(stretches, ignore_index=True), tuple(unread)


def _record_count(file: Path) -> int:
    try:
        # opening a named pipe would wait for ever
        return int(pyarrow.parquet.read_metadata(file).num_rows) if file.is_file() else 0
    except UNREADABLE:
        return 0


def _read(file: Path, facts: RunFacts, customers: pa.Array, unread: dict[str, None]) -> pd.DataFrame | None:
    """The file's answers that count: customer, verdict, checked_at; None where it cannot be read."""
    try:
        if not file.is_file():
            raise TypeError("no file")
        table = pyarrow.parquet.ParquetFile(file).read(_COLUMNS)
        table = pa.table({name: _as_declared(table[name], kind) for name, kind in _TYPES.items()})
    except UNREADABLE:
        unread[file.name] = None
        return None
    counts = (
        (pc.field("api") == facts.api)
        & (pc.field("validation_type") == facts.validation_type)
        & (pc.field("run_id") != facts.run_id)
        & (pc.field("started_at") < pa.scalar(facts.started_at, TIME))
        & pc.field("verdict").isin([Verdict.ELIGIBLE.value, Verdict.BLOCKED.value])
        & pc.field("checked_at").is_valid()
    )
    table = table.filter(counts)
    number = pc.index_in(table["customer_id"], value_set=customers)
    table = table.select(["verdict", "checked_at"]).append_column("customer", number).filter(number.is_valid())
    answers = to_pandas(table)
    if len(times.impossible(answers["checked_at"])):
        unread[file.name] = None
        return None
    return answers


def _as_declared(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """The column in our type, where another program wrote it in another form of the same.

    Raises:
        TypeError: it is of another kind.
        ArrowInvalid: it holds a value that our type does not have.
    """
    found = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_time = pa.types.is_timestamp(found)
    is_text = pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)
    if not (is_time if pa.types.is_timestamp(wanted) else is_text):
        raise TypeError(f"a column of the type {found}")
    return column.cast(wanted)


def _fold(answers: pd.DataFrame) -> pd.DataFrame:
    """The present stretch of each customer, and how many stretches of being blocked it had."""
    answers = answers.sort_values(["customer", "checked_at"], kind="stable")
    same = (answers["customer"] == answers["customer"].shift()) & (answers["verdict"] == answers["verdict"].shift())
    begins = answers[~same.fillna(value=False).astype(bool)]
    blocked = (begins["verdict"] == Verdict.BLOCKED.value).groupby(begins["customer"]).sum()
    present = begins.drop_duplicates("customer", keep="last")
    return present.rename(columns={"verdict": "past_verdict", "checked_at": "since"}).assign(
        times_blocked=present["customer"].map(blocked).astype("int32[pyarrow]")
    )
