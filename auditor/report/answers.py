"""The journal's answers as one compact table. Rule: an answer counts only for the customer that its row names.

Strings that repeat (reasons, statuses) are kept as codes, customer ids are compared while the blocks stream by and not kept,
request ids are kept as sixteen bytes where all of them are GUIDs: a million answers take about 90 MB.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.run_facts import Freshness
from auditor.errors import IncompleteError
from auditor.report import ids, jsonl
from auditor.report.roster import NOBODY, Roster
from auditor.report.schema import JOURNAL, REASONS, ROWS, TIME

_TEXTS = ("last_update_raw", "error_code", "error_name", "error_message", "request_id", "correlation_id")
_SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("customer_id", pa.string()),
        ("reason", pa.string()),
        ("final", pa.bool_()),
        ("status", pa.string()),
        ("checked_at", TIME),
        ("attempts", pa.int64()),
        ("http_status", pa.int16()),
        ("reused_from", pa.string()),
        *((name, pa.string()) for name in _TEXTS),
    ]
)
_GUIDS = ("request_id", "correlation_id")
_LATEST = 1 << 53
"""Microseconds since 1970, in the year 2255: up to there they are whole as floating-point numbers as well."""
_KEPT = ("reason", "status", "checked_at", "http_status", *_TEXTS)
_REASON_VALUES = pa.array([reason.value for reason in REASONS])
_MOST = np.iinfo(np.int16).max


@dataclass(frozen=True, slots=True)
class Answers:
    """What the journal says, by customer.

    Attributes:
        lines: the answer lines in journal order: `reason` as a position in REASONS (int8), request and correlation id
            packed if all are GUIDs, the rest as in `results`.
        at: for each customer, which line decides; NOBODY where there is none.
        attempts: for each customer, the requests spent on all of its lines together.
        freshness: of the lines that decide.
    """

    lines: pa.Table
    at: npt.NDArray[np.int64]
    attempts: npt.NDArray[np.int16]
    freshness: Freshness

    def of(self, numbers: npt.NDArray[np.int32]) -> pa.Table:
        """The deciding answer for each of these customers, `attempts` with it; nulls and 0 where there is none."""
        if not len(self.at):
            return self._for_rows(np.full(len(numbers), NOBODY), np.zeros(len(numbers), np.int16))
        known = numbers != NOBODY
        return self._for_rows(np.where(known, self.at[numbers], NOBODY), np.where(known, self.attempts[numbers], 0))

    def _for_rows(self, at: npt.NDArray[Any], attempts: npt.NDArray[Any]) -> pa.Table:
        lines = _unpacked(self.lines.take(pa.array(at, pa.int64(), mask=at == NOBODY)))
        return lines.append_column("attempts", pa.array(attempts, pa.int16()))


def read_answers(blocks: Iterable[bytes], roster: Roster) -> Answers:
    """Reads the answers. Of several for one customer the last final one decides, else the last; attempts add up.

    Args:
        blocks: whole answer lines of the journal, in its order.
        roster: of the rows that they answer.

    Raises:
        IncompleteError: a line is damaged, belongs to another list, or gives a reason that this version does not know.
    """
    tables: list[pa.Table] = []
    numbers: list[npt.NDArray[Any]] = [np.empty(0, np.int64)]
    finals: list[npt.NDArray[Any]] = [np.empty(0, bool)]
    attempts: list[npt.NDArray[Any]] = [np.empty(0, np.int64)]
    reused: list[npt.NDArray[Any]] = [np.empty(0, bool)]
    for block in blocks:
        table = jsonl.parse(block, _SCHEMA, JOURNAL)
        numbers.append(_customers_of(table, roster))
        finals.append(_numbers(table["final"], default=False))
        attempts.append(_numbers(table["attempts"], default=0))
        reused.append(table["reused_from"].is_valid().to_numpy())
        tables.append(_compact(table))
    asked, customers = np.concatenate(numbers), len(roster.customers)
    spent = np.zeros(customers, np.int64)
    np.add.at(spent, asked, np.concatenate(attempts))
    lines, at = _in_one_chunk(tables), _deciding(asked, np.concatenate(finals), customers)
    _check_times(lines["checked_at"])
    used = at[at != NOBODY]
    oldest = pc.min(lines["checked_at"].take(pa.array(used))).as_py()
    freshness = Freshness(oldest, int(np.concatenate(reused)[used].sum()))
    return Answers(lines, at, np.minimum(spent, _MOST).astype(np.int16), freshness)


def _check_times(times: pa.ChunkedArray) -> None:
    extremes = pc.min_max(times.cast(pa.int64())).as_py()
    for moment in (one for one in extremes.values() if one is not None):
        if not 0 <= moment < _LATEST:
            raise IncompleteError(
                f"{JOURNAL}: an answer came {moment:,} microseconds after the beginning of 1970, where no run was",
                "the file was damaged or changed: audit the list again",
            )


def _deciding(asked: npt.NDArray[Any], finals: npt.NDArray[Any], customers: int) -> npt.NDArray[np.int64]:
    """For each customer the position of its last final line, else of its last; NOBODY where it has none."""
    count = len(asked)
    rank = np.arange(count) + np.where(finals, count, 0)
    best = np.full(customers, NOBODY, np.int64)
    np.maximum.at(best, asked, rank)
    return np.where(best >= count, best - count, best)


def _customers_of(table: pa.Table, roster: Roster) -> npt.NDArray[Any]:
    """The customer's number for each line, after its id was compared with the row's."""
    row = _numbers(table["row"], default=NOBODY)
    inside = (row >= 0) & (row < roster.rows)
    numbers = np.where(inside, roster.numbers[np.where(inside, row, 0)] if roster.rows else NOBODY, NOBODY)
    expected = roster.customers.take(pa.array(numbers, mask=numbers == NOBODY))
    same = pc.fill_null(pc.equal(expected, ids.pack(table["customer_id"], JOURNAL)), fill_value=False)
    if not pc.all(same, min_count=0).as_py():
        wrong = pc.index(same, value=False).as_py()
        raise IncompleteError(
            f"{JOURNAL}: an answer for {table['customer_id'][wrong]} names row {row[wrong]} of {ROWS}, "
            f"where another customer stands",
            "the two files are not of one run: audit the list again",
        )
    return numbers


def _compact(table: pa.Table) -> pa.Table:
    reason = pc.index_in(table["reason"], value_set=_REASON_VALUES)
    if reason.null_count:
        unknown = table["reason"][pc.index(reason.is_valid(), value=False).as_py()]
        raise IncompleteError(
            f"{JOURNAL}: this version does not know the reason {unknown}", "use the version that wrote the run"
        )
    columns = {name: table[name] for name in _KEPT}
    columns |= {"reason": reason.cast(pa.int8()), "status": table["status"].dictionary_encode()}
    # whatever else a service calls its requests stays a text
    with suppress(IncompleteError):
        columns |= {name: pa.chunked_array([ids.pack(table[name], JOURNAL)]) for name in _GUIDS}
    return pa.table(columns)


def _unpacked(lines: pa.Table) -> pa.Table:
    """The same with request and correlation id as texts."""
    for name in _GUIDS:
        if lines.schema.field(name).type == ids.PACKED:
            lines = lines.set_column(lines.schema.get_field_index(name), name, ids.unpack(lines[name].combine_chunks()))
    return lines


def _in_one_chunk(tables: list[pa.Table]) -> pa.Table:
    """One table that rows are quickly taken from. Empties the list, so that only one column is there twice."""
    empty = _compact(_SCHEMA.empty_table())
    if any(table.schema != empty.schema for table in tables):
        empty, tables[:] = _unpacked(empty), map(_unpacked, tables)
    lines = pa.concat_tables([empty, *tables]).unify_dictionaries()
    tables.clear()
    for place, name in enumerate(lines.column_names):
        lines = lines.set_column(place, name, lines[name].combine_chunks())
        # see roster: else the peak is that of all columns twice
        pa.default_memory_pool().release_unused()
    return lines


def _numbers(column: pa.ChunkedArray, *, default: int) -> npt.NDArray[Any]:
    return cast("npt.NDArray[Any]", pc.fill_null(column, default).to_numpy())
