"""rows.jsonl and the answers -> DataFrames with the declared schema. Rule: one record a row, in input order, one verdict.

A valid row without an answer is `not_attempted`; a rejected row keeps the reason it was rejected for; a customer without
an account status that is known to be a stranger is `not_in_customer_list`. The verdict is looked up from the reason and
from nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.model import Reason
from auditor.core.results import Tally
from auditor.errors import IncompleteError
from auditor.report import jsonl, times
from auditor.report.answers import Answers
from auditor.report.members import Members
from auditor.report.roster import Roster
from auditor.report.schema import (
    REASON_WORDS,
    REASONS,
    ROWS,
    VERDICT_WORDS,
    VERDICTS,
    arrow_types,
    own_names,
    results_schema,
)

_VERDICT_OF = np.array([VERDICTS.index(reason.verdict) for reason in REASONS], np.int8)
_NOT_ATTEMPTED = REASONS.index(Reason.NOT_ATTEMPTED)
_REASON_VALUES = pa.array([reason.value for reason in REASONS])
_REQUIRED = ("source_file", "source_row")


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of the report.

    Attributes:
        frame: the records, with the columns of the schema: Arrow-backed, categoricals for verdict, status and reason.
        numbers: for each record its customer's number in the roster, or NOBODY.
        first: for each record, whether it is the first of its customer.
        owner_first: likewise, of its customer under its owner.
    """

    frame: pd.DataFrame
    numbers: npt.NDArray[np.int32]
    first: npt.NDArray[np.bool_]
    owner_first: npt.NDArray[np.bool_]


def batches(run: Path, columns: tuple[str, ...], roster: Roster, answers: Answers, members: Members) -> Iterator[Batch]:
    """The report's records in input order, a block of rows.jsonl at a time.

    Args:
        run: the run's folder.
        columns: the lists' own other columns.
        roster: of the same rows.
        answers: by the roster's customers.
        members: likewise.

    Raises:
        OutputError: rows.jsonl cannot be read.
        IncompleteError: it holds a field that the journal's header does not name, or lacks one that every row has.
    """
    schema, start = _rows_schema(columns), 0
    for block in jsonl.blocks(run / ROWS):
        rows = _ids_apart(jsonl.parse(block, schema, ROWS, strict=True))
        here = slice(start, start + rows.num_rows)
        start = here.stop
        for name in _REQUIRED:
            if rows[name].null_count:
                raise IncompleteError(f"{ROWS}: a row has no {name}", "audit the list again")
        numbers = roster.numbers[here]
        answered = answers.of(numbers)
        reasons = members.judged(_reasons(rows["reason"], answered["reason"]), numbers)
        if pc.any(pc.is_null(pc.coalesce(rows["customer_id"], rows["raw_id"]))).as_py():
            raise IncompleteError(f"{ROWS}: a row has no customer_id", "audit the list again")
        frame = _frame(members.completed(rows, numbers), answered, reasons, columns)
        yield Batch(frame, numbers, roster.first[here], roster.owner_first[here])


def _rows_schema(columns: tuple[str, ...]) -> pa.Schema:
    return pa.schema(
        [
            ("customer_id", pa.string()),
            ("raw_id", pa.string()),
            ("reason", pa.string()),
            ("company_name", pa.string()),
            ("domain", pa.string()),
            ("owner", pa.string()),
            ("source_file", pa.string()),
            ("source_row", pa.int64()),
            ("first", pa.bool_()),
            ("other", pa.struct([pa.field(column, pa.string()) for column in columns])),
        ]
    )


def _ids_apart(rows: pa.Table) -> pa.Table:
    """The rows with `customer_id` or `raw_id`, never both: earlier versions kept the text of an invalid id in `customer_id`."""
    none = pa.scalar(None, pa.string())
    invalid = pc.fill_null(pc.equal(rows["reason"], Reason.INVALID_ID.value), fill_value=False)
    raw = pc.coalesce(rows["raw_id"], rows["customer_id"])
    parted = {
        "customer_id": pc.if_else(invalid, none, rows["customer_id"]),
        "raw_id": pc.if_else(invalid, raw, none),
    }
    for name, ids in parted.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, ids)
    return rows


def _frame(rows: pa.Table, answered: pa.Table, reasons: npt.NDArray[np.int8], columns: tuple[str, ...]) -> pd.DataFrame:
    own = {name: pc.struct_field(rows["other"], [place]) for place, name in enumerate(own_names(columns).values())}
    given = rows.drop_columns(["reason", "first", "other"]).to_pandas(types_mapper=arrow_types)
    found = answered.drop_columns(["reason"]).to_pandas(types_mapper=arrow_types)
    found["last_update"] = times.parse(found["last_update_raw"])
    found["days_in_status"] = times.whole_days(found["last_update"], found["checked_at"])
    found["reason"] = pd.Categorical.from_codes(reasons, dtype=REASON_WORDS)
    found["verdict"] = pd.Categorical.from_codes(_VERDICT_OF[reasons], dtype=VERDICT_WORDS)
    parts = [given, found, pa.table(own).to_pandas(types_mapper=arrow_types)] if own else [given, found]
    return cast("pd.DataFrame", pd.concat(parts, axis="columns")[results_schema(columns).names])


def _reasons(rejected: pa.ChunkedArray, answered: pa.ChunkedArray) -> npt.NDArray[np.int8]:
    """Each row's reason as a position in REASONS: why it was rejected, else its answer's, else not attempted."""
    own = pc.index_in(rejected, value_set=_REASON_VALUES).cast(pa.int8())
    if own.null_count != rejected.null_count:
        raise IncompleteError(
            f"{ROWS}: this version does not know a reason in it", "use the version that wrote the run"
        )
    codes = pc.coalesce(own, answered, pa.scalar(_NOT_ATTEMPTED, pa.int8()))
    return cast("npt.NDArray[np.int8]", codes.to_numpy())


def to_table(frame: pd.DataFrame, schema: pa.Schema) -> pa.Table:
    """A batch's frame as an Arrow table of the schema."""
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False)


def tallies(batch: Batch) -> Iterator[Tally]:
    """The batch's counts by reason, status and owner."""
    keys = batch.frame[["reason", "status", "owner"]]
    counted = keys.assign(
        owner=keys["owner"].fillna(""), rows=1, customers=batch.first, owner_customers=batch.owner_first
    )
    sums = counted.groupby(["reason", "status", "owner"], observed=True, dropna=False)[
        ["rows", "customers", "owner_customers"]
    ].sum()
    for key, *counts in sums.itertuples():
        reason, status, owner = cast("tuple[str, Any, str]", key)
        yield Tally(Reason(reason), "" if pd.isna(status) else status, owner, *map(int, counts))
