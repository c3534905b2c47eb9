"""What became of each customer since the baseline run, a column at a time; changes.csv. Rule: the same as
`core.changes.compare` and `core.history.step` say of one customer.

changes.csv has one record a customer of whom there is something to say, in input order; then those that are gone from
the lists, in the order of the baseline. It is written wherever there is a baseline, even if nothing changed.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import cast

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditor.core.model import Verdict
from auditor.core.results import Change, Counts, State, compare, news
from auditor.report import csv, times
from auditor.report.before import Before, gone_tables
from auditor.report.files import Sink
from auditor.report.frames import Batch
from auditor.report.roster import NOBODY
from auditor.report.schema import TIME, VERDICTS, WORD

CSV = "changes.csv"
CHANGED = pa.schema(
    [
        ("change", WORD),
        ("customer_id", pa.string()),
        ("company_name", pa.string()),
        ("domain", pa.string()),
        ("owner", pa.string()),
        ("verdict_before", WORD),
        ("verdict", WORD),
        ("status_before", pa.string()),
        ("status", pa.string()),
        ("reason_before", WORD),
        ("reason", WORD),
        ("last_update_before", TIME),
        ("last_update", TIME),
        ("checked_at_before", TIME),
        ("checked_at", TIME),
        ("blocked_since", TIME),
        ("times_blocked", pa.int32()),
    ]
)
"""The columns of changes.csv, and of the frames in `Told.changes`. `change` is a `core.changes.Change`; whatever ends in
`_before` is the baseline's and null where its lists do not have the customer; the same without it is this run's, and null
where the customer is gone from the lists. Names and owner are those of the customer's first row, of the baseline's where
the customer is gone. `blocked_since` is the earlier of `last_update` and the first answer of the stretch that says blocked.
"""

_CHANGES = tuple(Change)
_CHANGE_VALUES = pa.array([change.value for change in _CHANGES])
_VERDICT_VALUES = pa.array([verdict.value for verdict in VERDICTS])
_UNDETERMINED, _BLOCKED = VERDICTS.index(Verdict.UNDETERMINED), VERDICTS.index(Verdict.BLOCKED)
_ABSENT = len(VERDICTS)
"""The verdict, as a position in VERDICTS, of a customer that a run's lists do not have."""
_NONE = -1
_STATE = ("verdict", "status", "reason", "last_update", "checked_at")

Codes = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]


def _code(before: int, after: int, status_before: str, day_before: int) -> int:
    """The change of a customer whose status is now "a" and was updated on the 2nd, by `compare`; _NONE for none."""
    then, now = (
        None if verdict == _ABSENT else State(VERDICTS[verdict], status, datetime(2026, 1, day, tzinfo=UTC))
        for verdict, status, day in ((before, status_before, day_before), (after, "a", 2))
    )
    change = compare(then, now)
    return _NONE if change is None else _CHANGES.index(change)


_EVERY = range(_ABSENT + 1)
_TABLE = np.array(
    [[[[_code(b, a, status, day) for day in (2, 1)] for status in ("a", "b")] for a in _EVERY] for b in _EVERY], np.int8
)
"""`compare` for every case: [verdict before, verdict after, whether the status differs, whether its update is later]."""
_NEWS = np.array([[news(change, verdict) for verdict in VERDICTS] for change in _CHANGES])
"""`news` likewise: [change, verdict after]."""


def beside(batch: Batch, before: Before) -> dict[str, pa.Array]:
    """What the columns of `told.BESIDE` hold for the batch's records, and `reason_before` and the like."""
    frame = batch.frame
    known = before.of(batch.numbers)
    now = cast("Codes", frame["verdict"].cat.codes.to_numpy())
    somebody = batch.numbers != NOBODY
    codes = np.where(somebody, _changed(frame, known, now), _NONE) if before.compared else np.full(len(now), _NONE)
    return {
        "first": pa.array(batch.first),
        "owner_first": pa.array(batch.owner_first),
        "change": _CHANGE_VALUES.take(pa.array(codes, pa.int8(), mask=codes == _NONE)),
        **{f"{name}_before": known[name] for name in _STATE},
        **_stretches(frame, known, now, somebody),
    }


def _changed(frame: pd.DataFrame, known: pa.Table, now: Codes) -> Codes:
    """For each record the position of its customer's change in Change, or _NONE."""
    was = pc.fill_null(pc.index_in(known["verdict"].cast(pa.string()), value_set=_VERDICT_VALUES), _ABSENT).to_numpy()
    status = pc.fill_null(pa.chunked_array([pa.array(frame["status"])]).cast(pa.string()), "")
    differs = pc.not_equal(status, pc.fill_null(known["status"].cast(pa.string()), "")).to_numpy()
    updated = pa.chunked_array([pa.array(frame["last_update"], TIME)])
    later = pc.fill_null(pc.less(known["last_update"], updated), fill_value=False).to_numpy()
    return cast("Codes", _TABLE[was, now, differs.astype(np.int8), later.astype(np.int8)])


def _stretches(frame: pd.DataFrame, known: pa.Table, now: Codes, somebody: Flags) -> dict[str, pa.Array]:
    """`core.history.step` for each record, from the stretch that was known before; and since when it is blocked."""
    was = pc.fill_null(
        pc.index_in(known["past_verdict"].cast(pa.string()), value_set=_VERDICT_VALUES), _ABSENT
    ).to_numpy()
    told = somebody & (now != _UNDETERMINED)
    goes_on = told & (was == now)
    arrived, updated = pa.array(frame["checked_at"], TIME), pa.array(frame["last_update"], TIME)
    since = pc.if_else(pa.array(goes_on), known["since"].combine_chunks(), arrived)
    since = pc.if_else(pa.array(told), since, pa.scalar(None, TIME))
    blocked = told & (now == _BLOCKED)
    times_before = pc.fill_null(known["times_blocked"], 0).to_numpy()
    stretch = pd.DataFrame({"since": pd.Series(since, dtype=pd.ArrowDtype(TIME)), "until": frame["checked_at"].array})
    return {
        "blocked_since": pc.if_else(pa.array(blocked), _earlier(since, updated), pa.scalar(None, TIME)),
        "times_blocked": pa.array(times_before + (blocked & ~goes_on), pa.int32(), mask=~somebody),
        "since": since,
        "days_in_state": pa.array(times.whole_days(stretch["since"], stretch["until"]), pa.int32()),
    }


def _earlier(one: pa.Array, other: pa.Array) -> pa.Array:
    """The earlier of two times; the one that is known where the other is not. Arrow compares none that have a zone."""
    return pc.min_element_wise(one.cast(pa.int64()), other.cast(pa.int64())).cast(TIME)


class Counting:
    """Counts customers by change while the batches stream by, and writes them to a file, if there is one."""

    def __init__(self, sink: Sink | None = None) -> None:
        self._sink = sink
        self._counts: Counter[Change] = Counter()
        self._news = 0
        if sink:
            sink.write(csv.header(CHANGED))

    def add(self, table: pa.Table) -> None:
        """Takes in some records with the columns of CHANGED.

        Raises:
            OutputError: they cannot be written.
        """
        codes = pc.index_in(table["change"].cast(pa.string()), value_set=_CHANGE_VALUES).to_numpy()
        verdicts = pc.index_in(table["verdict"].cast(pa.string()), value_set=_VERDICT_VALUES)
        for change, count in zip(_CHANGES, np.bincount(codes, minlength=len(_CHANGES)), strict=True):
            self._counts[change] += int(count)
        listed = verdicts.is_valid().to_numpy()
        self._news += int(_NEWS[codes[listed], verdicts.drop_null().to_numpy()].sum())
        if self._sink:
            csv.append(self._sink, csv.as_texts(table))

    def counts(self) -> Counts:
        """What was taken in."""
        return Counts({change: self._counts[change] for change in _CHANGES}, self._news)


def changed(batch: Batch, columns: Mapping[str, pa.Array]) -> pa.Table:
    """The batch's records of CHANGED: the first of each customer of whom there is something to say.

    Args:
        batch: the records.
        columns: of the batch, by `beside`.
    """
    mine = pa.array(batch.first & columns["change"].is_valid().to_numpy(zero_copy_only=False))
    wanted = [name for name in CHANGED.names if name not in columns]
    frame = pa.Table.from_pandas(batch.frame[wanted], preserve_index=False)
    arrays = [(columns[f.name] if f.name in columns else frame[f.name]).filter(mine).cast(f.type) for f in CHANGED]
    return pa.table(arrays, schema=CHANGED)


def gone(before: Before) -> Iterator[pa.Table]:
    """The records of CHANGED of those that the lists no longer have."""
    for table in gone_tables(before):
        was = pc.index_in(table["verdict"].cast(pa.string()), value_set=_VERDICT_VALUES).to_numpy()
        known = {
            "change": _CHANGE_VALUES.take(pa.array(_TABLE[was, _ABSENT, 0, 0])),
            **{name: table[name] for name in ("customer_id", "company_name", "domain", "owner")},
            **{f"{name}_before": table[name] for name in _STATE},
        }
        yield pa.table(
            [known[f.name].cast(f.type) if f.name in known else pa.nulls(len(table), f.type) for f in CHANGED],
            schema=CHANGED,
        )
